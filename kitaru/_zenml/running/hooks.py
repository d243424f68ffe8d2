"""What a body has called at events; the calling itself is done above this room, as hooks get the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from kitaru._zenml.running.plain_step import Called


class Hooks(Protocol):
    """Calls what an execution and its calls name for their events."""

    def asked(self, exec_id: str, question: str) -> None:
        """Call what is named for a question that has just been asked."""

    def call_ended(self, called: Called, run_id: UUID, name: str) -> None:
        """Call what is named for the end of a call, unless it was called already."""

    def ended(self, exec_id: str) -> None:
        """Call what is named for the end of an execution."""
