"""Starting one execution for a key, whoever asks for it, and however often."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru._core.identity.submission_key import SubmissionKey


def start_once(key: SubmissionKey | None, begin: Callable[[], str], start_unstarted: Callable[[str], None]) -> str:
    """Start an execution unless there is one of the same key, and return the id of the one that there is.

    ZenML lets one run of a project have a name: of processes that create it at once, one does.

    Args:
        key: What tells the order for which it is started; None where each is a new one.
        begin: Creates and launches it.
        start_unstarted: Launches one whose submission was cut off before it had a runner.

    Raises:
        KitaruUsageError: The key belongs to another flow, or to other arguments.
    """
    if key is None:
        return begin()
    from kitaru._zenml.submitting import submit

    known = _find(key, start_unstarted)
    if known is not None:
        return known
    try:
        return begin()
    except submit.RunExistsError:
        known = _find(key, start_unstarted)
        if known is None:  # it has been deleted by now
            raise
        return known


def _find(key: SubmissionKey, start_unstarted: Callable[[str], None]) -> str | None:
    from kitaru._zenml.steering import steering
    from kitaru._zenml.submitting import keyed

    run = keyed.find_keyed(key)
    if run is None:
        return None
    exec_id = str(run.id)
    if steering.never_started(run):
        start_unstarted(exec_id)
    return exec_id
