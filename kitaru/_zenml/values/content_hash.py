"""The hash by which ZenML's cache tells values apart: the digest that tells calls apart, for every value of Kitaru's.

ZenML's own know no types, write sets in the order of the process, take dicts of other orders for equal, and have none for
arrays and frames: some calls are answered with what belongs to another, some never. What is about to be stored is
noted here with its digest, which takes the place of ZenML's hash as it is stored.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zenml.materializers import CloudpickleMaterializer

from kitaru._core.identity.digests import Undigestible, digest
from kitaru._zenml.door.installed import materializer_of
from kitaru._zenml.door.private import hash_contents_by

if TYPE_CHECKING:
    from zenml.models import ArtifactVersionRequest

_OURS: Final = ("zenml.", "kitaru.")
_MOST: Final = 256


@dataclass
class _Noted:
    value: Any
    digest: str
    times: int = 1


_noted: dict[int, _Noted] = {}
_lock = threading.Lock()


def stable_digest(value: Any) -> str | None:
    """Return a digest that is the same in every process, and another for a dict in another order; None where none is."""
    try:
        return digest(value, strict=True)
    except Undigestible:
        return None


def note(value: Any) -> None:
    """Have ZenML's cache know a value, which is about to be stored, by its digest.

    It keeps ZenML's where it has no digest, and where its materializer checks what it loads by the hash, as those that are
    made of ZenML's for pickles do, and those of users may.
    """
    materializer = materializer_of(type(value))
    checks = issubclass(materializer, CloudpickleMaterializer) or not materializer.__module__.startswith(_OURS)
    known = None if checks else stable_digest(value)
    if known is None:
        return
    with _lock:
        before = _noted.get(id(value))
        _noted[id(value)] = _Noted(value, known, 1 if before is None else before.times + 1)
        if len(_noted) > _MOST:  # something has failed before it was stored
            del _noted[next(iter(_noted))]


def _with_digest(value: Any, request: ArtifactVersionRequest) -> ArtifactVersionRequest:
    """Give an artifact that has been stored the digest that was noted for its value."""
    with _lock:
        noted = _noted.get(id(value))
        if noted is None or noted.value is not value:
            return request
        noted.times -= 1
        if not noted.times:
            del _noted[id(value)]
    return request.model_copy(update={"content_hash": noted.digest})


hash_contents_by(_with_digest)
