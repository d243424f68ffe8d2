"""What each line of a log tells of its run: ZenML asks its store for it twice for each step, and it never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zenml.utils.logging_utils import get_run_log_metadata

from kitaru._zenml.records.versions import Kept

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

_labels: Kept[dict[str, Any]] = Kept(8)


def labels_of(pipeline_run: PipelineRunResponse) -> dict[str, Any]:
    """Return what the lines of a run's logs are labelled with.

    Args:
        pipeline_run: The run.
    """
    labels = _labels.get(pipeline_run.id)
    if labels is None:
        labels = get_run_log_metadata(pipeline_run)
        _labels.put(pipeline_run.id, labels)
    return dict(labels)
