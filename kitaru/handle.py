"""The handle of an execution: look at it, wait for it, get its value."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, Unpack

from kitaru._core.code import loading, scope
from kitaru._core.process import ctrl_c
from kitaru._core.process.looks import Looks
from kitaru._core.words.suggest import no_attribute
from kitaru.errors import KitaruTimeoutError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kitaru._core.drawing.execution import Execution
    from kitaru._core.records.executions import LogEntry
    from kitaru._core.records.status import ExecutionStatus
    from kitaru._core.settings.keywords import ReplayKeywords

R = TypeVar("R")


class FlowHandle(Generic[R]):
    """Refers to an execution by its id; any process with the same ZenML store can make one.

    Examples:
        >>> handle = my_flow.run("a topic")  # doctest: +SKIP
        >>> handle.status  # doctest: +SKIP
        <ExecutionStatus.RUNNING: 'running'>
        >>> FlowHandle.from_id(handle.exec_id).wait()  # doctest: +SKIP
    """

    def __init__(self, exec_id: str) -> None:
        self._exec_id = exec_id

    @classmethod
    def from_id(cls, exec_id: str) -> FlowHandle[Any]:
        """Return the handle of an execution that was started anywhere.

        Args:
            exec_id: The execution's id, or the beginning of one that fits no other execution.

        Raises:
            KitaruUsageError: The id fits no execution, or several.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return FlowHandle(reader.find_id(exec_id))

    @property
    def exec_id(self) -> str:
        """The execution's id, for life."""
        return self._exec_id

    @property
    def status(self) -> ExecutionStatus:
        """The execution's state, read afresh at each access.

        Raises:
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return reader.read_status(self._exec_id)

    @property
    def execution(self) -> Execution:
        """All that is known of the execution, read afresh at each access.

        Raises:
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._runner import reader

        return reader.read_execution(self._exec_id)

    @property
    def dashboard_url(self) -> str | None:
        """The execution's page in ZenML's dashboard; None without a server.

        Raises:
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.records import runs

        return runs.dashboard_url(self._exec_id)

    def get(self) -> R:
        """Return the value of an execution that has finished.

        Raises:
            KitaruStateError: It has not finished yet.
            KitaruExecutionError: It was cancelled. The next three are of this class; all say where and why.
            KitaruUserCodeError: The flow's own code raised.
            KitaruRunnerLostError: The process, container or pod that ran the flow is gone.
            KitaruDivergenceError: The flow's body left the record of its execution.
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached, or the value cannot be loaded here.
        """
        self._stop_if_loading()
        from kitaru._runner import reader

        return reader.read_result(self._exec_id)  # type: ignore[no-any-return]

    def wait(self, timeout: float | None = None, progress: bool | None = None) -> R:
        """Wait until the execution has finished and return its value.

        Args:
            timeout: Seconds to wait; None waits for as long as it takes.
            progress: Whether to show on stderr what goes on, the flow's own prints among it, and to ask on the terminal
                what the execution waits for. None follows ``KITARU_PROGRESS``, which is on unless set otherwise.

        Raises:
            KitaruTimeoutError: It has not finished within ``timeout`` seconds; it goes on.
            KitaruExecutionError: It was cancelled. The next three are of this class; all say where and why.
            KitaruUserCodeError: The flow's own code raised.
            KitaruRunnerLostError: The process, container or pod that ran the flow is gone.
            KitaruDivergenceError: The flow's body left the record of its execution.
            KitaruUsageError: The timeout is not a number from 0 up, or there is no such execution.
            KitaruBackendError: The store cannot be reached, or the value cannot be loaded here.
            KeyboardInterrupt: Ctrl-C; the execution goes on, and the message says how to look at it again.
        """
        self._stop_if_loading()
        if timeout is not None and (
            isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0
        ):
            raise KitaruUsageError(f"wait(timeout={timeout!r}): the timeout is a number of seconds from 0 up, or None.")
        try:
            with ctrl_c.redeliver_interrupt():
                self._wait(timeout, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"no longer waiting for execution {self._exec_id}; it was not cancelled. Look at it again: "
                f"kitaru executions watch {self._exec_id}"
            ) from None
        return self.get()

    def _wait(self, timeout: float | None, progress: bool | None) -> None:
        from kitaru._terminal.progress import follow

        deadline = None if timeout is None else time.monotonic() + timeout
        looks = Looks(self._exec_id, lambda: self.status)
        with follow(self._exec_id, shown=progress) as view:
            while not (status := looks.latest()).is_finished:
                view.update(status)
                if deadline is not None and time.monotonic() >= deadline:
                    raise KitaruTimeoutError(
                        f"Execution {self._exec_id} is {status} after {timeout} s. It goes on; wait again, or from "
                        f"anywhere: FlowHandle.from_id({self._exec_id!r}).wait()."
                    )
                pause = looks.pause
                time.sleep(pause if deadline is None else min(pause, max(deadline - time.monotonic(), 0)))
            view.update(status)

    def cancel(self) -> None:
        """Stop the execution; a local one's processes have ended when this returns.

        Raises:
            KitaruStateError: It has finished already.
            KitaruUsageError: There is no such execution.
            KitaruStackError: Its stack cannot be asked to stop it.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.steering import steering

        steering.cancel(self._exec_id)

    def logs(
        self, checkpoint: str | None = None, *, source: Literal["step", "runner"] = "step", follow: bool = False
    ) -> Iterator[LogEntry]:
        """Yield the lines of the execution's log.

        Args:
            checkpoint: Name of a call, such as ``"fetch_2"``; None for all, in the order in which they started.
            source: ``"step"``, the default, for what checkpoints printed and logged; ``"runner"`` for all the output of the
                runner.
            follow: Whether to go on until the execution has finished; by default only what is there now.

        Raises:
            KitaruUsageError: There is no such source. At the first line: there is no such execution, or it has finished
                without such a call.
            KitaruBackendError: While lines are read: the store cannot be reached.
        """
        from kitaru._zenml.reading import logs

        return logs.read_logs(self._exec_id, checkpoint, source, follow=follow)

    def input(self, value: Any, *, wait: str | None = None) -> None:
        """Answer the question that the execution waits for; one that has paused is started again.

        Args:
            value: The answer: plain JSON data, or a pydantic model.
            wait: Name of the wait, to be sure which one is answered; None for the one that is open.

        Raises:
            KitaruWaitValidationError: The answer does not fit; the execution goes on waiting.
            KitaruStateError: It does not wait, not for this, or only another process can run its flow.
            KitaruUsageError: There is no such execution.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru._runner.launch import continue_
        from kitaru._zenml.steering import steering

        steering.answer(self._exec_id, wait, value, continue_)

    def abort_wait(self, wait: str | None = None) -> None:
        """Abort the question that the execution waits for, which cancels the execution.

        Args:
            wait: Name of the wait, to be sure which one is aborted; None for the one that is open.

        Raises:
            KitaruStateError: It does not wait, or not for this.
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.steering import steering

        steering.abort_wait(self._exec_id, wait)

    def retry(self, *, env: Literal["kept", "current"] = "kept") -> Self:
        """Let the failed execution go on from its last completed checkpoint, under the same id; return this handle.

        Args:
            env: Which environment, folder, import path and umask it has on this machine: ``"kept"``, the default, for
                those that the flow was started in, ``"current"`` for those of this process, from now on.

        Raises:
            KitaruStateError: It has not failed, or only another process can run its flow.
            KitaruUsageError: There is no such execution, or no such ``env`` for it: in a container it is the image's.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru._runner.launch import continue_
        from kitaru._zenml.steering import steering

        if env not in ("kept", "current"):
            raise KitaruUsageError(f"retry(env={env!r}): the environment is 'kept' or 'current'.")
        renews = env == "current"
        # The id in full, where it was the beginning of one.
        self._exec_id = steering.retry(self._exec_id, partial(continue_, renews=renews), renews=renews)
        return self

    def resume(self) -> Self:
        """Start the runner again after a pause whose question has been answered; return this handle.

        Raises:
            KitaruStateError: It is not paused, its question is open, or only another process can run its flow.
            KitaruUsageError: There is no such execution.
            KitaruStackError: Its stack cannot start it again.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru._runner.launch import continue_
        from kitaru._zenml.steering import steering

        self._exec_id = steering.resume(self._exec_id, continue_)
        return self

    def replay(self, **options: Unpack[ReplayKeywords]) -> FlowHandle[R]:
        """Start a new execution that takes what this one has recorded up to a point, and runs the rest.

        The flow is imported from its source, as that is now.

        Args:
            **options: What is different, as of ``kitaru.Flow.replay``.

        Raises:
            KitaruUsageError: An option is wrong, or there is no such execution; nothing was started.
            KitaruWaitValidationError: An answer does not fit its question; nothing was started.
            KitaruStateError: The execution is still running, Kitaru did not start it, or its flow's source is gone.
            KitaruContextError: Called in the body of a flow, or inside a checkpoint.
            KitaruStackError: The stack does not exist or cannot run flows.
            KitaruImageError: The image cannot be described, built or pushed.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.
        """
        from kitaru._zenml.reading import flow_source
        from kitaru._zenml.records import runs

        flow: Any = flow_source.flow_of(runs.find_run(self._exec_id))  # what @flow makes, which refuses what it must
        handle: FlowHandle[R] = flow.replay(self._exec_id, **options)
        return handle

    def delete(self) -> None:
        """Delete the record of the finished execution; what it stored stays in the artifact store.

        Raises:
            KitaruStateError: It has not finished.
            KitaruUsageError: There is no such execution.
            KitaruBackendError: The store cannot be reached.
        """
        from kitaru._zenml.steering import steering

        steering.delete(self._exec_id)

    def __await__(self) -> Generator[Any, None, R]:
        return (yield from self._wait_async().__await__())

    async def _wait_async(self) -> R:
        """Wait without blocking the event loop, and without a thread that Ctrl-C would have to wait for."""
        import asyncio

        self._stop_if_loading()
        looks = Looks(self._exec_id, lambda: self.status)
        while True:
            status = await asyncio.to_thread(looks.latest)
            if status.is_finished:
                break
            await asyncio.sleep(looks.pause)
        return await asyncio.to_thread(self.get)

    def __repr__(self) -> str:
        return f"<FlowHandle {self._exec_id}>"

    def _repr_html_(self) -> str:
        """Return the execution's timeline as it is now, which notebooks show."""
        from kitaru._core.drawing.pictures import in_notebook

        return in_notebook(self.execution)

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            raise no_attribute(
                self,
                "FlowHandle",
                name,
                "The flow's value: .wait(), or .get() once it has finished; all that is known of it: .execution",
            )

    def _stop_if_loading(self) -> None:
        busy = scope.current_body() is not None or scope.current_checkpoint() is not None
        if not busy and loading.execution() == self._exec_id:
            loading.stop()
