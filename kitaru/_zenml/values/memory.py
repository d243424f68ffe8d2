"""Inputs of a checkpoint that need not be read from the store: the process that calls it has them already."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code import scope
from kitaru._core.settings.unset import UNSET

if TYPE_CHECKING:
    from uuid import UUID

# Values of these types are the same whoever holds them.
_IMMUTABLE: Final = (bytes, str, int, float, bool, type(None))


class Held:
    """The values of the artifacts that are inputs of one call."""

    def __init__(self, *, body_waits: bool) -> None:
        """Hold nothing yet.

        Args:
            body_waits: Whether the body does nothing until the call returns, so that what can be changed is not.
        """
        self.body_waits = body_waits
        self._values: dict[UUID, Any] = {}

    def keep(self, artifact_id: UUID, value: Any, *, unchanged: bool) -> None:
        """Hold the value of an artifact, where the checkpoint gets it just as the store would give it.

        Args:
            artifact_id: The artifact.
            value: What it holds, or has held.
            unchanged: Whether the value is known to be what the artifact holds, even where it can be changed.
        """
        if type(value) in _IMMUTABLE or (unchanged and self.body_waits and _is_plain_array(value)):
            self._values[artifact_id] = value

    def immutable(self, artifact_id: UUID) -> Any:
        """Return the value of an artifact that nobody can change; ``UNSET`` where none such is held."""
        value = self._values.get(artifact_id, UNSET)
        return value if type(value) in _IMMUTABLE else UNSET

    def take(self, artifact_id: UUID) -> Any:
        """Return the value of an artifact, the checkpoint's own to change; ``UNSET`` where it is not held."""
        value = self._values.get(artifact_id, UNSET)
        return value.copy(order="K") if _is_plain_array(value) else value


def held_by_caller(artifact_id: UUID) -> Any:
    """Return the value of an input of the checkpoint that runs here; ``UNSET`` where the store must be asked."""
    call = scope.current_call()
    return UNSET if call is None or call.held is None else call.held.take(artifact_id)


def _is_plain_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject
