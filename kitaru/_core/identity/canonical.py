"""A hash of what a value holds that is the same in every process.

A pickle is not: Python orders the elements of a set by hashes that differ from process to process, and remembers
which equal texts are one object. A pydantic model holds a set (of the fields that were given), so that this is common.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from typing import Any, ClassVar

# The opcodes of sets (EMPTY_SET, FROZENSET); a pickle without these bytes has none.
_SETS = (b"\x8f", b"\x91")
# Pickling in Python instead of C is slow; a larger value that differs only in the order of a set misses the cache.
_LARGEST = 4_000_000


def content_hash(value: Any, payload: bytes) -> str:
    """Hash a value.

    Args:
        value: The value.
        payload: Its pickle.
    """
    if len(payload) <= _LARGEST and any(opcode in payload for opcode in _SETS):
        try:
            return hashlib.sha256(_canonical(value)).hexdigest()
        except Exception:  # noqa: BLE001 - what only cloudpickle can pickle is hashed as it was pickled
            return hashlib.sha256(payload).hexdigest()
    return hashlib.sha256(payload).hexdigest()


def _canonical(value: Any) -> bytes:
    buffer = io.BytesIO()
    _CanonicalPickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


class _CanonicalPickler(pickle._Pickler):  # noqa: SLF001 - the one in Python, which lets one say how sets are written
    """Writes sets in an order of their own, and every text out."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)  # noqa: SLF001

    def memoize(self, obj: Any) -> None:
        if not isinstance(obj, str | bytes):
            super().memoize(obj)  # type: ignore[misc]  # typeshed knows only what the one in C has

    def save_set(self, obj: Any) -> None:
        self.save((type(obj).__name__, sorted(_canonical(item) for item in obj)))  # type: ignore[attr-defined]

    dispatch[set] = save_set
    dispatch[frozenset] = save_set
