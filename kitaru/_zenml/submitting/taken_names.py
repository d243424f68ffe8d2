"""Names of runs that users give: no two runs of a project may have the same."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from zenml.exceptions import EntityExistsError

from kitaru._zenml.door.store import open_client
from kitaru._zenml.records.runs import STATUS, TAG
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def refuse_taken(name: str) -> None:
    """Refuse a name that another run has, before anything is made for a run that could not have it.

    Raises:
        KitaruUsageError: There is such a run.
    """
    runs = open_client().list_pipeline_runs(name=f"equals:{name}", size=1, hydrate=True).items
    if runs:
        [run] = runs
        kind = "execution" if TAG in {tag.name for tag in run.tags} else "run"
        flow = f" of flow {run.pipeline.name!r}" if run.pipeline else ""
        raise KitaruUsageError(
            f"The name {name!r} is taken: {kind} {run.id}{flow} has it, which is {STATUS[run.status]}. No two runs of a "
            f"project have the same name. Choose another, or put {{date}} and {{time}} into it."
        )


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Tell it likewise where another process was faster.

    Raises:
        KitaruUsageError: There is such a run by now.
    """
    try:
        yield
    except EntityExistsError:
        refuse_taken(name)
        raise
