"""Tools that look at executions, artifacts and stacks, and change nothing."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import anyio
import anyio.to_thread
from pydantic import Field

from kitaru._mcp.apart import ask
from kitaru._mcp.shortened import MaxText, page, shortened
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from kitaru.models import CheckpointExecution

ExecutionId = Annotated[
    str, Field(min_length=1, description="Id of an execution, or a beginning of it that no other execution's id has.")
]
First = Annotated[int, Field(ge=0, description="Which of them comes first, counted from 0.")]
Checkpoint = Annotated[
    str | None,
    Field(description="Only of this call of a checkpoint, by its name in the execution, such as fetch or fetch_2."),
]
Status = Literal["pending", "running", "waiting", "completed", "failed", "cancelled"]

_CALLS = 50  # calls of checkpoints in a page
_ARTIFACTS = 100
_RESTING: Final = ("waiting", "completed", "failed", "cancelled")
_LOOK = 0.3  # seconds between two looks


def get_status() -> dict[str, Any]:
    """Tell where executions are kept: the ZenML store or server, user, project, active stack, versions.

    A `problem` says what keeps it from working now. Look here first when other tools fail.
    """
    from kitaru.server import status

    return status().to_json()


def list_executions(
    flow: Annotated[str | None, Field(description="Only those of the flow of this name, the function's.")] = None,
    status: Annotated[Status | None, Field(description="Only those in this state.")] = None,
    stack: Annotated[str | None, Field(description="Only those on the stack of this name.")] = None,
    since: Annotated[
        str | None,
        Field(description="Only those submitted since: 30s, 10m, 2h, 3d or 1w ago, 2026-01-31 or 2026-01-31T14:00."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most.")] = 20,
) -> dict[str, Any]:
    """List executions of flows, the latest first: id, flow, status, stack, when, what their model calls have used."""
    from kitaru import KitaruClient
    from kitaru._cli.since import parse_since

    moment = parse_since(since, datetime.now().astimezone(), "since") if since else None
    executions = KitaruClient().executions.list(flow=flow, status=status, stack=stack, since=moment, limit=limit)
    return {"executions": [execution.model_dump(mode="json") for execution in executions]}


async def get_execution(
    exec_id: ExecutionId,
    wait_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description="Wait at most so many seconds for its end, or for a question of its. Many clients give up on a "
            "call after 60 s: rather than asking for more, call again.",
        ),
    ] = 0,
    result: Annotated[bool, Field(description="Whether to load the value of a completed one; takes seconds.")] = True,
    checkpoints_from: First = 0,
    max_text: MaxText = 2000,
) -> dict[str, Any]:
    """Tell all about an execution: status, inputs, settings, attempts, calls of checkpoints, failure, result.

    Of a checkpoint's call what is empty is left out, and `attempts` where there was one without an error.

    Status waiting means that a person is asked something: `pending_wait` has the question and, as `json_schema`, what
    an answer must look like; answer_wait gives the answer. Where it is null, the question was answered in ZenML's
    dashboard, and resume_execution lets the execution go on. Status failed comes with `failure`. The value of a completed
    one is `result.value`, or `result.text` where it is long.
    """
    from kitaru import KitaruClient

    if wait_seconds:
        await _until_it_rests(exec_id, wait_seconds)
    execution = await anyio.to_thread.run_sync(KitaruClient().executions.get, exec_id)
    record = execution.model_dump(mode="json", exclude={"artifacts", "checkpoints"})
    calls = [_call(call) for call in execution.checkpoints]
    record |= {
        "checkpoints_by_status": Counter(call.status for call in execution.checkpoints),
        **page("checkpoints", calls, checkpoints_from, _CALLS, "checkpoints_from"),
        "artifacts_total": len(execution.artifacts),
    }
    record = dict(shortened(record, max_text))
    for path, setting in record["settings"].items():
        if path.startswith("image.environment."):  # which may hold keys
            setting["value"] = "***"
    if not result or execution.status != "completed":
        return record
    value = await _result(execution.exec_id, max_text)
    return {"exec_id": execution.exec_id, "status": execution.status, "result": value, **record}  # what matters first


def _call(call: CheckpointExecution) -> dict[str, Any]:
    """Return what there is to tell of a call: an execution may have very many."""
    record = {name: value for name, value in call.model_dump(mode="json").items() if value not in (None, [], {})}
    if [attempt.error for attempt in call.attempts] == [None]:
        del record["attempts"]
    return record


async def _result(exec_id: str, max_text: int) -> Any:
    try:
        return await ask("result", exec_id=exec_id, offset=0, max_text=max_text)
    except KitaruError as error:  # all the rest is there to be told
        return {"problem": str(error)}


async def _until_it_rests(exec_id: str, seconds: float) -> None:
    from kitaru import FlowHandle

    deadline = time.monotonic() + seconds
    handle = await anyio.to_thread.run_sync(FlowHandle.from_id, exec_id)
    while await anyio.to_thread.run_sync(lambda: handle.status) not in _RESTING:
        if (left := deadline - time.monotonic()) <= 0:
            return
        await anyio.sleep(min(_LOOK, left))


def get_logs(
    exec_id: ExecutionId,
    *,
    checkpoint: Checkpoint = None,
    source: Annotated[
        Literal["step", "runner"],
        Field(
            description="step: what checkpoints printed and logged. runner: all the output of the process that runs the "
            "flow, its body's prints and tracebacks among it; look there when a flow fails outside of checkpoints."
        ),
    ] = "step",
    lines: Annotated[int, Field(ge=1, le=2000, description="How many lines at most.")] = 200,
    lines_from: Annotated[
        int | None, Field(ge=0, description="Which line comes first, counted from 0. Default: the last lines.")
    ] = None,
    max_text: MaxText = 2000,
) -> dict[str, Any]:
    """Return lines of an execution's log, each behind the call of the checkpoint that wrote it; by default the last.

    Lines with which the runner itself tells what happens are in `events` again, as data, with the number of the `line`
    in the log. A line that only looks like one is output of the flow's.
    """
    from kitaru import KitaruClient
    from kitaru._core.code.frames import own_frames
    from kitaru._core.drawing.escapes import plain

    entries = list(KitaruClient().executions.logs(exec_id, checkpoint, source=source))
    first = max(len(entries) - lines, 0) if lines_from is None else lines_from
    log = page("lines", entries, first, lines, "lines_from")
    texts = [(entry.checkpoint, plain(own_frames(entry.message))) for entry in log["lines"]]
    events = [{"line": number, **entry.event} for number, entry in enumerate(log["lines"], first) if entry.event]
    log["lines"] = [shortened(f"{call} | {text}" if call else text, max_text) for call, text in texts]
    if events:
        log["events"] = shortened(events, max_text)
    if not entries and source == "step":
        log["lines_note"] = "Its checkpoints have printed nothing. All the runner's output: source=runner"
    return log


def list_artifacts(
    exec_id: ExecutionId,
    name: Annotated[str | None, Field(description="Only those of this name.")] = None,
    kind: Annotated[
        Literal["output", "input", "saved", "result"] | None,
        Field(
            description="output: what checkpoints returned. input: what the flow's body gave them. saved: what "
            "kitaru.save stored. result: what the flow returned, where no checkpoint did."
        ),
    ] = None,
    checkpoint: Checkpoint = None,
    artifacts_from: First = 0,
) -> dict[str, Any]:
    """List the values that an execution stored: id, name, kind, type, which call made it. get_artifact has the value."""
    from kitaru import KitaruClient

    artifacts = KitaruClient().artifacts.list(exec_id, name=name, kind=kind, checkpoint=checkpoint)
    records = [artifact.model_dump(mode="json") for artifact in artifacts]
    return page("artifacts", records, artifacts_from, _ARTIFACTS, "artifacts_from")


async def get_artifact(
    artifact_id: Annotated[str, Field(min_length=1, description="Id of an artifact, as list_artifacts has it.")],
    offset: Annotated[int, Field(ge=0, description="Where in a long text to begin; next_offset says it.")] = 0,
    max_text: MaxText = 20_000,
) -> dict[str, Any]:
    """Return a stored value: as `value`, or piece by piece as `text` where it is long.

    What JSON has no form for appears as Python shows it.
    """
    artifact: dict[str, Any] = await ask("artifact", artifact_id=artifact_id, offset=offset, max_text=max_text)
    return artifact


def diff_executions(
    a: Annotated[str, Field(min_length=1, description="Execution A, or a replay where b is not given.")],
    b: Annotated[str | None, Field(description="Execution B. Default: the replay a is compared with its original.")] = (
        None
    ),
    max_text: MaxText = 20_000,
) -> dict[str, Any]:
    """Tell what is different between two executions: inputs, values of checkpoints, metadata, results, as `text`."""
    from kitaru import KitaruClient
    from kitaru.diffs import summary_rows

    diff = KitaruClient().executions.diff(a, b)
    (row,) = summary_rows([diff])
    return shortened({"different": diff.changed, **row, "text": diff.to_text()}, max_text)  # type: ignore[no-any-return]


def list_stacks() -> dict[str, Any]:
    """List the stacks, which are where flows can run, with their components; one of them is active."""
    from kitaru import list_stacks as stacks

    return {"stacks": [_stack(stack) for stack in stacks()]}


def _stack(stack: Any) -> dict[str, Any]:
    parts = [{"type": part.type, "name": part.name, "flavor": part.flavor} for part in stack.components]
    return {"name": stack.name, "is_active": stack.is_active, "orchestrator": stack.orchestrator, "components": parts}
