"""The body of a running flow: calls of checkpoints become steps, one at a time or side by side."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from zenml.config.retry_config import StepRetryConfig
from zenml.config.step_configurations import StepConfigurationUpdate
from zenml.enums import ExecutionStatus
from zenml.execution.pipeline.dynamic.compilation import compile_dynamic_step_invocation
from zenml.execution.pipeline.dynamic.outputs import ArtifactFuture, MapResultsFuture, OutputArtifact, StepFuture
from zenml.execution.pipeline.dynamic.utils import load_step_run_outputs
from zenml.execution.step.utils import launch_step

from kitaru._core import scope
from kitaru._core.environment import concurrency
from kitaru._core.event_loop import in_event_loop
from kitaru._core.structure import replace
from kitaru._named import NamedCall, Scope
from kitaru._zenml.events import announce, has_log, say
from kitaru._zenml.failures import came_from
from kitaru._zenml.inputs import WALKED, freeze, save, step_inputs
from kitaru._zenml.lineage import Lineage
from kitaru._zenml.memory import Held
from kitaru._zenml.plain_steps import PlainStep
from kitaru._zenml.records import note_expected
from kitaru._zenml.steps import build_step
from kitaru._zenml.usage import note_taken
from kitaru._zenml.values import storable
from kitaru._zenml.waits import AFTER_KEY, Question
from kitaru.checkpoint import CheckpointFuture
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from zenml.config.step_configurations import Step
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.models import ArtifactVersionResponse, StepRunResponse

    from kitaru._zenml.replay import Record
    from kitaru.checkpoint import Checkpoint

    _Called = Checkpoint[..., Any] | PlainStep

# What plain steps return, and their futures.
_LOADABLE = (OutputArtifact, StepFuture, ArtifactFuture, MapResultsFuture)
# From so many calls that are started at once on, it is told how many they are.
_FAN_OUT = 4


@dataclass
class Outcome:
    """A finished checkpoint: where its outputs are stored, and its value once somebody asked for it."""

    step_run: StepRunResponse
    artifacts: tuple[OutputArtifact, ...]
    several: bool
    value: Any = None
    loaded: bool = False


class Body:
    """What the checkpoints of one attempt at a flow's body are called in; a :class:`kitaru._core.scope.FlowBody`."""

    def __init__(self, runner: DynamicPipelineRunner, record: Record) -> None:
        """Create the body.

        Args:
            runner: ZenML's runner of the run.
            record: What earlier attempts have left.
        """
        self._runner = runner
        self._record = record
        self._calls = 0
        self._lineage = Lineage()
        self._names: set[str] = set()
        self._places: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        self._scopes: dict[object, Scope] = {}
        self._scope_names: set[str] = set()
        self._ended: dict[Scope, set[str]] = {}
        self._naming = threading.Lock()
        self._previous: str | None = None
        self._futures: list[CheckpointFuture[Any]] = []
        self._pool = ThreadPoolExecutor(concurrency() or min(32, (os.cpu_count() or 1) * 4 + 8), "kitaru-checkpoint")
        self._asking = asyncio.Lock()
        self.exec_id = str(runner.run.id)
        self.replay_of = record.replay_of

    def call(self, checkpoint: Checkpoint[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a checkpoint and return its value; inside a running event loop, return its future to await."""
        if in_event_loop():
            return self.submit(checkpoint, args, kwargs)
        return self._value_of(self.run(checkpoint, args, kwargs))

    def run(self, checkpoint: _Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
        """Run a checkpoint, or a plain step, and return what it left."""
        values = checkpoint.bind(args, kwargs)
        name = self._place(checkpoint)
        held = Held(body_waits=True)
        outcome = self._run(checkpoint, name, self._frozen(name, values, held), held, self._upstream(checkpoint))
        self._previous = name
        return outcome

    def submit(self, checkpoint: _Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CheckpointFuture[Any]:
        """Start a checkpoint, or a plain step, in a thread and return its future."""
        values = checkpoint.bind(args, kwargs)
        name = self._place(checkpoint)
        upstream = self._upstream(checkpoint)
        held = Held(body_waits=False)
        frozen = self._frozen(name, values, held)
        context = contextvars.copy_context()
        future = self._pool.submit(context.run, self._run, checkpoint, name, frozen, held, upstream)
        result: CheckpointFuture[Any] = CheckpointFuture(future, name, self._value_of)
        self._futures.append(result)
        return result

    def expect(self, checkpoint: Checkpoint[..., Any], number: int) -> None:
        """Tell whoever follows the execution how many calls of a checkpoint are coming, where they are many."""
        if number < _FAN_OUT:
            return
        with self._naming:
            total = self._expected[checkpoint.name] = self._counts.get(checkpoint.name, 0) + number
        if has_log():
            say(f"fan-out of {checkpoint.name}: {total} calls")
        else:
            note_expected(self._runner.run.id, self._expected)

    def ask(self, schema: Any, *, name: str, question: str | None, timeout: float, metadata: dict[str, Any]) -> Any:
        """Wait for an answer from outside and return it; inside a running event loop, return what gives it."""
        name = self._name_for(name)
        make = partial(
            Question,
            self._runner.run,
            name,
            schema,
            question=question,
            timeout=timeout,
            metadata={**metadata, AFTER_KEY: self._calls},
            busy=self._is_busy,
            given=self._record.answer(name),
        )
        return self._ask_async(make) if in_event_loop() else make().ask()

    async def _ask_async(self, make: Callable[[], Question]) -> Any:
        async with self._asking:  # ZenML takes one open question a run: questions of concurrent tasks queue up
            return await make().ask_async()

    def _is_busy(self) -> bool:
        return any(not future.done() for future in self._futures)

    def settle(self) -> None:
        """Wait for everything that was started, and raise the first failure that the body never looked at."""
        for future in self._futures:
            unseen = not future._seen  # noqa: SLF001 - the future's other half
            error = future.exception()
            if error is not None and unseen:
                raise error

    def close(self) -> None:
        """Let running checkpoints finish and start no further ones."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def store_result(self, value: Any) -> ArtifactVersionResponse | None:
        """Store what the flow returned, and return its artifact: the checkpoint's own where it is that very value."""
        if isinstance(value, CheckpointFuture):
            outcome = self.outcome_of(value)
            if len(outcome.artifacts) == 1:
                return outcome.artifacts[0]
        if isinstance(value, OutputArtifact):
            return value
        value = self.resolved(value)
        if value is None:
            return None
        artifact = self._lineage.find(value)
        if artifact is not None:
            return artifact
        return save(storable(value, "The flow's result"), "result")

    @property
    def called(self) -> frozenset[str]:
        """Names of the calls that were made."""
        return frozenset(self._names)

    def know(self, value: Any, artifact: ArtifactVersionResponse) -> None:
        """Remember which artifact a value of the body came from."""
        self._lineage.add(value, artifact)

    def artifact_of(self, value: Any) -> ArtifactVersionResponse | None:
        """Return the one artifact that holds a value, or will hold a future's; None where there is none."""
        if isinstance(value, CheckpointFuture):
            settled = self._settled(Held(body_waits=False), value)
            return None if isinstance(settled, tuple) else settled
        return self._lineage.find(value)

    def resolved(self, value: Any) -> Any:
        """Put values in the place of futures, and of what plain ZenML steps in the body return."""
        return replace(value, _resolved, WALKED)

    def _place(self, checkpoint: _Called) -> str:
        """Give a call its name and its place in the body's course."""
        name = self._name_of(checkpoint)
        with self._naming:
            self._calls += 1
            self._places[name] = self._calls
        ordered = not in_event_loop() and getattr(checkpoint, "key", None) is None
        self._record.follow(self._places[name], checkpoint, name, ordered=ordered)
        return name

    def _name_of(self, checkpoint: _Called) -> str:
        if isinstance(checkpoint, PlainStep):
            return self._name_of_step(checkpoint)
        if not isinstance(checkpoint, NamedCall):
            return self._name_for(checkpoint.name)
        if checkpoint.key is None:
            return self._name_for(checkpoint.stem)
        with self._naming:
            found = self._record.name_of(checkpoint.stem, checkpoint.key, self._names)
            if found is not None:
                self._names.add(found)
                return found
        return self._name_for(checkpoint.stem, self._record.recorded)

    def _name_of_step(self, step: PlainStep) -> str:
        name = self._name_for(step.call_name or step.name)
        if step.call_name and name != step.call_name:
            raise KitaruUsageError(
                f"The id {step.call_name!r} of a call of ZenML step {step.name!r} is taken: choose another."
            )
        return name

    def _name_for(self, base: str, reserved: Container[str] = ()) -> str:
        with self._naming:
            while True:
                number = self._counts[base] = self._counts.get(base, 0) + 1
                name = base if number == 1 else f"{base}_{number}"
                if name not in self._names and name not in reserved:
                    self._names.add(name)
                    return name

    def scope(self, base: str, *, key: str | None, run: object) -> Scope:
        """Return the scope of calls that belong together; the same one for the same run."""
        with self._naming:
            known = self._scopes.get(run)
            found = None if known or key is None else self._record.scope_of(base, key, self._scope_names)
            number = 0
            while known is None and found is None:
                number += 1
                name = base if number == 1 else f"{base}_{number}"
                free = name not in self._scope_names and (key is None or name not in self._record.recorded)
                found = name if free else None
            if known is None:
                assert found is not None
                known = self._scopes[run] = Scope(found, base, key)
                self._scope_names.add(found)
            return known

    def _upstream(self, checkpoint: _Called) -> set[str]:
        """Return the calls that one comes after: in a scope those that ended last, else the one before it."""
        scope = checkpoint.scope if isinstance(checkpoint, NamedCall) else None
        with self._naming:
            ended = set(self._ended.get(scope, ())) if scope is not None else set()
        return ended or ({self._previous} if self._previous is not None else set())

    def _run(self, checkpoint: _Called, name: str, values: dict[str, Any], held: Held, upstream: set[str]) -> Outcome:
        outcome = self._run_step(checkpoint, name, values, held, upstream)
        if isinstance(checkpoint, NamedCall) and checkpoint.scope is not None:
            with self._naming:
                ended = self._ended.setdefault(checkpoint.scope, set())
                ended -= upstream
                ended.add(name)
        return outcome

    def _run_step(
        self, checkpoint: _Called, name: str, values: dict[str, Any], held: Held, upstream: set[str]
    ) -> Outcome:
        completed = self._record.completed(name)
        if completed is not None:
            return _stored_outcome(completed)
        plain = checkpoint if isinstance(checkpoint, PlainStep) else None
        if plain is not None:
            upstream |= plain.await_others()
        inputs = step_inputs(checkpoint, values, partial(self._settled, held), _argument_of(name))
        compiled = compile_dynamic_step_invocation(
            snapshot=self._runner.snapshot,
            pipeline=self._runner.pipeline,
            step=checkpoint.step if isinstance(checkpoint, PlainStep) else build_step(checkpoint),
            invocation_id=name,
            inputs=inputs.artifacts,
            upstream_steps=upstream | inputs.producers,
            pipeline_docker_settings=self._runner.snapshot.pipeline_configuration.docker_settings,
            config=StepConfigurationUpdate(
                parameters=inputs.parameters,
                retry=self._retry(checkpoint, name),
                extra={"kitaru": {"index": self._places[name], **_told_of(checkpoint)}},
                group=plain.group if plain else None,
            ),
        )
        compiled = _keyed(compiled, inputs.cache_key, may_cache=self._record.may_cache)
        # A checkpoint's entry says itself where its code is; a plain step loads its inputs as ZenML does.
        call = scope.Call(checkpoint, None if plain else held)
        place = scope.CheckpointScope(name, self.exec_id, self.replay_of)
        inside = scope.in_checkpoint(place) if plain else nullcontext()
        with announce(name) as announcement, scope.calling(call), inside:
            try:
                step_run = launch_step(
                    snapshot=self._runner.snapshot,
                    step=compiled,
                    orchestrator_run_id=self._runner.orchestrator_run_id,
                    retry=True,
                    remaining_retries=checkpoint.options.retries,
                    wait=True,
                )
            except BaseException as error:
                came_from(error, name)
                raise
            announcement.status = step_run.status.value
        if step_run.status == ExecutionStatus.CACHED:
            note_taken(self._runner.run.id, step_run)
        outcome = _stored_outcome(step_run)
        if call.has_value:
            # Several outputs come back from the store as a tuple, whatever sequence they were returned as.
            outcome.value = tuple(call.value) if outcome.several else _own(call.value)
            outcome.loaded = True
            self._follow(outcome)
        return outcome

    def _retry(self, checkpoint: _Called, name: str) -> StepRetryConfig | None:
        # ZenML counts the step runs of one name over all attempts of the execution, and refuses one too many.
        allowed = self._record.version(name) + checkpoint.options.retries
        own = checkpoint.retry if isinstance(checkpoint, PlainStep) else None
        delay, backoff = (own.delay, own.backoff) if own else (0, 1)
        return StepRetryConfig(max_retries=allowed, delay=delay, backoff=backoff) if allowed else None

    def _value_of(self, outcome: Outcome) -> Any:
        if not outcome.loaded:
            values = tuple(artifact.load() for artifact in outcome.artifacts)
            outcome.value = values if outcome.several else (values[0] if values else None)
            outcome.loaded = True
            self._follow(outcome)
        return outcome.value

    def _follow(self, outcome: Outcome) -> None:
        values = outcome.value if outcome.several else (outcome.value,)
        for value, artifact in zip(values, outcome.artifacts, strict=False):
            self._lineage.add(value, artifact)

    def _frozen(self, name: str, values: dict[str, Any], held: Held) -> dict[str, Any]:
        if self._record.completed(name) is not None:  # its first result stands, whatever it is called with now
            return values
        return {key: freeze(value, self._lineage, held, _argument_of(name)) for key, value in values.items()}

    def _settled(self, held: Held, future: CheckpointFuture[Any]) -> Any:
        """Return a future's artifact, a tuple of them where it has several outputs, None where it has none."""
        outcome = self.outcome_of(future)
        if outcome.several:
            return outcome.artifacts
        if not outcome.artifacts:
            return None
        if outcome.loaded:
            held.keep(outcome.artifacts[0].id, outcome.value, unchanged=False)
        return outcome.artifacts[0]

    def outcome_of(self, future: CheckpointFuture[Any]) -> Outcome:
        """Wait for a future and return what its call left."""
        future._seen = True  # noqa: SLF001 - the future's other half
        return cast("Outcome", future._future.result())  # noqa: SLF001


def _told_of(checkpoint: _Called) -> dict[str, Any]:
    """Return what is recorded of a checkpoint beside ZenML's own configuration."""
    about: dict[str, Any] = {"type": checkpoint.options.type}
    if isinstance(checkpoint, NamedCall):
        about |= {"stem": checkpoint.stem, "key": checkpoint.key}
        about |= {"scope": asdict(checkpoint.scope)} if checkpoint.scope is not None else {}
    return about


def _resolved(part: Any) -> Any:
    if isinstance(part, CheckpointFuture):
        return part.result()
    return part.load() if isinstance(part, _LOADABLE) else part


def _keyed(step: Step, key: str | None, *, may_cache: bool) -> Step:
    """Add to what ZenML's cache tells calls of a step apart by, or keep it from answering."""
    changes: dict[str, Any] = {}
    if key is not None:
        changes["caching_parameters"] = {**step.config.caching_parameters, "kitaru_inputs": key}
    if not may_cache:
        changes["enable_cache"] = False
    return step.model_copy(update={"config": step.config.model_copy(update=changes)})


def _own(value: Any) -> Any:
    """Give text an identity of its own: Python shares one object among equal constants, lineage tells by identity."""
    if type(value) is str and len(value) > 1:
        return value[:1] + value[1:]
    return value


def _stored_outcome(step_run: StepRunResponse) -> Outcome:
    outputs = load_step_run_outputs(step_run)
    if outputs is None:
        return Outcome(step_run, (), several=False, loaded=True)
    if isinstance(outputs, tuple):
        return Outcome(step_run, outputs, several=True)
    return Outcome(step_run, (outputs,), several=False)


def _argument_of(name: str) -> str:
    return f"An argument of checkpoint {name!r}"
