"""What the code of a checkpoint has recorded: done here, or asked for by name from a process of the checkpoint's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru._core.code.imported import Imported
from kitaru._zenml.records import tracking, usage

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIONS: Final[dict[str, Callable[..., Any]]] = {
    "log": tracking.log_metadata,
    "save": tracking.save_value,
    "progress": tracking.report_progress,
    "load": Imported("kitaru._zenml.reading.artifacts", "load_named"),  # that room imports from this one
    "note_usage": usage.note,
    "label_of": usage.label_of,
}
