"""Running a flow's body inside ZenML's dynamic runner: attempts, their record, and the result."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenml.client import Client
from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext
from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner, RunPaused
from zenml.execution.pipeline.utils import prevent_pipeline_execution

from kitaru._core import scope
from kitaru._core.signatures import call
from kitaru._runner import files
from kitaru._zenml import records
from kitaru._zenml.body import Body
from kitaru._zenml.events import say
from kitaru._zenml.failures import Failure, describe_failure
from kitaru._zenml.inputs import ARTIFACT_KEY
from kitaru._zenml.private import bound_stack, give_orchestrator_run_id
from kitaru._zenml.stacks import load_stack
from kitaru._zenml.store import open_client

if TYPE_CHECKING:
    from zenml.models import ArtifactVersionResponse

    from kitaru.flow import Flow


# How the runner before this one was lost, for the record of its attempt; set once, when this process starts.
_lost: list[str] = []


def run_execution(exec_id: str, lost: str | None = None) -> None:
    """Run, or go on with, an execution of a stack whose orchestrator lives in the client process.

    Whatever the flow does ends up in the store; this raises only where the store itself fails.

    Args:
        exec_id: The execution.
        lost: How its runner before this one was lost, if it had one.
    """
    if lost is not None:
        _lost.append(lost)
    client = open_client()
    run = client.get_pipeline_run(exec_id)
    snapshot = run.snapshot
    assert snapshot is not None
    assert snapshot.stack is not None
    with bound_stack(snapshot.stack), prevent_pipeline_execution():
        stack = load_stack(snapshot.stack)
        give_orchestrator_run_id(stack.orchestrator)
        runner = DynamicPipelineRunner(
            snapshot=client.get_snapshot(snapshot.id), run=run, orchestrator=stack.orchestrator
        )
        try:
            runner.run_pipeline()
        except BaseException as error:  # noqa: BLE001 - whatever it is, a reader of the execution has to find it
            records.ensure_failed(exec_id, error)


def run_flow(flow: Flow[..., Any], inputs: dict[str, Any]) -> ArtifactVersionResponse | None:
    """Run a flow's body until it succeeds or its attempts are used up; called by ZenML's runner.

    Args:
        flow: The flow.
        inputs: Recorded inputs by recorded name.

    Returns:
        The artifact that holds the result; None for a result of None.
    """
    context = DynamicPipelineRunContext.get()
    assert context is not None
    run_id = context.run.id
    retries = int(records.about(context.run)["settings"]["retries"]["value"])
    while True:
        attempt = records.begin_attempt(run_id, _lost.pop() if _lost else None)
        files.note_attempt(attempt.number, last=attempt.number > retries)
        body = Body(context.runner, records.latest_steps(run_id))
        try:
            result = _run_body(flow, inputs, body)
        except RunPaused:
            body.close()
            raise
        except BaseException as error:
            body.close()
            stopped = files.stop_requested()
            failure = Failure("runner", stopped) if stopped else describe_failure(error, flow.func)
            records.end_attempt(run_id, attempt, "failed", failure.summary)
            if attempt.number <= retries and not stopped:
                say(f"attempt {attempt.number} failed ({failure.summary}); trying again, {retries} retries in all")
                continue
            records.record_failure(run_id, failure)
            raise
        records.end_attempt(run_id, attempt, "completed", None)
        return result


def _run_body(flow: Flow[..., Any], inputs: dict[str, Any], body: Body) -> ArtifactVersionResponse | None:
    with scope.in_body(body):
        values = {name: _input_value(inputs[recorded], body) for name, recorded in flow.record_names.items()}
        value = call(flow.func, flow.signature, values)
        if inspect.iscoroutine(value):
            value = asyncio.run(_finish_async(value, body))
        body.settle()
        result = body.store_result(value)
    body.close()
    return result


async def _finish_async(coroutine: Any, body: Body) -> Any:
    return body.resolved(await coroutine)


def _input_value(recorded: Any, body: Body) -> Any:
    if isinstance(recorded, dict) and ARTIFACT_KEY in recorded:
        artifact = Client().get_artifact_version(UUID(recorded[ARTIFACT_KEY]))
        value = artifact.load()
        body.know(value, artifact)
        return value
    return recorded
