"""Starting replays: of one execution, and of many with a limit on how many run at a time."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kitaru._core.code import loading
from kitaru._core.records.executions import ReplayOutcome, Replays
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.environment import progress as progress_setting
from kitaru._core.settings.options import Options
from kitaru._core.settings.settings import Provenance, ResolvedSettings, resolve, validate_options
from kitaru.errors import KitaruError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.settings.keywords import ReplayOptions


def start_replay(flow: FlowDefinition[..., Any], execution: Any, change: ReplayOptions, options: Options) -> str:
    """Start a replay and return its id.

    Args:
        flow: The flow, as its code is now.
        execution: The original: its id, or anything that has an ``exec_id``.
        change: What is different.
        options: The settings that were given with the call.
    """
    from kitaru._runner.launch import start
    from kitaru._zenml.submitting import replay_plan

    executing = loading.execution()
    if executing is not None:  # the runner imports the script that started this replay
        return executing
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
    settings = resolve(run=options, flow=[inherited, *map(_of_replay, flow.options)])
    return start(flow, drafted.values, _uncached(settings, options), drafted)


def _of_replay(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options of a flow without the name that its decorator gives: the original may have it."""
    if getattr(options, "where", None) != "@flow" or "name" not in options:
        return options
    return Options("@flow", {name: value for name, value in options.items() if name != "name"})


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
_QUESTION_SECONDS = 2.0


def replay_all(
    originals: Sequence[str],
    change: ReplayOptions,
    options: Options,
    *,
    at_once: int,
    progress: bool | None,
) -> Replays:
    """Replay many executions, some at a time; see ``kitaru.client.Executions.replay_many``."""
    if isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1:
        raise KitaruUsageError(f"replay_many(at_once={at_once!r}): give a whole number from 1 up.")
    tally = _Tally(len(originals), shown=progress_setting() is not False if progress is None else progress)
    flows = {original: _flow(original) for original in originals}  # one after the other: this imports code
    with ThreadPoolExecutor(at_once, "kitaru-replay") as pool:
        try:
            outcomes = list(pool.map(lambda known: _replay_one(known, flows[known], change, options, tally), originals))
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


def _flow(original: str) -> FlowDefinition[..., Any] | KitaruError:
    from kitaru._zenml.reading import flow_source
    from kitaru._zenml.records import runs

    try:
        return flow_source.flow_of(runs.find_run(original))
    except KitaruError as error:
        return error


def _replay_one(
    original: str, flow: FlowDefinition[..., Any] | KitaruError, change: ReplayOptions, options: Options, tally: _Tally
) -> ReplayOutcome:
    from kitaru._zenml.reading import executions

    outcome = ReplayOutcome(original_exec_id=original, exec_id=None, status=None, error=None)
    try:
        if isinstance(flow, KitaruError):
            raise flow
        exec_id = start_replay(flow, original, change, options)
        outcome = outcome.model_copy(update={"exec_id": exec_id})
        status = _end_of(exec_id, tally)
        outcome = outcome.model_copy(update={"status": status})
        if status.is_finished:
            outcome = outcome.model_copy(update={"result": executions.read_result(exec_id)})
    except KitaruError as error:
        outcome = outcome.model_copy(update={"error": str(error)})
    tally.note(outcome)
    return outcome


def _end_of(exec_id: str, tally: _Tally) -> ExecutionStatus:
    """Wait until an execution has ended, or waits for an answer that nobody has given ahead."""
    from kitaru._zenml.records import runs

    waiting_since: float | None = None
    while not (status := runs.read_status(exec_id)).is_finished and not tally.stop:
        if status is not ExecutionStatus.WAITING:
            waiting_since = None
        elif waiting_since is None:
            waiting_since = time.monotonic()
        elif time.monotonic() - waiting_since > _QUESTION_SECONDS:
            break
        time.sleep(_LOOK)
    return status
