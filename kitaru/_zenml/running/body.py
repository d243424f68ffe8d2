"""The body of a running flow: each call is told from the others, found in the record, or run as a step and recorded."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from contextlib import nullcontext
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.exceptions import RunStoppedException
from zenml.execution.pipeline.dynamic.outputs import ArtifactFuture, MapResultsFuture, OutputArtifact, StepFuture
from zenml.execution.step.utils import launch_step
from zenml.models import RunMetadataResource

from kitaru._core.code import scope
from kitaru._core.code.body_clock import BodyClock
from kitaru._core.code.event_loop import BodyLeft, in_event_loop
from kitaru._core.code.futures import CheckpointFuture, until_done, whole_of
from kitaru._core.code.gates import through
from kitaru._core.code.named import NamedCall
from kitaru._core.code.pool import Pool
from kitaru._core.code.sharing import is_shared
from kitaru._core.code.structure import replace
from kitaru._core.identity import lanes
from kitaru._core.identity.digests import digest
from kitaru._core.identity.lanes import Lane
from kitaru._core.identity.matching import NEVER, NOW, Call, Place, State
from kitaru._core.identity.matching import Question as QuestionCall
from kitaru._core.process.event import Event, Kind
from kitaru._core.settings.environment import cancel_grace, concurrency, replay_forced
from kitaru._zenml.records.events import CANCELLED, announce, has_log, tell
from kitaru._zenml.records.failures import came_from
from kitaru._zenml.records.records import end_call, note_expected
from kitaru._zenml.records.tracking import write_metadata
from kitaru._zenml.records.usage import note_taken
from kitaru._zenml.records.waits import AFTER_KEY, ATTEMPT_KEY, CONTENT_KEY, PLACE_KEY
from kitaru._zenml.running.identity import NO_DIGEST, inputs_of, key_of, named_inputs
from kitaru._zenml.running.inputs import WALKED, Frozen, as_given, freeze, step_inputs
from kitaru._zenml.running.invocations import Compiler, Invocation
from kitaru._zenml.running.limits import gate_of
from kitaru._zenml.running.naming import Names
from kitaru._zenml.running.outcomes import OTHER_INPUTS_KEY, Outcome, keep_failure, kept_failure
from kitaru._zenml.running.plain_step import PlainStep
from kitaru._zenml.running.precedence import Precedence
from kitaru._zenml.running.predecessors import Predecessors, predecessors_of
from kitaru._zenml.running.question import PauseRequested, Question, WaitAborted
from kitaru._zenml.running.question_record import Content
from kitaru._zenml.running.retrying import USED_KEY, Retries
from kitaru._zenml.running.started import Started, needed_by, wanted_of
from kitaru._zenml.values.lineage import Lineage
from kitaru._zenml.values.memory import Held
from kitaru._zenml.values.saving import Saved, save
from kitaru._zenml.values.values import storable
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner
    from zenml.models import ArtifactVersionResponse, StepRunResponse

    from kitaru._core.code.definitions import CheckpointDefinition
    from kitaru._core.code.gates import Gate
    from kitaru._core.code.named import Scope
    from kitaru._core.identity.matching import Recency, Recorded
    from kitaru._workers.workers import Workers
    from kitaru._zenml.running.body_record import Record
    from kitaru._zenml.running.hooks import Hooks
    from kitaru._zenml.running.plain_step import Called
    from kitaru._zenml.running.question_record import QuestionRecord

T = TypeVar("T")

# What plain steps return, and their futures.
_LOADABLE = (OutputArtifact, StepFuture, ArtifactFuture, MapResultsFuture)
# How many checkpoints run at once unless KITARU_CONCURRENCY says otherwise: most of their time they wait for something.
_AT_ONCE = 64
# From so many calls that are started at once on, it is told how many they are.
_FAN_OUT = 4


class Abandoned(BodyLeft):
    """The body is run again from its beginning, as KITARU_FORCE_REPLAY wants it after every outcome."""


@dataclass(frozen=True)
class _Made:
    """A call that the body has made: which one it is, and what the record has for it."""

    called: Called
    call: Call
    name: str
    known: Recorded | None
    recency: Recency
    pending: frozenset[str]
    lane: Lane
    way: scope.Call
    before: Predecessors

    @property
    def digests(self) -> Mapping[str, str | None]:
        """Digests of the arguments by parameter; empty where what tells the call from others is not its arguments."""
        return {} if isinstance(self.called, NamedCall) else self.call.inputs


class Body:
    """What the checkpoints of one attempt at a flow's body are called in; a :class:`kitaru._core.code.scope.FlowBody`."""

    def __init__(
        self,
        runner: DynamicPipelineRunner,
        record: Record,
        questions: QuestionRecord,
        attempt: int,
        earlier: Iterable[Started] = (),
        *,
        hooks: Hooks,
        workers: Workers,
    ) -> None:
        """Create the body.

        Args:
            runner: ZenML's runner of the run.
            record: The calls that earlier attempts have left.
            questions: The questions that they have left.
            attempt: The attempt's number.
            earlier: Calls of an earlier attempt in this process that still run.
            hooks: Calls what is to be called at the end of a call, and at a question.
            workers: The processes of checkpoints that have one of their own.
        """
        self._hooks = hooks
        self._runner = runner
        self.workers = workers
        self.record = record
        self._questions = questions
        self._attempt = attempt
        self._names = Names(record)
        self._precedence = Precedence()
        self._lineage = Lineage()
        self._saved = Saved()
        self._compiler = Compiler(runner)
        self._expected: dict[str, int] = {}
        self._expecting = threading.Lock()
        self._making = threading.RLock()
        self._made = 0
        # Of the calls that were submitted, by number: those that still run, and those that have failed.
        self._started: dict[int, Started] = {}
        self._count = 0
        self._earlier = {one.name: one for one in earlier}
        self._pool = Pool(concurrency() or _AT_ONCE)
        for one in self._earlier.values():
            self._pool.occupy(one.outcome)
        self._runs_again = replay_forced()
        self._news = NEVER
        self._lost: set[str] = set()
        self._scope_lanes: dict[str, Lane] = {}
        self.exec_id = str(runner.run.id)
        self.replay_of = record.replay_of
        self.lane = Lane()
        self.ended_by: BaseException | None = None
        # Raises in the place of whatever the body waits for, when its time is over.
        self.over: Future[Any] = Future()
        self.cancel: Callable[[], None] = _nothing  # ends the body itself, where that is async
        self._direct: dict[int, scope.Call] = {}
        self.clock = BodyClock(None, 0, over=_nothing, stuck=_nothing)

    # -- calls --------------------------------------------------------------------------------------------------------

    def call(self, checkpoint: CheckpointDefinition[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a checkpoint and return its value; inside a running event loop, return its future to await."""
        if in_event_loop():
            return self.submit(checkpoint, args, kwargs)
        return self._value_of(self.run(checkpoint, args, kwargs))

    def run(self, called: Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
        """Run a checkpoint, or a plain step, and return what it left."""
        values = called.bind(args, kwargs)
        made = self._make(called, values)
        outcome = self._from_record(made)
        if outcome is None:
            run = self._run_of(made, values)
            self._direct[made.call.index] = made.way
            try:
                outcome = run()
            except BaseException:
                if self.over.done():
                    self.check()
                self._learn(made)
                raise
            finally:
                del self._direct[made.call.index]
        self._precedence.returned(made.name)
        self._learn(made)
        return outcome

    def _run_of(self, made: _Made, values: dict[str, Any]) -> Callable[[], Outcome]:
        """Return what runs a call, or waits for it where it still runs."""
        earlier = self._still_running(made)
        if earlier is not None:
            return partial(self._await, earlier.again())
        held = Held(body_waits=True)
        frozen = self._taken(made, values, held)
        gate = gate_of(made.called, made.name, self._runner.run.id)
        if gate is not None:
            gate.request(after=_halves(self._needs_of(made, frozen)))
        return partial(self._run, made, frozen, held, self._precedence.before(made.called), gate)

    def _await(self, future: Future[T]) -> T:
        self._wait_for(future)
        if not future.done():
            self.check()
        return future.result()

    def _wait_for(self, future: Future[Any]) -> None:
        """Wait until a future is done, or the time of the body is over."""
        wait_for([future, self.over], return_when=FIRST_COMPLETED)

    def submit(self, called: Called, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CheckpointFuture[Any]:
        """Start a checkpoint, or a plain step, in a thread and return its future."""
        values = called.bind(args, kwargs)
        made = self._make(called, values)
        future: Future[Outcome] = Future()
        way: scope.Call = made.way
        needs: list[CheckpointFuture[Any]] = []
        try:
            outcome = self._from_record(made)
        except Exception as error:  # noqa: BLE001 - what the call raised then is its future's
            future.set_exception(error)
        else:
            earlier = self._still_running(made) if outcome is None else None
            if outcome is not None:
                future.set_result(outcome)
            elif earlier is not None:
                future, way = earlier.again(), earlier.call
            else:
                future, needs = self._start(made, values)
        result: CheckpointFuture[Any] = CheckpointFuture(
            future,
            made.name,
            self._value_of,
            lambda: self._learn(made, lanes.here()),
            needs=needs,
            outputs=called.outputs,
        )
        self._keep_until_done(Started(way, result))
        return result

    def _start(self, made: _Made, values: dict[str, Any]) -> tuple[Future[Outcome], list[CheckpointFuture[Any]]]:
        """Run a call in a thread as soon as what it waits for is there; return its future, and those that it needs."""
        upstream = self._precedence.before(made.called)
        held = Held(body_waits=False)
        frozen = self._taken(made, values, held)
        needs = self._needs_of(made, frozen)
        awaited: list[Future[Any]] = [*_halves(needs)]
        gate = gate_of(made.called, made.name, self._runner.run.id)
        if gate is not None:
            gate.request(after=awaited)
            awaited = [gate.passed]
        context = contextvars.copy_context()
        context.run(lanes.enter, None)
        run = partial(context.run, self._run, made, frozen, held, upstream, gate)
        future = self._pool.submit(run, awaited)
        if gate is not None:
            future.add_done_callback(lambda _: gate.leave())
        return future, needs

    def _needs_of(self, made: _Made, frozen: Frozen) -> list[CheckpointFuture[Any]]:
        """Return the futures that a call waits for before it can run."""
        before = made.before.futures
        is_waiting = made.pending or before or isinstance(made.called, PlainStep)
        return needed_by(before, frozen.values, list(self._started.values())) if is_waiting else []

    def _still_running(self, made: _Made) -> Started | None:
        """Return a call of an earlier attempt that is this one and still runs."""
        is_running = made.known is not None and made.known.state is State.RUNNING
        return self._earlier.pop(made.name) if is_running else None

    def _keep_until_done(self, started: Started) -> None:
        """Keep a call as long as it may have failed; the value of one that has not is the body's to let go."""
        with self._making:
            number = self._count
            self._started[number] = started
            self._count += 1
        started.outcome.add_done_callback(partial(self._let_go, number))  # which the future keeps for good

    def _let_go(self, number: int, done: Future[Any]) -> None:
        future = self._started[number].future
        future._needs = ()  # noqa: SLF001 - the future's other half
        if done.cancelled() or done.exception() is None:
            self._started.pop(number)

    def _make(self, called: Called, values: dict[str, Any]) -> _Made:
        """Find out which call this is, and what the record has for it."""
        self.check()
        before = predecessors_of(called, self._lineage)
        arguments = named_inputs(called, values)
        key = key_of(called)
        inputs = inputs_of(arguments, self._lineage)
        call_id = called.id_of(values)
        lane = lanes.current(lambda: digest([key, dict(inputs.digests)])[:8])
        together = called.scope if isinstance(called, NamedCall) else None
        stem = called.stem if isinstance(called, NamedCall) else called.name
        has_key = isinstance(called, NamedCall) and called.key is not None
        with self._making:
            if call_id is not None:
                self._names.claim_id(call_id, _described(called))
            self._made += 1
            turns = self._scope_lane(together) if together is not None else lane
            call = Call(
                checkpoint=called.name,
                place=Place(turns.path, key, turns.turn(key)),
                inputs=inputs.digests,
                news=NOW if inputs.pending else lane.news,
                is_ordered=not in_event_loop() and not has_key,
                index=self._made,
                number=self._names.count(stem),
                base=stem,
                id=call_id,
                key=(stem, called.key) if has_key else None,  # type: ignore[union-attr]  # as has_key says
                group=None if turns.is_counted else turns.group,
                called=called,
                values=arguments,
            )
            try:
                known = self.record.take(call)
            except KitaruDivergenceError as error:
                self._frozen(called.name, values, Held(body_waits=False))  # what cannot be stored was never recorded
                self.stop(error)
            name = self._name(call, known)
        recency = self.record.recency(known)
        return _Made(called, call, name, known, recency, inputs.pending, lane, scope.Call(called), before)

    def _scope_lane(self, scope: Scope) -> Lane:
        """Return what counts the calls of a scope: which task or thread of the framework makes them is its own affair."""
        return self._scope_lanes.setdefault(scope.name, Lane(f"@{scope.name}"))

    def _name(self, call: Call, known: Recorded | None) -> str:
        if known is not None:
            return self._names.keep(known.name)
        return self._names.keep(call.id) if call.id is not None else self._names.new(call.base, self.record.names)

    def _from_record(self, made: _Made) -> Outcome | None:
        """Return what the record has for a call, or raise what it raised; None where it is to run."""
        known = made.known
        if known is None or known.state in (State.AGAIN, State.RUNNING):
            return None
        step = self.record.step(made.name)
        self._call_hooks(made)  # where the runner was lost just before
        if known.state is State.FAILED:
            raise kept_failure(step)
        self._note_other_inputs(made, step)
        self._precedence.ended(made.called, made.name, set(step.spec.upstream_steps))
        return Outcome.of(step)

    def _note_other_inputs(self, made: _Made, step: StepRunResponse) -> None:
        """Record that a result stands for an id though it was made with other inputs."""
        before = made.known.inputs if made.known is not None else None
        if made.call.id is None or before is None:
            return
        other = sorted(name for name, new in made.call.inputs.items() if before.get(name) != new)
        if other and step.run_metadata.get(OTHER_INPUTS_KEY) != other:
            resource = RunMetadataResource(id=step.id, type=MetadataResourceTypes.STEP_RUN)
            write_metadata(resource, {OTHER_INPUTS_KEY: other}, inherited=False)

    def _learn(self, made: _Made, lane: Lane | None = None) -> None:
        """Take note that the body learns what became of a call, and may act upon it."""
        self._take_note(lane or made.lane, made.name, made.recency)

    def _take_note(self, lane: Lane, name: str, recency: Recency) -> None:
        with self._making:
            self._news = max(self._news, recency)
        lane.learn(recency)
        if recency == NOW:
            self._abandon(name)

    def _abandon(self, name: str) -> None:
        """Have the body run again from its beginning, where that is wanted and this is an outcome that it will find."""
        self.check()
        if self._runs_again and name not in self._lost and self.record.left_out(NOW) is None:
            self.stop(Abandoned())

    def stop(self, reason: BaseException) -> NoReturn:
        """End the body, whatever it catches: each further call raises the same."""
        if self.ended_by is None:
            self.ended_by = reason
        raise self.ended_by

    def run_out(self, error: BaseException) -> None:
        """End the body from another thread, as its time is over: what it waits for, and each further call, raises this."""
        self.ended_by = self.ended_by or error
        self.over.set_exception(self.ended_by)
        for way in tuple(self._direct.values()):
            way.stop()
        self.cancel()

    def check(self) -> None:
        """Raise what has ended the body, where something has."""
        if self.ended_by is not None:
            raise self.ended_by

    def expect(self, checkpoint: CheckpointDefinition[..., Any], number: int) -> None:
        """Tell whoever follows the execution how many calls of a checkpoint are coming, where they are many."""
        if number < _FAN_OUT:
            return
        with self._expecting:
            total = self._expected[checkpoint.name] = self._names.counted(checkpoint.name) + number
        if has_log():
            text = f"fan-out of {checkpoint.name}: {total} calls"
            tell(Event(Kind.FAN_OUT, text, checkpoint=checkpoint.name, total=total))
        else:
            note_expected(self._runner.run.id, self._expected)

    def scope(self, base: str, *, key: str | None, run: object) -> Scope:
        """Return the scope of calls that belong together; the same one for the same run."""
        return self._names.scope(base, key=key, run=run, lane=lanes.current(lambda: digest([base, key])[:8]))

    def was_started(self, stem: str, key: str) -> bool:
        """Return whether an earlier attempt, or a replayed execution, has begun a call that a key tells apart."""
        return self.record.has_keyed(stem, key)

    # -- questions ----------------------------------------------------------------------------------------------------

    def ask(self, schema: Any, *, name: str, question: str | None, timeout: float, metadata: dict[str, Any]) -> Any:
        """Wait for an answer from outside and return it; inside a running event loop, return what gives it."""
        self.check()
        lane = lanes.current(lambda: digest([name, question])[:8])
        content = Content.of(schema, metadata)
        with self._making:
            place = Place(lane.path, name, lane.turn(f"question {name}"))
            call = QuestionCall(place, content.digest, self._names.count(f"question {name}"), lane.news)
            try:
                known = self._questions.take(call, content)
            except KitaruDivergenceError as error:
                self.stop(error)
            if known is not None:
                name = self._names.keep(known.name)
            else:
                name = self._names.new(name, self._questions.names | self.record.names)
        waiting = Question(
            self._runner.run,
            name,
            schema,
            content,
            question=question,
            timeout=timeout,
            own={
                AFTER_KEY: self._made,
                PLACE_KEY: vars(place),
                CONTENT_KEY: content.digest,
                ATTEMPT_KEY: self._attempt,
            },
            busy=self._is_busy,
            check=self.check,
            record=self._questions,
            asked=self._hooks.asked,
        )
        return self._ask_async(waiting, lane) if in_event_loop() else self._ask(waiting, lane)

    def _ask(self, waiting: Question, lane: Lane) -> Any:
        try:
            with self.clock.paused():
                answer = waiting.ask()
        except (PauseRequested, WaitAborted) as ended:
            self.stop(ended)
        self._take_note(lane, waiting.name, self._questions.recency(waiting.name))
        return answer

    async def _ask_async(self, waiting: Question, lane: Lane) -> Any:
        try:
            with self.clock.paused():
                answer = await waiting.ask_async()
        except (PauseRequested, WaitAborted) as ended:
            self.stop(ended)
        self._take_note(lane, waiting.name, self._questions.recency(waiting.name))
        return answer

    def _is_busy(self) -> bool:
        return bool(self._wanted())

    def _wanted(self) -> list[Started]:
        """Return the calls that still run and whose outcome somebody may want."""
        started = dict(self._started)
        return [started[number] for number in sorted(wanted_of(started)) if not started[number].is_done]

    # -- the end ------------------------------------------------------------------------------------------------------

    def check_complete(self) -> None:
        """Refuse to end where the record has more that the body, which does the same again, has to ask for."""
        error = self.record.left_out(self._news) or self._questions.left_out(self._news)
        if error is not None:
            self.stop(error)

    async def let_finish(self) -> None:
        """Wait for calls of adapters, which may run in the body's loop."""
        for started in self._in_loop():
            await until_done(started.outcome)

    def _in_loop(self) -> list[Started]:
        started = [*self._earlier.values(), *self._started.values()]
        return [one for one in started if isinstance(one.call.checkpoint, NamedCall) and not one.is_done]

    def settle(self) -> None:
        """Wait for all that the body has started and not given up, and raise the first failure that it never looked at."""
        wanted, counted = wanted_of(dict(self._started)), self._count
        number = -1
        while (number := number + 1) < self._count:  # threads of the body may start further ones meanwhile
            started = self._started.get(number)
            if started is None or (number < counted and number not in wanted):
                continue
            future = started.future
            unseen = not future._seen  # noqa: SLF001 - the future's other half
            self._wait_for(started.outcome)
            self.check()
            error = started.outcome.exception()
            if error is not None and unseen:
                raise error

    def close(self) -> list[Started]:
        """Start no further calls, and return those that run on: nobody has waited for them."""
        self._pool.close()
        wait_for([one.outcome for one in self._in_loop()], cancel_grace())  # they are ending with the loop
        return [one for one in [*self._earlier.values(), *self._started.values()] if not one.is_done]

    def store_result(self, value: Any) -> ArtifactVersionResponse | None:
        """Store what the flow returned, and return its artifact: the checkpoint's own where it is that very value."""
        if isinstance(value, CheckpointFuture):
            artifacts = self.outcome_of(value).artifacts_of(value)
            if len(artifacts) == 1:
                return artifacts[0]
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

    # -- running a call -----------------------------------------------------------------------------------------------

    def _run(self, made: _Made, frozen: Frozen, held: Held, upstream: set[str], gate: Gate | None) -> Outcome:
        try:
            with through(gate, self._await):
                outcome = self._run_step(made, frozen, held, upstream)
        finally:
            made.way.held = None  # the future lives longer than what its call needs
        self._precedence.ended(made.called, made.name, upstream)
        return outcome

    def _run_step(self, made: _Made, frozen: Frozen, held: Held, upstream: set[str]) -> Outcome:
        called, name, values = made.called, made.name, frozen.values
        plain = called if isinstance(called, PlainStep) else None
        others = made.before.wait(self.outcome_of)
        inputs = step_inputs(called, values, partial(self._settled, held), _argument_of(name))
        inputs.add_parts(frozen.wholes)
        invocation = Invocation(
            called,
            name,
            inputs,
            upstream=upstream | others,
            made=self._extra_of(made, as_given(values, held) if made.pending else values),
            started=self.record.version(name),
            may_cache=self.record.may_cache,
        )
        # A checkpoint's entry says itself where its code is; a plain step loads its inputs as ZenML does.
        call = made.way
        call.held = None if plain else held
        place = scope.CheckpointScope(name, self.exec_id, self.replay_of)
        inside = scope.in_checkpoint(place) if plain else nullcontext()
        with announce(name) as announcement, scope.calling(call), inside:
            try:
                step_run = self._retries(made, held).run(
                    partial(self._launch, invocation), self.record.left_by(name), invocation.started
                )
            except BaseException as error:
                if call.is_stopped and isinstance(error, RunStoppedException):
                    announcement.status = CANCELLED
                    end_call(self._runner.run.id, name, str(error))  # ZenML may have it wait for a further try
                came_from(error, name)
                if not keep_failure(self._runner.run.id, name, error):
                    self._lost.add(name)
                self._call_hooks(made)
                raise
            announcement.status = step_run.status.value
        if step_run.status == ExecutionStatus.CACHED:
            note_taken(self._runner.run.id, step_run)
        outcome = Outcome.of(step_run)
        self._call_hooks(made)
        if call.has_value:
            returned, call.value = [call.value], None
            # Who else has it may change it, and the next attempt has what is stored: that is then read where it is wanted.
            if not is_shared(returned):
                outcome.take(returned[0])
                self._know_outputs(outcome)
        return outcome

    def _call_hooks(self, made: _Made) -> None:
        """Have called what the checkpoint names for the end of a call, before the body learns of it."""
        if made.called.options.has_hooks:
            self._hooks.call_ended(made.called, self._runner.run.id, made.name)

    def _retries(self, made: _Made, held: Held) -> Retries:
        resting = None if held.body_waits else self._pool.resting
        return Retries(self._runner.run.id, made.name, made.called.options.retry, made.way, resting)

    def _launch(self, invocation: Invocation, used: int, started: int) -> StepRunResponse:
        """Make one attempt at a call."""
        made = {**invocation.made, USED_KEY: used} if used else invocation.made
        return launch_step(
            snapshot=self._runner.snapshot,
            step=self._compiler.compile(replace_fields(invocation, made=made, used=used, started=started)),
            orchestrator_run_id=self._runner.orchestrator_run_id,
            retry=False,
            wait=True,
        )

    def _extra_of(self, made: _Made, values: dict[str, Any]) -> dict[str, Any]:
        """Return what is recorded of a call to find it again."""
        call = made.call
        digests = dict(call.inputs)
        if made.pending:  # by now it is there
            settled = inputs_of(named_inputs(made.called, values), self._lineage).digests
            digests |= {name: settled[name] for name in made.pending}
        extra: dict[str, Any] = {
            "index": call.index,
            "attempt": self._attempt,
            "place": vars(call.place),
            "inputs": {name: known or NO_DIGEST for name, known in digests.items()},
        }
        return extra if call.id is None else {**extra, "id": call.id}

    def _value_of(self, outcome: Outcome) -> Any:
        if not outcome.loaded:
            outcome.load()
            self._know_outputs(outcome)
        return outcome.value

    def _know_outputs(self, outcome: Outcome) -> None:
        for value, artifact in outcome.outputs:
            self._lineage.add(value, artifact)
            self._lineage.add_parts(value, artifact)

    def _taken(self, made: _Made, values: dict[str, Any], held: Held) -> Frozen:
        """Take the arguments of a call as they are now."""
        # What an agent asks its model has parts of all that was said before: that it comes after it is told by its order.
        wholes = [] if isinstance(made.called, NamedCall) else self._lineage.wholes_in(list(values.values()))
        return Frozen(self._frozen(made.name, values, held, made.digests), wholes)

    def _frozen(
        self, name: str, values: dict[str, Any], held: Held, digests: Mapping[str, str | None] | None = None
    ) -> dict[str, Any]:
        what = _argument_of(name)
        return {
            key: freeze(
                value,
                self._lineage,
                held,
                what,
                lambda part, key=key: self._saved.artifact_of(part, (digests or {}).get(key), held, what),  # type: ignore[misc]
            )
            for key, value in values.items()
        }

    def _settled(self, held: Held, future: CheckpointFuture[Any]) -> Any:
        """Return a future's artifact, a tuple of them where it has several outputs, None where it has none."""
        outcome = self.outcome_of(future)
        if outcome.loaded:
            for value, artifact in outcome.outputs:
                held.keep(artifact.id, value, unchanged=False)
        artifacts = outcome.artifacts_of(future)
        if len(artifacts) > 1:
            return artifacts
        return artifacts[0] if artifacts else None

    def outcome_of(self, future: CheckpointFuture[Any]) -> Outcome:
        """Wait for a future and return what its call left."""
        future = whole_of(future)
        future._seen = True  # noqa: SLF001 - the future's other half
        return cast("Outcome", self._await(future._future))  # noqa: SLF001


def _halves(futures: Iterable[CheckpointFuture[Any]]) -> list[Future[Outcome]]:
    """Return what the body completes of futures."""
    return [future._future for future in futures]  # noqa: SLF001 - the future's other half


def _nothing() -> None:
    """Do nothing."""


def _resolved(part: Any) -> Any:
    if isinstance(part, CheckpointFuture):
        return part.result()
    return part.load(disable_cache=True) if isinstance(part, _LOADABLE) else part


def _described(called: Called) -> str:
    return f"{'ZenML step' if isinstance(called, PlainStep) else 'checkpoint'} {called.name!r}"


def _argument_of(name: str) -> str:
    return f"An argument of checkpoint {name!r}"
