"""Which artifact a plain Python value came from, and whether it still is what was stored."""

from __future__ import annotations

import datetime as dt
import enum
import re
import sys
import threading
import types
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kitaru._core.code.structure import replace
from kitaru._zenml.values.parts import parts_of
from kitaru._zenml.values.values import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.execution.pipeline.dynamic.outputs import OutputArtifact
    from zenml.models import ArtifactVersionResponse

_A = TypeVar("_A")

# There is one object for everybody of each of these: identity says nothing about where a value came from.
_SMALL_INTEGERS: Final = range(-5, 257)
_SINGLE: Final = (
    *(type(None), type(...), type(NotImplemented), bool, enum.Enum, re.Pattern, dt.tzinfo),
    *(types.BuiltinFunctionType, types.ModuleType, types.GenericAlias),
)


@dataclass(frozen=True)
class _Known(Generic[_A]):
    artifact: _A
    content: object


class Lineage:
    """Finds the artifact of a value by the value's identity, as long as its contents are unchanged.

    A value is told by ``id`` and by the hash of its contents. When Python gives the ``id`` of a value that is gone
    to another one, the contents decide: an artifact with equal contents is never a wrong one to pass on.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known[ArtifactVersionResponse]] = {}
        self._parts: dict[int, _Known[OutputArtifact]] = {}
        self._lock = threading.Lock()

    def add(self, value: Any, artifact: ArtifactVersionResponse) -> None:
        """Remember that a value is what an artifact holds."""
        if is_common(value):
            return
        content = _content(value)
        if content is not None:
            with self._lock:
                self._known[id(value)] = _Known(artifact, content)

    def add_parts(self, value: Any, artifact: OutputArtifact) -> None:
        """Remember of which result the parts of a value come: those that nothing else in this process holds."""
        for part in parts_of(value):
            content = _content(part)
            if content is not None:
                with self._lock:
                    self._parts[id(part)] = _Known(artifact, content)

    def wholes_in(self, value: Any) -> list[OutputArtifact]:
        """Return the results of which a value is a part, or of which parts are in it, as long as these are unchanged."""
        wholes: list[OutputArtifact] = []

        def visit(part: Any) -> Any:
            known = self._known_as(self._parts, part)
            if known is not None:
                wholes.append(known.artifact)
            return part

        if self._parts:
            replace(value, visit)
        return wholes

    def find(self, value: Any) -> ArtifactVersionResponse | None:
        """Return the artifact that holds just this value, or None: never stored, or changed since."""
        known = None if is_common(value) else self._known_as(self._known, value)
        return known.artifact if known is not None else None

    def _known_as(self, known: Mapping[int, _Known[_A]], value: Any) -> _Known[_A] | None:
        with self._lock:
            one = known.get(id(value))
        return None if one is None or _content(value) != one.content else one


def _content(value: Any) -> object:
    """Return what tells a value's contents from others in this process; None where nothing does."""
    if type(value) in (bytes, str):
        return len(value), hash(value)  # they keep their hash, so that large ones are read once
    return fingerprint(value)


def _is_named(value: Any) -> bool:
    """Whether a module has a class or function under its name, so that everybody has the same one."""
    try:
        return attrgetter(value.__qualname__)(sys.modules[value.__module__]) is value
    except (AttributeError, KeyError):
        return False


def is_common(value: Any) -> bool:
    """Whether Python has one object for everybody who has such a value, so that it does not tell where it is from."""
    if isinstance(value, _SINGLE) or (isinstance(value, type | types.FunctionType) and _is_named(value)):
        return True
    kind = type(value)
    if kind is int:
        return value in _SMALL_INTEGERS
    if kind in (str, bytes, tuple, frozenset):
        return len(value) <= 1
    return kind.__module__ == "numpy.dtypes" or kind.__name__ in (
        "NaTType",
        "NAType",
    )  # of packages that may be missing
