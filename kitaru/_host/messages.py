"""Messages between a process and a fork of the host that works for it. Standard library only.

They are pickles: the two are one user's, and one of them has made the connection (``client``), which has no name by which
anybody else could find it.
"""

from __future__ import annotations

import pickle
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket

_LENGTH: Final = struct.Struct("!Q")


def send(connection: socket.socket, message: Any) -> None:
    """Send a message.

    Raises:
        OSError: The other end is gone.
        Exception: It cannot be pickled; nothing has been sent.
    """
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """Wait for a message and return it.

    Raises:
        EOFError: The other end is gone, and there is none.
        TimeoutError: None has begun within the connection's timeout.
        OSError: The other end was killed.
    """
    head = connection.recv(_LENGTH.size)
    patience = connection.gettimeout()
    connection.settimeout(None)  # what has begun is read to its end
    try:
        (size,) = _LENGTH.unpack(head + _exactly(connection, _LENGTH.size - len(head)) if head else _missing())
        return pickle.loads(_exactly(connection, size))  # noqa: S301 - see above
    finally:
        connection.settimeout(patience)


def portable(error: BaseException) -> bool:
    """Whether an exception arrives whole: pickled, it loses its cause, its context and, with some classes, more."""
    if error.__cause__ is not None or error.__context__ is not None:
        return False
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
    except Exception:  # noqa: BLE001 - classes may do anything while they are pickled
        return False
    return type(copy) is type(error) and copy.args == error.args and copy.__dict__ == error.__dict__


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        data += part or _missing()
    return bytes(data)


def _missing() -> bytes:
    raise EOFError("the other end of the connection is gone")
