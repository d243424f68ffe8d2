"""The body of a running flow: calls of checkpoints become steps, one at a time or side by side."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from zenml.enums import ExecutionStatus
from zenml.execution.pipeline.dynamic.outputs import ArtifactFuture, MapResultsFuture, OutputArtifact, StepFuture
from zenml.execution.step.utils import launch_step

from kitaru._core import scope
from kitaru._core.environment import concurrency
from kitaru._core.event_loop import in_event_loop
from kitaru._core.structure import replace
from kitaru._zenml.events import announce, has_log, say
from kitaru._zenml.failures import came_from
from kitaru._zenml.inputs import WALKED, freeze, save, step_inputs
from kitaru._zenml.invocations import compile_call
from kitaru._zenml.lineage import Lineage
from kitaru._zenml.memory import Held
from kitaru._zenml.naming import Names
from kitaru._zenml.outcomes import Outcome
from kitaru._zenml.plain_steps import PlainStep
from kitaru._zenml.precedence import Precedence
from kitaru._zenml.question import Question
from kitaru._zenml.records import note_expected
from kitaru._zenml.usage import note_taken
from kitaru._zenml.values import storable
from kitaru._zenml.waits import AFTER_KEY
from kitaru.checkpoint import CheckpointFuture

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.models import ArtifactVersionResponse

    from kitaru._named import Scope
    from kitaru._zenml.body_record import Record
    from kitaru._zenml.plain_steps import Called
    from kitaru.checkpoint import Checkpoint

# What plain steps return, and their futures.
_LOADABLE = (OutputArtifact, StepFuture, ArtifactFuture, MapResultsFuture)
# From so many calls that are started at once on, it is told how many they are.
_FAN_OUT = 4


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
        self._names = Names(record)
        self._precedence = Precedence()
        self._lineage = Lineage()
        self._expected: dict[str, int] = {}
        self._expecting = threading.Lock()
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

    def run(self, checkpoint: Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
        """Run a checkpoint, or a plain step, and return what it left."""
        values = checkpoint.bind(args, kwargs)
        name = self._place(checkpoint)
        held = Held(body_waits=True)
        frozen = self._frozen(name, values, held)
        outcome = self._run(checkpoint, name, frozen, held, self._precedence.before(checkpoint))
        self._precedence.returned(name)
        return outcome

    def submit(self, checkpoint: Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CheckpointFuture[Any]:
        """Start a checkpoint, or a plain step, in a thread and return its future."""
        values = checkpoint.bind(args, kwargs)
        name = self._place(checkpoint)
        upstream = self._precedence.before(checkpoint)
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
        with self._expecting:
            total = self._expected[checkpoint.name] = self._names.given_to(checkpoint.name) + number
        if has_log():
            say(f"fan-out of {checkpoint.name}: {total} calls")
        else:
            note_expected(self._runner.run.id, self._expected)

    def scope(self, base: str, *, key: str | None, run: object) -> Scope:
        """Return the scope of calls that belong together; the same one for the same run."""
        return self._names.scope(base, key=key, run=run)

    def begun(self, stem: str, key: str) -> bool:
        """Return whether an earlier attempt, or a replayed execution, has begun a call that a key tells apart."""
        return self._record.name_of(stem, key, ()) is not None

    def ask(self, schema: Any, *, name: str, question: str | None, timeout: float, metadata: dict[str, Any]) -> Any:
        """Wait for an answer from outside and return it; inside a running event loop, return what gives it."""
        name = self._names.of_wait(name)
        make = partial(
            Question,
            self._runner.run,
            name,
            schema,
            question=question,
            timeout=timeout,
            metadata={**metadata, AFTER_KEY: self._names.calls},
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

    def _place(self, checkpoint: Called) -> str:
        """Give a call its name and its place in the body's course."""
        name = self._names.of_call(checkpoint)
        ordered = not in_event_loop() and getattr(checkpoint, "key", None) is None
        self._record.follow(self._names.index(name), checkpoint, name, ordered=ordered)
        return name

    def _run(self, checkpoint: Called, name: str, values: dict[str, Any], held: Held, upstream: set[str]) -> Outcome:
        completed = self._record.completed(name)
        if completed is not None:
            outcome = Outcome.of(completed)
        else:
            outcome = self._run_step(checkpoint, name, values, held, upstream)
        self._precedence.ended(checkpoint, name, upstream)
        return outcome

    def _run_step(
        self, checkpoint: Called, name: str, values: dict[str, Any], held: Held, upstream: set[str]
    ) -> Outcome:
        plain = checkpoint if isinstance(checkpoint, PlainStep) else None
        others = plain.await_others() if plain is not None else set()
        step = compile_call(
            self._runner,
            checkpoint,
            name,
            step_inputs(checkpoint, values, partial(self._settled, held), _argument_of(name)),
            upstream=upstream | others,
            index=self._names.index(name),
            started=self._record.version(name),
            may_cache=self._record.may_cache,
        )
        # A checkpoint's entry says itself where its code is; a plain step loads its inputs as ZenML does.
        call = scope.Call(checkpoint, None if plain else held)
        place = scope.CheckpointScope(name, self.exec_id, self.replay_of)
        inside = scope.in_checkpoint(place) if plain else nullcontext()
        with announce(name) as announcement, scope.calling(call), inside:
            try:
                step_run = launch_step(
                    snapshot=self._runner.snapshot,
                    step=step,
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
        outcome = Outcome.of(step_run)
        if call.has_value:
            outcome.take(call.value)
            self._know_outputs(outcome)
        return outcome

    def _value_of(self, outcome: Outcome) -> Any:
        if not outcome.loaded:
            outcome.load()
            self._know_outputs(outcome)
        return outcome.value

    def _know_outputs(self, outcome: Outcome) -> None:
        for value, artifact in outcome.outputs:
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


def _resolved(part: Any) -> Any:
    if isinstance(part, CheckpointFuture):
        return part.result()
    return part.load() if isinstance(part, _LOADABLE) else part


def _argument_of(name: str) -> str:
    return f"An argument of checkpoint {name!r}"
