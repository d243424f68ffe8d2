"""What a flow's body needs where a stack's orchestrator runs it, in a container that may be ended and started anew."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from zenml.client import Client

from kitaru._zenml.door.connection import outlast_outages
from kitaru._zenml.records import records
from kitaru._zenml.records.failures import Failure
from kitaru._zenml.writing.log_lines import before_line
from kitaru.errors import KitaruRunnerLostError

if TYPE_CHECKING:
    from uuid import UUID

LOST = "the flow's container was lost: killed, evicted or out of memory"
_ENDED_BY_SIGNAL = 128 + signal.SIGTERM  # what shells and orchestrators report for it


def enter(run_id: UUID, retries: int) -> None:
    """Get ready for an attempt in an orchestrator's container.

    Args:
        run_id: The run.
        retries: How many attempts are allowed after the first one.

    Raises:
        KitaruRunnerLostError: The container before this one was lost, and that was the last attempt. Orchestrators
            start lost containers anew by rules of their own, which do not know how many attempts the flow has left.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    outlast_outages(Client().zen_store)
    attempts = records.attempts_of(Client().get_pipeline_run(run_id))
    if not attempts or attempts[-1].ended_at is not None or attempts[-1].outcome is not None:
        return
    if attempts[-1].number - records.first_of_cycle(run_id) < retries:
        return
    records.end_attempt(run_id, attempts[-1], "lost", LOST)
    records.close_cut_off(run_id)
    records.record_failure(run_id, Failure(origin="runner", message=LOST))
    raise KitaruRunnerLostError(LOST, exec_id=str(run_id), failure_origin="runner")


def begin_anew() -> None:
    """Begin this container's program anew, for another attempt: not every orchestrator starts one again that has ended."""
    _put_out()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same command


def end_failed() -> None:
    """End this container at once; what is to be recorded has been."""
    _put_out()
    os._exit(1)


def _put_out() -> None:
    before_line()  # what programs have printed
    sys.stdout.flush()
    sys.stderr.flush()


def _end(*_: object) -> None:
    """End at once when told to, as a crash would.

    The next container goes on with the run. Anything else would be taken for a failure of the flow: ZenML raises an
    exception in the checkpoint, which the body may catch, and which uses up a retry in a container about to vanish.
    """
    _put_out()
    os._exit(_ENDED_BY_SIGNAL)
