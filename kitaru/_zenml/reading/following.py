"""Following an execution at little cost: only the calls that changed, only the output that is new."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from zenml.client import Client
from zenml.enums import ExecutionStatus as ZenMLStatus
from zenml.utils.dashboard_utils import get_run_url

from kitaru._core.drawing.live_state import Step, Summary
from kitaru._core.process.event import Event, Kind
from kitaru._zenml.door.store import translated
from kitaru._zenml.reading.executions import progress_of, step_status
from kitaru._zenml.reading.logs import printed_by, runner_lines
from kitaru._zenml.records import records
from kitaru._zenml.records.original import plan_of
from kitaru._zenml.records.runner_log import RunnerLog
from kitaru._zenml.records.runs import find_run, flow_name_of, utc
from kitaru._zenml.records.step_list import list_steps
from kitaru._zenml.records.tracking import PROGRESS_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StepRunResponse

    from kitaru._core.records.executions import LogEntry

# Seconds between two reads of logs that are in the artifact store; and how much of the time reading may take at most.
_LOG_LOOK: Final = 2.0
_SHARE: Final = 0.2
# ZenML filters by whole seconds, and its server's clock need not be this one's.
_OVERLAP: Final = timedelta(seconds=2)
_RUNNING: Final = 8
_READ_AT_ONCE: Final = 20
# Seconds: how late the log of a call that has ended may come; how long the end waits for the last ones, and looks.
_DELAY: Final = 15.0
_LAST_LINES, _LAST_LOOK = 1.5, 0.3


class Follower:
    """Reads what is new of an execution."""

    def __init__(self, exec_id: str) -> None:
        """Start with everything being new.

        Args:
            exec_id: The execution's full id.
        """
        self.run: PipelineRunResponse = find_run(exec_id)
        self.runner: str | None = records.extra_of(self.run).get("runner")
        self.replays = plan_of(self.run) is not None
        # What a thread of a process prints is where that process prints.
        self._output = Output(self.run, stored=self.runner == "stack")
        self._changed = _Changed(self.run.id)

    @property
    def exec_id(self) -> str:
        """The execution's full id."""
        return str(self.run.id)

    @property
    def has_file(self) -> bool:
        """Whether its output is a file of this machine, with everything that the runner says."""
        return self._output.is_file

    def new(self, *, final: bool) -> list[str | Event]:
        """Read the output and the events that are new; an incomplete last line only at the end."""
        return self._output.new(final=final)

    def summary(self) -> Summary:
        """Read what is known of the execution as a whole."""
        self.run = run = find_run(str(self.run.id))
        attempts = records.attempts_of(run)
        return Summary(
            exec_id=str(run.id),
            flow_name=flow_name_of(run),
            started_at=utc(run.start_time),
            ended_at=utc(run.end_time),
            attempt=attempts[-1].number if attempts else 1,
            runner=self.runner,
            dashboard_url=get_run_url(run) or None,
            progress=progress_of(run.run_metadata.get(PROGRESS_KEY)),
            expected=records.expected_of(run),
        )

    def steps(self) -> list[Step]:
        """Read the calls that have changed since this was last asked for."""
        return [
            Step(step.name, step_status(step), step.version, utc(step.start_time), utc(step.end_time))
            for step in self._changed.read()
        ]

    def said(self) -> dict[str, str]:
        """Read what some of the running calls said of their progress."""
        with translated(f"reading the progress of execution {self.run.id}"):
            running = Client().list_run_steps(
                pipeline_run_id=self.run.id, status=ZenMLStatus.RUNNING.value, size=_RUNNING, hydrate=True
            )
        messages = {step.name: progress_of(step.run_metadata.get(PROGRESS_KEY)) for step in running.items}
        return {name: message for name, message in messages.items() if message}

    def error(self, name: str) -> str | None:
        """Read why a call failed, in a line."""
        with translated(f"reading the failure of execution {self.run.id}"):
            page = Client().list_run_steps(
                pipeline_run_id=self.run.id, name=name, sort_by="desc:version", size=1, hydrate=True
            )
        info = page.items[0].exception_info if page.items else None
        lines = (info.traceback or "").strip().splitlines() if info else []
        return lines[-1] if lines else None


