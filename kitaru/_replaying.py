"""Starting replays: of one execution, and of many with a limit on how many run at a time."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kitaru._core.code import loading, scope
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.environment import progress as wanted
from kitaru._core.settings.settings import Provenance, ResolvedSettings, resolve, validate_options
from kitaru.errors import KitaruError, KitaruUsageError
from kitaru.models import ReplayOutcome, Replays

if TYPE_CHECKING:
    from kitaru._core.settings.options import Options
    from kitaru.client import Executions
    from kitaru.flows import Flow
    from kitaru.handle import FlowHandle


@dataclass(frozen=True)
class Change:
    """What is different in a replay; see ``kitaru.Flow.replay``."""

    at: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    skip: Sequence[str] | None = None
    wait_answers: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "wait_answers"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Mapping):
                raise KitaruUsageError(f"replay({name}={value!r}): give a mapping, such as {{'name': value}}.")
        if isinstance(self.skip, str):
            raise KitaruUsageError(f"replay(skip={self.skip!r}): give a list of names: skip=[{self.skip!r}].")


def start_replay(flow: Flow[..., Any], execution: Any, change: Change, options: Options) -> FlowHandle[Any]:
    """Start a replay and return its handle.

    Args:
        flow: The flow, as its code is now.
        execution: The original: its id, or anything that has an ``exec_id``.
        change: What is different.
        options: The settings that were given with the call.
    """
    from kitaru._runner.launch import start
    from kitaru._zenml.submitting import replay_plan
    from kitaru.handle import FlowHandle

    executing = loading.execution() if scope.current_checkpoint() is None else None
    if executing is not None:  # the runner imports the script that started this replay
        return FlowHandle(executing)
    answers = {name: _plain(value) for name, value in (change.wait_answers or {}).items()}
    drafted = replay_plan.draft(
        flow,
        getattr(execution, "exec_id", execution),
        at=change.at,
        inputs=change.inputs or {},
        outputs=change.outputs or {},
        skip=list(change.skip or ()),
        answers=answers,
        cache=bool(options.get("cache")),
    )
    inherited = validate_options("the original's .run", **drafted.options)
    settings = resolve(run=options, flow=[inherited, *flow.options])
    return FlowHandle(start(flow, drafted.values, _uncached(settings, options), drafted))


def _uncached(settings: ResolvedSettings, options: Options) -> ResolvedSettings:
    """What is to run again shall run, unless the call says otherwise."""
    if "cache" in options:
        return settings
    return replace(
        settings, cache=False, provenance={**settings.provenance, "cache": Provenance("default", "off in replays")}
    )


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


# -- many -------------------------------------------------------------------------------------------------------------

# Seconds between two looks at a replay, and how long a question must stand before nobody is expected to answer.
_LOOK = 0.3
_ASKED_FOR = 2.0


def replay_all(
    executions: Executions,
    originals: Sequence[str],
    change: Change,
    options: Mapping[str, Any],
    *,
    at_once: int,
    progress: bool | None,
) -> Replays:
    """Replay many executions, some at a time; see ``kitaru.client.Executions.replay_many``."""
    if isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1:
        raise KitaruUsageError(f"replay_many(at_once={at_once!r}): give a whole number from 1 up.")
    checked = validate_options(".replay", **options)
    tally = _Tally(len(originals), shown=wanted() is not False if progress is None else progress)
    flows = {original: _flow(executions, original) for original in originals}  # one after the other: this imports code
    with ThreadPoolExecutor(at_once, "kitaru-replay") as pool:
        try:
            outcomes = list(pool.map(lambda known: _replay_one(known, flows[known], change, checked, tally), originals))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what has been started goes on by itself
            tally.stop = True
            raise
    return Replays(outcomes=tuple(outcomes))


class _Tally:
    """How far many replays are, in a line on stderr: rewritten on a terminal, a new one for each end in a log."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self._total = total
        self._shown = shown
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.stop = False

    def note(self, outcome: ReplayOutcome) -> None:
        with self._lock:
            self._counts[str(outcome.status or "not started")] += 1
            done = sum(self._counts.values())
            if not self._shown:
                return
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.items())
            last = f" (last: {(outcome.exec_id or outcome.original_exec_id)[:8]})"
            end = "\n" if not sys.stderr.isatty() or done == self._total else "\r"
            sys.stderr.write(f"kitaru: {done} of {self._total} replays have ended: {counts}{last}{end}")
            sys.stderr.flush()


def _flow(executions: Executions, original: str) -> Flow[..., Any] | KitaruError:
    try:
        return executions.flow(original)
    except KitaruError as error:
        return error


def _replay_one(
    original: str, flow: Flow[..., Any] | KitaruError, change: Change, options: Options, tally: _Tally
) -> ReplayOutcome:
    outcome = ReplayOutcome(original_exec_id=original, exec_id=None, status=None, error=None)
    try:
        if isinstance(flow, KitaruError):
            raise flow
        handle = start_replay(flow, original, change, options)
        outcome = outcome.model_copy(update={"exec_id": handle.exec_id})
        status = _end_of(handle, tally)
        outcome = outcome.model_copy(update={"status": status})
        if status.is_finished:
            outcome = outcome.model_copy(update={"result": handle.get()})
    except KitaruError as error:
        outcome = outcome.model_copy(update={"error": str(error)})
    tally.note(outcome)
    return outcome


def _end_of(handle: FlowHandle[Any], tally: _Tally) -> ExecutionStatus:
    """Wait until an execution has ended, or waits for an answer that nobody has given ahead."""
    asked: float | None = None
    while not (status := handle.status).is_finished and not tally.stop:
        if status is not ExecutionStatus.WAITING:
            asked = None
        elif asked is None:
            asked = time.monotonic()
        elif time.monotonic() - asked > _ASKED_FOR:
            break
        time.sleep(_LOOK)
    return status
