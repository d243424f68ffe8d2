"""``KitaruClient``: look at executions and their artifacts, and steer them, from any process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

from kitaru._core.code import scope
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.keywords import ReplayKeywords, checked_replay
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Iterator

    from kitaru.diffs import ExecutionDiff
    from kitaru.flows import Flow
    from kitaru.handle import FlowHandle
    from kitaru.models import (
        Artifact,
        ArtifactKind,
        Execution,
        ExecutionSummary,
        LogEntry,
        PendingWait,
        Pruned,
        Replays,
    )


class KitaruClient:
    """The executions and artifacts in the ZenML store that this process uses.

    Attributes:
        executions: Look at executions and steer them.
        artifacts: Look at stored values and load them.

    Examples:
        >>> client = KitaruClient()  # doctest: +SKIP
        >>> for execution in client.executions.list(status="failed"):  # doctest: +SKIP
        ...     client.executions.retry(execution.exec_id)
    """

    def __init__(self) -> None:
        self.executions = Executions()
        self.artifacts = Artifacts()


# The words of Executions.list.
_FILTERS = ("flow", "status", "stack", "since", "limit")


class Executions:
    """Executions; every method takes a full id, or the beginning of one that fits no other execution."""

    def get(self, exec_id: str) -> Execution:
        """Return an execution with everything about it.

        Raises:
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return reader.read_execution(exec_id)

    def list(
        self,
        *,
        flow: str | None = None,
        status: ExecutionStatus | str | None = None,
        stack: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
        tag: str | None = None,
        user: str | None = None,
    ) -> list[ExecutionSummary]:
        """Return executions, the latest first.

        Args:
            flow: Only those of the flow of this name.
            status: Only those in this state.
            stack: Only those on this stack.
            since: Only those submitted at this moment or later; one without a time zone is local time.
            limit: How many at most; 50 by default.
            tag: Only those with this tag.
            user: Only those of the user of ZenML with this name.

        Raises:
            KitaruUsageError: A filter is wrong.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise KitaruUsageError(f"executions.list(limit={limit!r}): the limit is a whole number from 1 up.")
        tags = () if tag is None else (tag,)
        return reader.list_executions(
            flow=flow, status=_status(status), stack=stack, since=since, limit=limit, tags=tags, user=user
        )

    def latest(self, *, flow: str | None = None, status: ExecutionStatus | str | None = None) -> Execution | None:
        """Return the execution that was submitted last, or None.

        Args:
            flow: Only of the flow of this name.
            status: Only in this state.

        Raises:
            KitaruUsageError: There is no such status.
            KitaruBackendError: The store cannot be reached.
        """
        summaries = self.list(flow=flow, status=status, limit=1)
        return self.get(summaries[0].exec_id) if summaries else None

    def result(self, exec_id: str) -> Any:
        """Return the value of a completed execution.

        Raises:
            KitaruStateError: It has not finished yet.
            KitaruExecutionError: It was cancelled. The next three are of this class; all say where and why.
            KitaruUserCodeError: The flow's own code raised.
            KitaruRunnerLostError: The process, container or pod that ran the flow is gone.
            KitaruDivergenceError: The flow's body left the record of its execution.
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached, or the value cannot be loaded here.
        """
        from kitaru._runner import reader

        return reader.read_result(exec_id)

    def logs(
        self,
        exec_id: str,
        checkpoint: str | None = None,
        *,
        source: Literal["step", "runner"] = "step",
        follow: bool = False,
    ) -> Iterator[LogEntry]:
        """Yield the lines of an execution's log.

        Args:
            exec_id: The execution.
            checkpoint: Name of a call, such as ``"fetch_2"``; None for all, in the order in which they started.
            source: ``"step"``, the default, for what checkpoints printed and logged; ``"runner"`` for all the output of the
                runner.
            follow: Whether to go on until the execution has finished; by default only what is there now.

        Raises:
            KitaruUsageError: There is no such source. At the first line: the id fits no execution or several, or it has
                finished without such a call.
            KitaruBackendError: While lines are read: the store cannot be reached.
        """
        from kitaru.handle import FlowHandle

        return FlowHandle(exec_id).logs(checkpoint, source=source, follow=follow)

    def pending_waits(self, exec_id: str | None = None) -> dict[str, PendingWait]:
        """Return the open questions by execution id.

        Args:
            exec_id: Only of this execution; None for all that wait.

        Raises:
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.reading import executions

        return executions.read_pending_waits(exec_id)

    def waits(self, exec_id: str) -> dict[str, PendingWait]:
        """Return all questions that an execution has asked by name, answered or not, the first one first.

        Raises:
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.reading import executions

        return executions.read_waits(exec_id)

    def input(self, exec_id: str, *, value: Any, wait: str | None = None) -> None:
        """Answer the question that an execution waits for; one that has paused is started again.

        Args:
            exec_id: The execution.
            value: The answer: plain JSON data, or a pydantic model.
            wait: Name of the wait, to be sure which one is answered; None for the one that is open.

        Raises:
            KitaruWaitValidationError: The answer does not fit; the execution goes on waiting.
            KitaruStateError: It does not wait, not for this, or only another process can run its flow.
            KitaruUsageError: The id fits no execution, or several.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru.handle import FlowHandle

        FlowHandle(exec_id).input(value, wait=wait)

    def abort_wait(self, exec_id: str, *, wait: str | None = None) -> None:
        """Abort the question that an execution waits for, which cancels the execution.

        Args:
            exec_id: The execution.
            wait: Name of the wait, to be sure which one is aborted; None for the one that is open.

        Raises:
            KitaruStateError: It does not wait, or not for this.
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru.handle import FlowHandle

        FlowHandle(exec_id).abort_wait(wait)

    def retry(self, exec_id: str, *, env: Literal["kept", "current"] = "kept") -> FlowHandle[Any]:
        """Let a failed execution go on from its last completed checkpoint, under the same id.

        The flow's code is loaded as it is now. Checkpoints that have completed are not run again; those whose code
        has changed since are named in ``Execution.changed_code``.

        Args:
            exec_id: The execution.
            env: Which environment, folder, import path and umask it has on this machine: ``"kept"``, the default, for
                those that the flow was started in, ``"current"`` for those of this process, from now on.

        Raises:
            KitaruStateError: It has not failed, or only another process can run its flow.
            KitaruUsageError: The id fits no execution or several, or there is no such ``env`` for it: in a container it
                is the image's.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru.handle import FlowHandle

        return FlowHandle(exec_id).retry(env=env)

    def flow(self, exec_id: str) -> Flow[..., Any]:
        """Return the flow of an execution, imported from its source as that is now.

        Raises:
            KitaruStateError: Its source is not here any more, or Kitaru did not start it.
            KitaruUsageError: The id fits no execution or several, or its module does not define the flow when imported.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.reading import flow_source
        from kitaru._zenml.records import runs

        return cast("Flow[..., Any]", flow_source.flow_of(runs.find_run(exec_id)))  # what @flow makes

    def replay(self, exec_id: str, **options: Unpack[ReplayKeywords]) -> FlowHandle[Any]:
        """Start a new execution that takes what this one has recorded up to a point, and runs the rest.

        Its flow is imported from its source, as that is now.

        Args:
            exec_id: The original: a finished execution, or one that waits for an answer.
            **options: What is different, as of ``kitaru.Flow.replay``.

        Raises:
            KitaruUsageError: An option is wrong, or the id fits no execution or several; nothing was started.
            KitaruWaitValidationError: An answer does not fit its question; nothing was started.
            KitaruStateError: The execution is still running, Kitaru did not start it, or its flow's source is gone.
            KitaruContextError: Called in the body of a flow, or inside a checkpoint.
            KitaruStackError: The stack does not exist or cannot run flows.
            KitaruImageError: The image cannot be described, built or pushed.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru.handle import FlowHandle

        return FlowHandle(exec_id).replay(**options)

    def replay_many(
        self,
        executions: Iterable[str | ExecutionSummary] | Mapping[str, Any],
        *,
        at_once: int = 4,
        progress: bool | None = None,
        **options: Unpack[ReplayKeywords],
    ) -> Replays:
        """Replay many executions alike, some at a time, and wait until all of them have ended.

        What cannot be replayed and what fails is kept apart; the others go on. One that comes to wait for an answer is
        let be, and reported as waiting.

        Args:
            executions: Executions or their ids; or the words of ``list`` as a mapping, such as
                ``{"flow": "report", "status": "failed", "limit": 20}``.
            at_once: How many run at a time; 4 by default.
            progress: Whether to show on stderr how far it is; None follows ``KITARU_PROGRESS``.
            **options: What is different in all of them, as of ``kitaru.Flow.replay``.

        Raises:
            KitaruUsageError: An argument is wrong for all of them; nothing was started.
            KitaruContextError: Called in the body of a flow, or inside a checkpoint.
            KitaruBackendError: The executions cannot be listed, as the store cannot be reached.
        """
        scope.refuse_in_flow("replay_many(...)")
        from kitaru._runner.replays import replay_all

        change, settings = checked_replay("replay_many", options)
        if isinstance(executions, Mapping):
            unknown = [word for word in executions if word not in _FILTERS]
            if unknown:
                raise KitaruUsageError(
                    f"replay_many: {unknown[0]!r} is no filter.{did_you_mean(unknown[0], _FILTERS)} Filters: "
                    f"{', '.join(_FILTERS)}."
                )
            originals = [summary.exec_id for summary in self.list(**executions)]
        else:
            originals = [_id_of(execution) for execution in executions]
        return replay_all(originals, change, settings, at_once=at_once, progress=progress)

    def diff_replays(self, replays: Replays) -> builtins.list[ExecutionDiff]:
        """Return what is different between each replay that was started and its original.

        Args:
            replays: What ``replay_many`` returned.

        Raises:
            KitaruUsageError: One of the executions is not there any more.
            KitaruBackendError: The store cannot be reached.
        """
        pairs = [(outcome.original_exec_id, outcome.exec_id) for outcome in replays.outcomes if outcome.exec_id]
        return [self.diff(original, replay) for original, replay in pairs]

    def diff(self, a: str | ExecutionSummary, b: str | ExecutionSummary | None = None) -> ExecutionDiff:
        """Return what is different between two executions: calls matched by name, values by what they are.

        Args:
            a: Execution A; the replay, where ``b`` is not given.
            b: Execution B. Without it, the replay ``a`` is compared with its original, which then is A.

        Raises:
            KitaruUsageError: ``b`` is not given and ``a`` replays nothing, or an id fits no execution or several.
            KitaruBackendError: The store cannot be reached.

        Examples:
            >>> print(client.executions.diff(original, replay).to_text())  # doctest: +SKIP
        """
        from kitaru._zenml.reading import differences

        if b is not None:
            return differences.read_diff(_id_of(a), _id_of(b))
        execution = self.get(_id_of(a))
        if execution.original_exec_id is None:
            raise KitaruUsageError(f"Execution {execution.exec_id} replays no other one: name what to compare it with.")
        return differences.read_diff(execution.original_exec_id, execution.exec_id)

    def resume(self, exec_id: str) -> FlowHandle[Any]:
        """Start the runner of a paused execution again whose question has been answered.

        Needed only where the answer was given by other means than Kitaru's, as in ZenML's dashboard.

        Raises:
            KitaruStateError: It is not paused, its question is open, or only another process can run its flow.
            KitaruUsageError: The id fits no execution, or several.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru.handle import FlowHandle

        return FlowHandle(exec_id).resume()

    def cancel(self, exec_id: str) -> None:
        """Stop an execution that has not finished.

        A local one's processes have ended when this returns. On another stack its orchestrator is asked to stop.

        Raises:
            KitaruStateError: It has finished already.
            KitaruUsageError: The id fits no execution, or several.
            KitaruStackError: Its stack cannot be asked to stop it.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru.handle import FlowHandle

        FlowHandle(exec_id).cancel()

    def recover(self) -> builtins.list[FlowHandle[Any]]:
        """Let every execution go on whose local runner on this host was lost: killed, crashed, rebooted.

        Raises:
            KitaruStackError: The stack of one of them cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru._runner.launch import continue_
        from kitaru._zenml.steering import steering
        from kitaru.handle import FlowHandle

        return [FlowHandle(exec_id) for exec_id in steering.recover(continue_)]

    def delete(self, exec_id: str) -> None:
        """Delete the record of a finished execution; what it stored stays in the artifact store.

        Raises:
            KitaruStateError: It has not finished.
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru.handle import FlowHandle

        FlowHandle(exec_id).delete()

    def prune(
        self,
        *,
        older_than: datetime | timedelta | None = None,
        keep: int | None = None,
        flow: str | None = None,
        dry_run: bool = False,
    ) -> Pruned:
        """Delete finished executions, and all that belongs to them alone.

        That is their records, stored values, logs, files on this machine, and images in this machine's container engine.
        What other executions, models or replays refer to stays. One that is cut off is gone on with by the next.

        Args:
            older_than: Only those that ended before this moment, or so long ago; all by default.
            keep: How many of each flow are kept whatever their age, the latest ones; none by default.
            flow: Only those of this flow.
            dry_run: Delete nothing, and return what would be deleted; False by default.

        Raises:
            KitaruUsageError: Neither ``older_than`` nor ``keep`` is given, one of them is wrong, or there is no such flow.
            KitaruBackendError: The store, or an artifact store, cannot be reached.

        Examples:
            >>> client.executions.prune(older_than=timedelta(days=30), keep=10, dry_run=True)  # doctest: +SKIP
        """
        from kitaru._zenml.steering import pruning

        if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 0):
            raise KitaruUsageError(f"prune(keep={keep!r}): keep is a whole number, 0 or more.")
        if older_than is None and keep is None:
            raise KitaruUsageError("prune() deletes nothing unless it is told what: give older_than=, keep=, or both.")
        if isinstance(older_than, timedelta):
            older_than = datetime.now(UTC) - older_than
        return pruning.prune(older_than=older_than, flow=flow, keep=keep or 0, dry_run=dry_run)


