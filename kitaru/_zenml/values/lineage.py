"""Which artifact a plain Python value came from, and whether it still is what was stored."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from kitaru._zenml.values.values import fingerprint

if TYPE_CHECKING:
    from zenml.models import ArtifactVersionResponse

# Python keeps one object each for these: identity says nothing about where a value came from.
_SMALL_INTEGERS = range(-5, 257)


class _Known(NamedTuple):
    artifact: ArtifactVersionResponse
    content: object


class Lineage:
    """Finds the artifact of a value by the value's identity, as long as its contents are unchanged.

    A value is told by ``id`` and by the hash of its contents. When Python gives the ``id`` of a value that is gone
    to another one, the contents decide: an artifact with equal contents is never a wrong one to pass on.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._lock = threading.Lock()

    def add(self, value: Any, artifact: ArtifactVersionResponse) -> None:
        """Remember that a value is what an artifact holds."""
        if _is_shared(value):
            return
        content = _content(value)
        if content is not None:
            with self._lock:
                self._known[id(value)] = _Known(artifact, content)

    def find(self, value: Any) -> ArtifactVersionResponse | None:
        """Return the artifact that holds just this value, or None: never stored, or changed since."""
        with self._lock:
            known = self._known.get(id(value))
        if known is None or _is_shared(value) or _content(value) != known.content:
            return None
        return known.artifact


def _content(value: Any) -> object:
    """Return what tells a value's contents from others in this process; None where nothing does."""
    if type(value) in (bytes, str):
        return len(value), hash(value)  # they keep their hash, so that large ones are read once
    return fingerprint(value)


def _is_shared(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if type(value) is int:
        return value in _SMALL_INTEGERS
    return type(value) in (str, bytes, tuple, frozenset) and len(value) <= 1
