"""Finding the flow of a recorded execution, as its code is now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kitaru._core.code.definitions import FlowDefinition
from kitaru._core.code.modules import alias_main
from kitaru._zenml.records import records
from kitaru._zenml.running.flow_loading import load_flow
from kitaru.errors import KitaruError, KitaruStateError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse


def flow_of(run: PipelineRunResponse) -> FlowDefinition[..., Any]:
    """Import the flow of a run from where its source was when it was submitted.

    Raises:
        KitaruStateError: It cannot be found here any more, or the run is one of plain ZenML.
    """
    extra = records.extra_of(run)
    job = extra.get("job")
    if not job:
        raise KitaruStateError(f"Run {run.id} was not started by Kitaru: it has no flow.")
    alias_main()
    module = job["module"]
    if module is not None:
        _load(run, job)
    value: Any = sys.modules[module["name"] if module is not None else "__main__"]
    for part in extra["flow"].partition(":")[2].split("."):
        value = getattr(value, part, None)
    if not isinstance(value, FlowDefinition):
        where = (
            f"module {module['name']!r}"
            if module is not None
            else "this program; it was defined in a notebook or a REPL"
        )
        raise KitaruStateError(
            f"Flow {job['flow']!r} of execution {run.id} is no longer in {where}. Replay it from where it is now: "
            f"my_flow.replay({str(run.id)!r}, ...)."
        )
    return value


def _load(run: PipelineRunResponse, job: dict[str, Any]) -> None:
    for entry in [job["module"]["root"], *job["path"]]:
        if entry not in sys.path:
            sys.path.append(entry)
    try:
        load_flow({**job, "exec_id": str(run.id)})
    except KitaruError:
        raise
    except Exception as error:
        raise KitaruStateError(
            f"The code of execution {run.id}, module {job['module']['name']!r} in {job['module']['root']}, cannot be "
            f"imported here: {type(error).__name__}: {error}. Replay it from where its code is: "
            f"my_flow.replay({str(run.id)!r}, ...)."
        ) from error
