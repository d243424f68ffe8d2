"""Flow bodies made at random, interrupted at random moments: what comes out must be what an uninterrupted run gives.

A body is data: a list of steps, each a list that begins with its kind. ``perform`` goes through it with the means of a
sync body, of an async one, or of no flow at all, which gives what is expected. All examples run in this process, with
the inline runner: a runner that is lost is one whose record ends there and then, as ``Interruptions`` does it.

    python random_bodies.py inline NUMBER SEED SECONDS    # in this process
    python random_bodies.py killed NUMBER SEED SECONDS    # in workers that are killed
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import kitaru
from kitaru import Checkpoint, FlowHandle, KitaruClient, KitaruDivergenceError, KitaruExecutionError, checkpoint, flow
from kitaru._core.code import scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

# Where the examples that run in workers keep their notes, and the numbers that their delays come from.
FOLDER = "RANDOM_BODIES_FOLDER"
# From when on what is called and caught fails again: the first attempt of those whose failures stand.
SINCE: ContextVar[int] = ContextVar("since", default=0)
# Seconds in which an execution in workers has ended, or asks.
PATIENCE = 120.0
# How long calls take, longer than what Kitaru adds, or nothing.
DURATIONS = (0.0, 0.0, 0.0, 0.05, 0.15)

T = TypeVar("T")
Body = list[list[Any]]


class RefusedError(Exception):
    """What bodies catch."""


class BrokenError(Exception):
    """What no body catches: the attempt fails."""


class Lost(BaseException):
    """The runner is lost here."""


# -- notes ------------------------------------------------------------------------------------------------------------


class Notes:
    """What calls note outside of the execution: how often they were made, and what is to happen once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def here(cls) -> Self:
        return cls(Path(os.environ[FOLDER]))

    def add(self, kind: str, what: str) -> None:
        descriptor = os.open(self._folder / kind, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, f"{what}\n".encode())
        os.close(descriptor)

    def count(self, kind: str) -> Counter[str]:
        path = self._folder / kind
        return Counter(path.read_text(encoding="utf-8").splitlines() if path.exists() else ())

    def once(self, event: str) -> bool:
        """Whether this is the first time."""
        try:
            (self._folder / f"once {event.replace('/', '|')}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @property
    def plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads((self._folder / "plan.json").read_text(encoding="utf-8"))
        return plan

    @plan.setter
    def plan(self, plan: dict[str, Any]) -> None:
        (self._folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")


# -- checkpoints ------------------------------------------------------------------------------------------------------


def begin(name: str, text: str) -> float:
    """Break or be killed where that is planned, and return how long the call takes this time."""
    notes = Notes.here()
    call = f"{name}({text})"
    started = notes.count("started")[call]
    notes.add("started", call)
    if call in notes.plan["broken"] and notes.once(f"broken {call}"):
        raise BrokenError(call)
    if call in notes.plan["killed"] and notes.once(f"killed {call}"):
        notes.add("kills", call)
        os.kill(os.getpid(), signal.SIGKILL)
    chance = random.Random(f"{notes.plan['salt']} {call} {started} {sum(notes.count('bodies').values())}")
    return chance.choice(DURATIONS)


def end(name: str, text: str) -> str:
    Notes.here().add("done", f"{name}({text})")
    return f"{name}({text})"


@checkpoint(cache=False)
def blocking(text: str) -> str:
    time.sleep(begin("blocking", text))
    return end("blocking", text)


@checkpoint(cache=False)
async def awaiting(text: str) -> str:
    await asyncio.sleep(begin("awaiting", text))
    return end("awaiting", text)


def made(name: str) -> Checkpoint[[str], str]:
    @checkpoint(cache=False)
    def make(text: str) -> str:
        time.sleep(begin(name, text))
        return end(name, text)

    return make


left, right = made("left"), made("right")
LISTED = [made("third"), made("fourth")]

CHECKPOINTS: dict[str, Checkpoint[[str], str]] = {
    "blocking": blocking,
    "awaiting": awaiting,
    "left": left,
    "right": right,
    "third": LISTED[0],
    "fourth": LISTED[1],
}


@checkpoint(cache=False)
def risky(text: str, how: str) -> str:
    """Fail always, or once: then a second try of the same attempt would go well, and the body another way."""
    notes = Notes.here()
    time.sleep(begin("risky", text))
    notes.add("tried", f"{text} since {SINCE.get()}")
    if how == "always" or (how == "once" and notes.once(f"risky {text} since {SINCE.get()}")):
        raise RefusedError(f"refused {text}")
    return end("risky", text)


def answer_to(item: str) -> str:
    return f"answer about {item}"


# -- what a body is performed with ------------------------------------------------------------------------------------


class Expected:
    """Performs a body without a flow, and counts its calls: what an uninterrupted run gives."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.questions = 0

    async def call(self, name: str, text: str, _id: str | None) -> str:
        self.calls[f"{name}({text})"] += 1
        return f"{name}({text})"

    async def risk(self, text: str, how: str) -> str:
        self.tried[text] += 1
        if how != "never":
            raise RefusedError(f"refused {text}")
        return await self.call("risky", text, None)

    async def ask(self, _name: str, item: str, _seconds: float) -> str:
        self.questions += 1
        return answer_to(item)

    def ordered(self, words: Sequence[str]) -> list[str]:
        return list(words)

    async def fan(self, _how: str, branches: Sequence[Callable[[], Coroutine[Any, Any, Any]]]) -> list[Any]:
        return [await branch() for branch in branches]

    async def futures(self, _how: str, names: Sequence[str], texts: Sequence[str]) -> list[str]:
        values = list(texts)
        for name in names:
            values = [await self.call(name, value, None) for value in values]
        return values


class InFlow:
    """What sync and async bodies have in common."""

    def __init__(self) -> None:
        self._notes = Notes.here()

    def ordered(self, words: Sequence[str]) -> list[str]:
        """Return the words in an order that is another one in each runner, as a set of strings has it."""
        words = list(words)
        random.Random(f"{self._notes.plan['salt']} {os.getpid()} {Interruptions.runners}").shuffle(words)
        return words


class Sync(InFlow):
    """The means of a sync body, and of a thread of an async one."""

    async def call(self, name: str, text: str, call_id: str | None) -> str:
        value: str = _checkpoint(name, call_id)(text)
        return Interruptions.outcome(value)

    async def risk(self, text: str, how: str) -> str:
        return Interruptions.caught(lambda: risky(text, how))

    async def ask(self, name: str, item: str, seconds: float) -> str:
        question = f"What about {item}?"
        answer: str = kitaru.wait(str, name=name, question=question, metadata={"item": item}, timeout=seconds)
        return Interruptions.outcome(answer)

    async def fan(self, _how: str, branches: Sequence[Callable[[], Coroutine[Any, Any, Any]]]) -> list[Any]:
        return [await branch() for branch in branches]

    async def futures(self, how: str, names: Sequence[str], texts: Sequence[str]) -> list[str]:
        if how == "map":
            values = list(texts)
            for name in names:
                values = Interruptions.outcome(list(CHECKPOINTS[name].map(values).results()))
            return values
        if how == "done":
            return self._as_they_are_done(names, texts)
        futures = [CHECKPOINTS[names[0]].submit(text) for text in texts]
        for name in names[1:]:
            if how == "pass":
                futures = [_checkpoint(name, None).submit(future) for future in futures]
            else:
                futures = [CHECKPOINTS[name].submit(Interruptions.outcome(future.result())) for future in futures]
        return [Interruptions.outcome(future.result()) for future in futures]

    def _as_they_are_done(self, names: Sequence[str], texts: Sequence[str]) -> list[str]:
        running = {number: (CHECKPOINTS[names[0]].submit(text), names[1:]) for number, text in enumerate(texts)}
        values: dict[int, str] = {}
        while running:
            for number, (future, rest) in [item for item in running.items() if item[1][0].done()]:
                value = Interruptions.outcome(future.result())
                if rest:
                    running[number] = (CHECKPOINTS[rest[0]].submit(value), rest[1:])
                else:
                    values[number] = value
                    del running[number]
            time.sleep(0.002)
        return [values[number] for number in range(len(texts))]


class Async(InFlow):
    """The means of an async body."""

    async def call(self, name: str, text: str, call_id: str | None) -> str:
        value: str = await _checkpoint(name, call_id)(text)
        return Interruptions.outcome(value)

    async def risk(self, text: str, how: str) -> str:
        future: Any = risky(text, how)
        try:
            value: str = await future
        finally:
            Interruptions.outcome(None)
        return value

    async def ask(self, name: str, item: str, seconds: float) -> str:
        question = f"What about {item}?"
        asked: Any = kitaru.wait(str, name=name, question=question, metadata={"item": item}, timeout=seconds)
        answer: str = await asked
        return Interruptions.outcome(answer)

    async def fan(self, how: str, branches: Sequence[Callable[[], Coroutine[Any, Any, Any]]]) -> list[Any]:
        if how == "gather":
            return await asyncio.gather(*(branch() for branch in branches))
        if how == "tasks":
            tasks = [asyncio.create_task(branch()) for branch in branches]
            values = [await task for task in reversed(tasks)]
            return values[::-1]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(branch()) for branch in branches]
        return [task.result() for task in tasks]

    async def futures(self, how: str, names: Sequence[str], texts: Sequence[str]) -> list[str]:
        futures = [CHECKPOINTS[names[0]].submit(text) for text in texts]
        for name in names[1:]:
            if how == "pass":
                futures = [_checkpoint(name, None).submit(future) for future in futures]
            else:
                futures = [CHECKPOINTS[name].submit(Interruptions.outcome(await future)) for future in futures]
        return [Interruptions.outcome(await future) for future in futures]


def _checkpoint(name: str, call_id: str | None) -> Any:
    return CHECKPOINTS[name] if call_id is None else CHECKPOINTS[name].with_options(id=call_id)


# -- the language -----------------------------------------------------------------------------------------------------


async def perform(body: Body, means: Any, path: str = "", beside: str = "") -> list[Any]:
    """Go through a body and return what each of its steps got.

    Args:
        body: The steps.
        means: What calls, asks and fans out.
        path: Where the body stands in the whole.
        beside: What is added to texts, so that calls for different words, and in different threads, are different.
    """
    return [await STEPS[step[0]](step, means, f"{path}/{number}", beside) for number, step in enumerate(body)]


async def _call(step: list[Any], means: Any, path: str, beside: str) -> Any:
    _, name, text, has_id = step
    return await means.call(name, text + beside, f"id {path}{beside}" if has_id else None)


async def _chain(step: list[Any], means: Any, _path: str, beside: str) -> Any:
    _, names, text = step
    value = text + beside
    for name in names:
        value = await means.call(name, value, None)
    return value


async def _try(step: list[Any], means: Any, path: str, beside: str) -> Any:
    _, how, if_it_goes, if_it_fails = step
    try:
        value = await means.risk(path + beside, how)
    except RefusedError as error:
        return ["caught", str(error), await perform(if_it_fails, means, f"{path}f", beside)]
    return ["went", value, await perform(if_it_goes, means, f"{path}g", beside)]


async def _ask(step: list[Any], means: Any, path: str, beside: str) -> Any:
    _, name, seconds = step
    return await means.ask(name, path + beside, seconds)


async def _words(step: list[Any], means: Any, path: str, beside: str) -> Any:
    _, words, inner = step
    got = {word: await perform(inner, means, path, f"{beside} {word}") for word in means.ordered(words)}
    return [[word, got[word]] for word in words]


async def _fan(step: list[Any], means: Any, path: str, beside: str) -> Any:
    _, how, branches = step
    paths = [f"{path}.{number}" for number in range(len(branches))]
    if how != "threads":
        performed = [
            lambda branch=branch, at=at: perform(branch, means, at, beside)
            for branch, at in zip(branches, paths, strict=True)
        ]
    elif isinstance(means, Async):
        performed = [
            lambda branch=branch, at=at: asyncio.to_thread(to_end, perform(branch, Sync(), at, f"{beside} {at}"))
            for branch, at in zip(branches, paths, strict=True)
        ]
        how = "gather"
    else:
        performed = [
            lambda branch=branch, at=at: perform(branch, means, at, f"{beside} {at}")
            for branch, at in zip(branches, paths, strict=True)
        ]
    return await means.fan(how, performed)


async def _futures(step: list[Any], means: Any, _path: str, beside: str) -> Any:
    _, how, names, texts = step
    return await means.futures(how, names, [text + beside for text in texts])


STEPS: dict[str, Callable[[list[Any], Any, str, str], Awaitable[Any]]] = {
    "call": _call,
    "chain": _chain,
    "try": _try,
    "ask": _ask,
    "words": _words,
    "fan": _fan,
    "futures": _futures,
}


def to_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits")


def is_ordered(body: Body) -> bool:
    """Whether each lane of a body makes its calls in one order, whatever the timing and the runner."""
    for step in body:
        kind = step[0]
        if kind == "words" and len(step[1]) > 1:
            return False
        if kind == "futures" and step[1] == "done":
            return False
        bodies: list[Body] = {"words": step[2:3], "try": step[2:], "fan": step[2] if kind == "fan" else []}.get(
            kind, []
        )
        if not all(map(is_ordered, bodies)):
            return False
    return True


@flow(retries=6, cache=False)
def sync_body(body: str) -> list[Any]:
    Notes.here().add("bodies", "run")
    result: list[Any] = to_end(perform(json.loads(body), Sync()))
    return result


@flow(retries=6, cache=False)
async def async_body(body: str) -> list[Any]:
    Notes.here().add("bodies", "run")
    return await perform(json.loads(body), Async())


# -- interruptions in this process ------------------------------------------------------------------------------------


class Interruptions:
    """Loses runners of this process: the body ends, nothing is recorded of its end, and another runner takes over."""

    runners = 0
    losses: frozenset[int] = frozenset()
    outcomes = 0
    lost = 0
    _waiting: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    @classmethod
    def outcome(cls, value: T) -> T:
        """Pass on what the body has been given, or lose the runner."""
        cls.outcomes += 1
        if cls.outcomes in cls.losses:
            body: Any = scope.current_body()
            body.stop(Lost())
        return value

    @classmethod
    def caught(cls, call: Callable[[], T]) -> T:
        try:
            return call()
        finally:
            cls.outcome(None)

    @classmethod
    def begin(cls, losses: Sequence[int]) -> None:
        cls.runners, cls.outcomes, cls.lost, cls.losses = 0, 0, 0, frozenset(losses)

    @classmethod
    def install(cls) -> None:
        """Have lost runners replaced, and answers go on, in this process."""
        from kitaru._runner import launch
        from kitaru._zenml.running import execute

        patched: Any = execute
        run_attempt, run_flow = execute._run_attempt, execute.run_flow

        def attempt(*args: Any, since: int, **kwargs: Any) -> Any:
            token = SINCE.set(since)
            try:
                body, result = run_attempt(*args, since=since, **kwargs)
            finally:
                SINCE.reset(token)
            if isinstance(body.ended_by, Lost):
                raise body.ended_by
            return body, result

        def run(*args: Any) -> Any:
            while True:
                cls.runners += 1
                try:
                    return run_flow(*args)
                except Lost:
                    cls.lost += 1
                    execute._lost.append("lost at random")

        patched._run_attempt, patched.run_flow = attempt, run
        launch._continue_detached = lambda exec_id, job, **_: cls._waiting.append((exec_id, job))

    @classmethod
    def go_on(cls) -> None:
        """Run what an answer has let go on."""
        from kitaru._runner.launch import run_inline

        while cls._waiting:
            run_inline(*cls._waiting.pop())


# -- examples ---------------------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What has come of the examples."""

    seed: int
    until: float
    examples: int = 0
    skipped: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    diverged: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        smallest = min(self.faults, key=lambda fault: len(json.dumps(fault["example"])), default=None)
        return {
            "seed": self.seed,
            "examples": self.examples,
            "skipped": self.skipped,
            "kinds": self.kinds,
            "diverged": self.diverged,
            "faults": len(self.faults),
            "smallest": smallest,
        }


def check(example: dict[str, Any], report: Report) -> None:
    """Run an example and compare."""
    expected = Expected()
    result = to_end(perform(example["body"], expected))
    folder = Path(tempfile.mkdtemp(prefix="random-body-"))
    os.environ[FOLDER] = str(folder)
    notes = Notes(folder)
    calls = sorted(expected.calls)
    broken, killed = ([calls[number % len(calls)] for number in example[kind]] for kind in ("broken", "killed"))
    notes.plan = {"salt": example["salt"], "broken": broken, "killed": killed}
    Interruptions.begin(example["losses"])
    os.environ["KITARU_FORCE_REPLAY"] = "on" if example["forced"] else "off"
    try:
        handle = (async_body if example["async"] else sync_body).run(json.dumps(example["body"]))
        ended = _ending(handle)
        report.examples += 1
        _count_kinds(example, expected, notes, report)
        fault = _fault(example, ended, result) or _repeated(expected, notes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told = {"example": example, "ended": ended, "id": handle.exec_id}
    if ended.get("error") == "KitaruDivergenceError" and fault is None:
        report.diverged.append(told)
    if fault is not None:
        report.faults.append({**told, "fault": fault, "expected": result})
        print(json.dumps(report.faults[-1]), flush=True)
        raise AssertionError(fault)


def _fault(example: dict[str, Any], ended: dict[str, Any], result: list[Any]) -> str | None:
    if ended.get("error") == "KitaruDivergenceError":
        return "it diverged, though its order is that of the code" if is_ordered(example["body"]) else None
    if "error" in ended:
        return "it failed"
    return None if ended["result"] == result else "the result is another one"


def _repeated(expected: Expected, notes: Notes) -> str | None:
    """Tell which completed calls were made again.

    What ends while the worker is killed may not be recorded yet, and then runs again.
    """
    kills = sum(notes.count("kills").values())
    for call, number in notes.count("done").items():
        if number > expected.calls[call] + kills:
            return f"{call} completed {number} times, not {expected.calls[call]}"
    for tried, number in notes.count("tried").items():
        text = tried.rpartition(" since ")[0]
        if number > expected.tried[text] + kills:
            return f"risky({tried}) was tried {number} times in attempts whose failures stand"
    return None


def _count_kinds(example: dict[str, Any], expected: Expected, notes: Notes, report: Report) -> None:
    report.kinds["async" if example["async"] else "sync"] += 1
    report.kinds["in order" if is_ordered(example["body"]) else "in any order"] += 1
    report.kinds["forced"] += example["forced"]
    report.kinds["with failed attempts"] += notes.count("started").total() > 0 and bool(
        list(notes._folder.glob("once broken*"))
    )
    report.kinds["with lost runners"] += Interruptions.lost > 0 or notes.count("kills").total() > 0
    report.kinds["with questions"] += expected.questions > 0
    report.kinds["with caught failures"] += notes.count("tried").total() > 0
    report.kinds["runs of bodies"] += notes.count("bodies").total()
    report.kinds["calls"] += expected.calls.total()


def _ending(handle: FlowHandle[Any]) -> dict[str, Any]:
    """Answer all questions, and return the result or the error."""
    executions = KitaruClient().executions
    answered: set[str] = set()
    deadline = time.monotonic() + PATIENCE
    while not (execution := handle.execution).status.is_finished:
        question = execution.pending_wait
        if question and question.name not in answered and execution.attempts[-1].outcome == "waiting":
            answered.add(question.name)
            executions.input(handle.exec_id, value=answer_to(question.metadata["item"]), wait=question.name)
            Interruptions.go_on()
            continue
        if time.monotonic() > deadline:
            return {"error": "it did not end", "message": str(execution)}
        time.sleep(0.02)
    try:
        return {"result": handle.wait(timeout=PATIENCE, progress=False)}
    except KitaruDivergenceError as error:
        return {"error": "KitaruDivergenceError", "message": str(error)}
    except KitaruExecutionError as error:
        return {"error": type(error).__name__, "type": error.exception_type, "message": str(error)}


def run_examples(number: int, seed: int, seconds: float, *, killed: bool) -> Report:
    """Have hypothesis make examples, until there are enough or the time is over."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, assume, given, settings

    report = Report(seed, time.monotonic() + seconds)

    @hypothesis.seed(seed)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(example=_examples(killed=killed))
    def holds(example: dict[str, Any]) -> None:
        expected = Expected()
        to_end(perform(example["body"], expected))
        assume(2 <= expected.calls.total() <= 8)
        assume(expected.questions <= 2)
        if time.monotonic() > report.until:
            report.skipped += 1
            return
        check(example, report)

    try:
        holds()
    except BaseException as error:
        if not report.faults:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return report


def _examples(*, killed: bool) -> Any:
    from hypothesis import strategies as st

    names = st.sampled_from(list(CHECKPOINTS))
    texts = st.sampled_from(["a", "b", "c"])
    some = st.sampled_from(["ask", "confirm"])

    def step(*parts: Any) -> Any:
        return st.tuples(*(part if hasattr(part, "example") else st.just(part) for part in parts)).map(list)

    def evenly(*strategies: Any) -> Any:
        return st.integers(0, len(strategies) - 1).flatmap(strategies.__getitem__)

    calls = step("call", names, texts, st.booleans())
    chains = step("chain", st.lists(names, min_size=2, max_size=3), texts)
    asks = step("ask", some, st.sampled_from([0, 0.05]))
    kinds = ["always", "never"] if killed else ["once", "once", "always", "never"]
    small = st.lists(st.one_of(calls, chains), min_size=0, max_size=2)
    tries = step("try", st.sampled_from(kinds), small, small)
    leaves = evenly(calls, chains, tries, asks)
    words = step(
        "words",
        st.lists(st.sampled_from(["one", "two", "three"]), min_size=2, max_size=3, unique=True),
        st.lists(st.one_of(calls, chains, tries), min_size=1, max_size=2),
    )

    def futures(hows: list[str]) -> Any:
        several = st.lists(texts, min_size=2, max_size=3, unique=True)
        return step("futures", st.sampled_from(hows), st.lists(names, min_size=1, max_size=2), several)

    branches = st.lists(st.lists(leaves, min_size=1, max_size=2), min_size=2, max_size=3)
    fans = step("fan", st.sampled_from(["gather", "group", "tasks", "threads"]), branches)
    lists = st.lists(st.one_of(leaves, fans, futures(["pass", "result"])), min_size=1, max_size=2)
    nested = step("fan", st.sampled_from(["gather", "group", "tasks"]), st.lists(lists, min_size=2, max_size=2))
    # Chosen in two steps, lest one_of() give each kind of leaf as much weight as all the rest.
    of_sync = evenly(leaves, asks, chains, futures(["pass", "result", "map", "done"]), words)
    of_async = evenly(leaves, asks, fans, fans, fans, nested, futures(["pass", "result"]), words)

    def interrupted(is_async: bool) -> Any:
        return st.fixed_dictionaries(
            {
                "async": st.just(is_async),
                "body": st.lists(of_async if is_async else of_sync, min_size=2, max_size=4),
                "salt": st.integers(0, 99),
                "forced": st.just(False) if killed else st.sampled_from([False, False, True]),
                "broken": st.lists(st.integers(0, 11), max_size=2),
                "losses": st.just([]) if killed else st.lists(st.integers(1, 6), max_size=2),
                "killed": st.lists(st.integers(0, 11), min_size=1, max_size=2) if killed else st.just([]),
            }
        )

    return st.sampled_from([True, False]).flatmap(interrupted)


def main(runner: str, number: str, seed: str, seconds: str) -> None:
    os.environ.update({"KITARU_LOCAL_RUNNER": "inline" if runner == "inline" else "process", "KITARU_PROGRESS": "off"})
    if runner == "inline":
        Interruptions.install()
    began = time.monotonic()
    report = run_examples(int(number), int(seed), float(seconds), killed=runner == "killed")
    gc.collect()  # what asyncio tells of tasks that nobody looked at comes before the facts
    print(json.dumps({**report.facts(), "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
