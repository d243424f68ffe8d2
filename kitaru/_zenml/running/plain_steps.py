"""Plain ZenML steps that a flow's body calls: they take the way of checkpoints.

Left alone, ZenML's runner launches them itself: under names that it counts apart from Kitaru's, without knowing which
artifact a checkpoint's value is, and once more in each attempt of the same process. So the runner hands them to the
body, which names, records and recovers them with its checkpoints. What a step returns stays ZenML's: an artifact, or a
future of one where it was submitted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast
from uuid import uuid4

from zenml import unmapped
from zenml.config.step_configurations import GroupInfo
from zenml.enums import GroupType
from zenml.execution.pipeline.dynamic.inputs import await_step_inputs
from zenml.execution.pipeline.dynamic.outputs import OutputArtifact, StepFuture
from zenml.execution.pipeline.dynamic.utils import expand_mapped_inputs, load_step_run_outputs

from kitaru._core.code import scope
from kitaru._zenml.door.private import inline_step_future, started_map, take_calls
from kitaru._zenml.running.plain_step import PlainStep
from kitaru.errors import KitaruContextError, KitaruUsageError

if TYPE_CHECKING:
    from zenml.execution.pipeline.dynamic.outputs import MapResultsFuture
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.models import StepRunResponse
    from zenml.pipelines.dynamic.pipeline_definition import DynamicPipeline
    from zenml.steps import BaseStep

    from kitaru._core.code.futures import CheckpointFuture
    from kitaru._zenml.running.body import Body


# What zenml.unmapped(...) makes of a value.
UNMAPPED: Final = type(unmapped(None))


class StepOutput(OutputArtifact):
    """What a plain step returned; a value that the body loads of it is known to come from there."""

    def load(self, disable_cache: bool = False) -> Any:
        """Load the value."""
        value = super().load(disable_cache=disable_cache)
        body = scope.current_body()
        if body is not None:
            cast("Body", body).know(value, self)
        return value


class _Started(StepFuture):
    """The future of a step that the body has started."""

    def __init__(self, body: Body, future: CheckpointFuture[Any], outputs: list[str]) -> None:
        self.step_run = _StepRun(body, future)
        super().__init__(future.name, outputs, inline_step_future(self.step_run, future.name))

    def result(self) -> Any:
        """Return the artifacts of the step's outputs."""
        return _outputs(self.step_run.result())


class _StepRun:
    """The step run that a call leads to, as ZenML's futures take it."""

    def __init__(self, body: Body, future: CheckpointFuture[Any]) -> None:
        self.body = body
        self.future = future

    def done(self) -> bool:
        return self.future.done()

    def result(self) -> StepRunResponse:
        return self.body.outcome_of(self.future).step_run


def take_over(runner: DynamicPipelineRunner, body: Body) -> None:
    """Have a runner hand the plain steps that are called to the body; the last one that was given counts."""
    take_calls(runner, partial(_launch, body), partial(_map, body), _refuse_pipeline)


def _launch(
    body: Body,
    *,
    step: BaseStep,
    id: str | None,  # noqa: A002 - ZenML's name
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    after: Any = None,
    start_after: Any = None,
    group: GroupInfo | None = None,
    concurrent: bool = False,
) -> Any:
    """Run a step and return its outputs, or start it and return its future: the runner's ``launch_step``."""
    if start_after is not None:
        raise KitaruUsageError(
            f"ZenML step {step.name!r}: start_after is not there in a flow. Use after, which waits for the end of a step."
        )
    call = PlainStep(step, id, after, group)
    if concurrent:
        return _Started(body, body.submit(call, args, kwargs), list(call.step.entrypoint_definition.outputs))
    return _outputs(body.run(call, args, kwargs).step_run)


def _map(
    body: Body,
    *,
    step: BaseStep,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    after: Any = None,
    start_after: Any = None,
    product: bool = False,
) -> MapResultsFuture:
    """Start a step for each element of earlier outputs: the runner's ``map``."""
    inputs = await_step_inputs(PlainStep(step).bind(args, kwargs))
    known = {name: body.artifact_of(value) or value for name, value in inputs.items()}
    group = GroupInfo(id=str(uuid4()), name=step.name, type=GroupType.MAP)
    calls = expand_mapped_inputs(known, product=product)
    started = [
        _launch(
            body,
            step=step,
            id=None,
            args=(),
            kwargs=call,
            after=after,
            start_after=start_after,
            group=group,
            concurrent=True,
        )
        for call in calls
    ]
    return started_map(step.name, started)


def _refuse_pipeline(*, pipeline: DynamicPipeline, **_: Any) -> NoReturn:
    """Refuse to run a pipeline as a child of the flow: the runner's ``submit_child_pipeline``."""
    raise KitaruContextError(
        f"ZenML pipeline {pipeline.name!r} was called in the body of a flow, where every new attempt would run it once more. "
        f"Its steps can be a part of the flow: {pipeline.name}.embed(...). Or start it in the program that starts the flow."
    )


def _outputs(step_run: StepRunResponse) -> Any:
    outputs = load_step_run_outputs(step_run)
    if isinstance(outputs, tuple):
        return tuple(StepOutput(**artifact.model_dump()) for artifact in outputs)
    return StepOutput(**outputs.model_dump()) if outputs is not None else None