class Artifacts:
    """Stored values of executions."""

    def list(
        self,
        exec_id: str,
        *,
        name: str | None = None,
        kind: ArtifactKind | None = None,
        checkpoint: str | None = None,
    ) -> list[Artifact]:
        """Return the stored values of an execution.

        Args:
            exec_id: The execution, or the beginning of its id.
            name: Only those of this name.
            kind: Only outputs of checkpoints, inputs that came from the body, what was saved, or the result.
            checkpoint: Only those of this call of a checkpoint.

        Raises:
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return [
            artifact
            for artifact in reader.read_artifacts(exec_id)
            if name in (None, artifact.name)
            and kind in (None, artifact.kind)
            and checkpoint in (None, artifact.checkpoint)
        ]

    def get(self, artifact_id: str) -> Artifact:
        """Return an artifact by its id; ``.load()`` gives its value.

        It may be in several executions: its name is ZenML's, its kind says how it was made, its checkpoint is None.

        Raises:
            KitaruUsageError: There is no such artifact.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return reader.get_artifact(artifact_id)


def _id_of(execution: str | ExecutionSummary) -> str:
    return execution if isinstance(execution, str) else execution.exec_id


def _status(status: ExecutionStatus | str | None) -> ExecutionStatus | None:
    try:
        return None if status is None else ExecutionStatus(status)
    except ValueError as error:
        known = ", ".join(ExecutionStatus)
        raise KitaruUsageError(f"There is no execution status {status!r}. There are: {known}.") from error
