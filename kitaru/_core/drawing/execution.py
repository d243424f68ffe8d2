"""The record of an execution that users get: it shows itself in notebooks."""

from __future__ import annotations

from kitaru._core.records.executions import ExecutionRecord


class Execution(ExecutionRecord):
    """An execution as it was when it was read; ``FlowHandle`` and ``KitaruClient`` steer it."""

    def _repr_html_(self) -> str:
        """Return its timeline, which notebooks show."""
        from kitaru._core.drawing.pictures import in_notebook

        return in_notebook(self)
