"""Files and folders as values: what they contain goes with them, under their names.

One that was made from a path is read from there. One that comes from a store is fetched when somebody wants its path.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import tempfile
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from kitaru.errors import KitaruBackendError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

CHUNK: Final = 2**20
_by_path: ContextVar[bool] = ContextVar("kitaru_by_path", default=False)


@dataclass(frozen=True)
class Stored:
    """Contents that are kept somewhere.

    Attributes:
        name: The name of the file or folder.
        digest: SHA-256 of the contents, as hexadecimal digits.
        size: Their length in bytes.
        executable: Whether it is a file that can be executed.
        open: Opens the contents for reading.
    """

    name: str
    digest: str
    size: int
    executable: bool
    open: Callable[[], BinaryIO]


class Content:
    """A file or a folder with what it contains; equal to another one of the same name and contents."""

    kind: ClassVar[str]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Take a file or a folder by its path; its contents are read whenever they are needed.

        Raises:
            KitaruUsageError: There is none, or it is of the other kind.
        """
        if isinstance(path, Content) or not isinstance(path, str | os.PathLike):
            raise KitaruUsageError(f"kitaru.{type(self).__name__}(...) takes a path, not a {type(path).__name__}.")
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay links
        self._check(absolute)
        self._begin(absolute, None)

    @classmethod
    def from_store(cls, stored: Stored) -> Content:
        """Return what is kept somewhere, without reading it."""
        made = cls.__new__(cls)
        made._begin(None, stored)  # noqa: SLF001 - its own
        return made

    def _begin(self, path: Path | None, stored: Stored | None) -> None:
        self._path = path
        self._stored = stored
        self._fetching = threading.Lock()

    @property
    def path(self) -> Path:
        """Where it is on this machine: where it was made from, or a copy that lasts as long as this process.

        Raises:
            KitaruBackendError: It comes from a store, and cannot be read there, or is damaged.
        """
        with self._fetching:
            if self._path is None:
                assert self._stored is not None
                self._path = self._fetched(self._stored)
            return self._path

    @property
    def name(self) -> str:
        """Its name, without the folders that it is in."""
        return self._path.name if self._stored is None and self._path is not None else self._described.name

    @property
    def digest(self) -> str:
        """SHA-256 of what it contains now, as hexadecimal digits; of a folder, of its files with their names."""
        return self.copy_to(None).digest

    @property
    def size(self) -> int:
        """How many bytes its contents have, as they are stored."""
        return self.copy_to(None).size

    def copy_to(self, target: BinaryIO | None) -> Stored:
        """Write the contents as they are stored, and return what was written.

        Args:
            target: What they are written to; None where only their description is wanted.

        Raises:
            KitaruUsageError: The file or folder is gone, or has something in it that cannot be stored.
        """
        if self._path is None and target is None:
            return self._described
        sink = Sink(target)
        path = self.path
        self._check(path)
        try:
            self._write(path, sink)
        except OSError as error:
            if sink.has_failed:
                raise
            raise KitaruUsageError(f"{self!r} cannot be read: {error}.") from error
        return Stored(self.name, sink.digest.hexdigest(), sink.size, _is_executable(path), lambda: open(path, "rb"))  # noqa: PTH123

    def facts(self) -> dict[str, Any]:
        """Return what JSON shows of it: the name, the size in bytes, and the digest."""
        now = self.copy_to(None)
        return {"name": now.name, "size": now.size, "digest": now.digest}

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        shown = self.name if self._path is None else str(self._path)
        return f"{type(self).__name__}({shown!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Content) and self._told == other._told

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        if _by_path.get() and self._path is not None:
            return type(self), (str(self._path),)
        buffer = BytesIO()
        stored = self.copy_to(buffer)
        return _from_bytes, (type(self), stored.name, stored.executable, buffer.getvalue())

    @property
    def _told(self) -> tuple[str, str, bool]:
        now = self.copy_to(None)
        return now.name, now.digest, now.executable

    @property
    def _described(self) -> Stored:
        assert self._stored is not None
        return self._stored

    def _check(self, path: Path) -> None:
        raise NotImplementedError

    def _write(self, path: Path, target: Sink) -> None:
        raise NotImplementedError

    def _unpack(self, source: BinaryIO, path: Path) -> None:
        raise NotImplementedError

    def _fetched(self, stored: Stored) -> Path:
        path = Path(_own_directory()) / stored.name
        check = Sink(None)
        with stored.open() as source:
            self._unpack(_Source(source, check), path)  # type: ignore[arg-type]  # all of it that is used
        if check.digest.hexdigest() != stored.digest:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise KitaruBackendError(
                f"{type(self).__name__} {stored.name!r} is damaged: what is stored is not what was written. Make it again: "
                f"replay the execution from the checkpoint that returned it."
            )
        if stored.executable:
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: Any) -> Any:
        from pydantic_core import core_schema

        def validated(value: Any) -> Content:
            if isinstance(value, cls):
                return value
            if not isinstance(value, str | os.PathLike) or isinstance(value, Content):
                raise ValueError(f"it must be a kitaru.{cls.__name__}, or the path of one")  # noqa: TRY004 - as pydantic wants
            try:
                return cls(value)
            except KitaruUsageError as error:
                raise ValueError(str(error)) from error

        shown = core_schema.plain_serializer_function_ser_schema(cls.facts, when_used="json")
        return core_schema.no_info_plain_validator_function(validated, serialization=shown)


@contextmanager
def by_path() -> Iterator[None]:
    """Pickle files and folders by their paths, for another process of this machine that reads them at once."""
    token = _by_path.set(True)
    try:
        yield
    finally:
        _by_path.reset(token)


def _from_bytes(kind: type[Content], name: str, executable: bool, data: bytes) -> Content:
    digest = hashlib.sha256(data).hexdigest()
    return kind.from_store(Stored(name, digest, len(data), executable, lambda: BytesIO(data)))


def _is_executable(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & stat.S_IXUSR)


class Sink:
    """Hashes what is written to it, and hands it on."""

    def __init__(self, target: BinaryIO | None) -> None:
        self._target = target
        self.digest = hashlib.sha256()
        self.size = 0
        self.has_failed = False

    def write(self, data: bytes) -> int:
        """Write some bytes."""
        self.digest.update(data)
        self.size += len(data)
        if self._target is not None:
            self.has_failed = True
            self._target.write(data)
            self.has_failed = False
        return len(data)


class _Source:
    """Hashes what is read from it."""

    def __init__(self, source: BinaryIO, sink: Sink) -> None:
        self._source = source
        self._sink = sink

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        data = self._source.read(size)
        self._sink.write(data)
        return data


# -- copies -----------------------------------------------------------------------------------------------------------

_copies: list[str] = []
_copied_by = 0
_copying = threading.Lock()
os.register_at_fork(after_in_child=_copying._at_fork_reinit)  # type: ignore[attr-defined]  # noqa: SLF001 - as Python's own


def _own_directory() -> str:
    """Return a new folder of this process, which is removed at its end."""
    global _copied_by  # noqa: PLW0603 - a fork has copies of its own
    with _copying:
        if _copied_by != os.getpid():
            _copies.clear()
            _copied_by = os.getpid()
            atexit.register(_remove_copies)
    made = tempfile.mkdtemp(prefix="kitaru-")
    _copies.append(made)
    return made


def _remove_copies() -> None:
    if _copied_by == os.getpid():
        for directory in _copies:
            shutil.rmtree(directory, ignore_errors=True)