class _Changed:
    """The starts of calls that have changed since they were last read."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._since: datetime | None = None

    def read(self) -> list[StepRunResponse]:
        since = self._since - _OVERLAP if self._since is not None else None
        with translated(f"reading the checkpoints of execution {self._run_id}"):
            steps = list_steps(self._run_id, hydrate=False, since=since)
        for step in steps:
            if self._since is None or step.updated > self._since:
                self._since = step.updated
        return steps


class Output:
    """The output of an execution's runner: a file of this machine, or what ZenML has stored."""

    def __init__(self, run: PipelineRunResponse, *, stored: bool) -> None:
        """Start at its beginning.

        Args:
            run: The execution's run.
            stored: Whether to read what ZenML has stored, where there is no file on this machine.
        """
        self._run = run
        self._stored = stored
        self._log = RunnerLog(str(run.id))
        self._loading: list[str | Event] | None = None  # what has been printed while the module is imported
        self._changed = _Changed(run.id)
        self._printing: dict[UUID, bool] = {}  # the starts that may print on, and whether they have ended
        self._known: set[UUID] = set()  # those that have ended and were read
        self._ended: dict[UUID, float] = {}
        self._seen: dict[str, int] = {}
        self._next = 0.0

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine, with everything that the runner says."""
        return self._log.exists()

    def new(self, *, final: bool) -> list[str | Event]:
        """Return the lines of output that are new, an incomplete last one only at the end, and the new events.

        Where there is no file, as of a stack, there are no events: the states of the calls tell what happens.
        """
        if self._log.exists():
            return self._without_loading(self._log.new(final=final), final=final)
        return [*self._from_logs(final=final)] if self._stored else []

    def _without_loading(self, items: list[str | Event], *, final: bool) -> list[str | Event]:
        """Leave out what the flow's module printed as the runner imported it: who starts the flow has imported it as well."""
        shown: list[str | Event] = []
        for item in items:
            kind = item.kind if isinstance(item, Event) else None
            if kind == Kind.LOADED:
                self._loading = None
            elif kind == Kind.LOADING:
                shown += self._loading or []  # of a runner that was lost meanwhile
                self._loading = []
            elif self._loading is not None and isinstance(item, str):
                self._loading.append(item)
            else:
                shown.append(item)
        return shown + (self._loading or []) if final else shown

    def _from_logs(self, *, final: bool) -> list[str]:
        lines = list(self._from_store(final=final))
        # ZenML stores what a container has put out with some delay, which may be after it has ended.
        deadline = time.monotonic() + _LAST_LINES
        while final and self._printing and time.monotonic() < deadline:
            time.sleep(_LAST_LOOK)
            more = list(self._from_store(final=True))
            if lines and not more:
                break
            lines += more
        return lines

    def _from_store(self, *, final: bool) -> Iterator[str]:
        if not final and time.monotonic() < self._next:
            return
        started = time.monotonic()
        with translated(f"reading the logs of execution {self._run.id}"):
            for key, entries in [*runner_lines(self._run), *self._printed(final=final)]:
                known = self._seen.get(key, 0)
                self._seen[key] = max(len(entries), known)
                yield from (line for entry in entries[known:] for line in entry.message.splitlines())
        took = time.monotonic() - started
        self._next = time.monotonic() + max(_LOG_LOOK, took / _SHARE)

    def _printed(self, *, final: bool) -> Iterator[tuple[str, list[LogEntry]]]:
        """Read what calls have printed: of those that run, some at a time; of those that have ended, all."""
        for step in self._changed.read():
            if step.id not in self._known:
                self._printing[step.id] = step.status.is_finished
        at_once = sorted(self._printing.items(), key=lambda entry: not entry[1])[: None if final else _READ_AT_ONCE]
        for step_id, ended in at_once:
            yield from printed_by(Client().zen_store.get_run_step(step_id, hydrate=True))
            if ended and self._ended_long_ago(step_id):
                del self._printing[step_id]
                self._known.add(step_id)

    def _ended_long_ago(self, step_id: UUID) -> bool:
        """Whether a start ended so long ago that nothing more of what it has printed will come."""
        return time.monotonic() - self._ended.setdefault(step_id, time.monotonic()) > _DELAY
