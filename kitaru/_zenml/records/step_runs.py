"""The successful steps of a run that ZenML keeps at hand for the inputs of later ones.

ZenML keeps a hundred, and drops the oldest when it fetches what it lacks, those among them that it has just found there:
a step that takes a hundred results, or old ones, fails with "No step ... found in current run". Here what is fetched
stays until more is recorded, and what is missing all the same is read again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from zenml.constants import ENV_ZENML_EXECUTION_CONTEXT_STEP_RUN_CACHE_SIZE, handle_int_env_var
from zenml.orchestrators.step_run_utils import fetch_step_runs_by_names

from kitaru._zenml.door.private import find_step_runs_in

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, StepRunResponse


def keep_step_runs(run: PipelineRunResponse) -> None:
    """Let ZenML find every step of a run that goes on here."""
    find_step_runs_in(_StepRuns(run))


class _StepRuns(dict[str, "StepRunResponse"]):
    def __init__(self, run: PipelineRunResponse) -> None:
        super().__init__()
        self._run = run
        self._most = handle_int_env_var(ENV_ZENML_EXECUTION_CONTEXT_STEP_RUN_CACHE_SIZE, default=100)
        self._changing = threading.Lock()

    def __setitem__(self, name: str, step: StepRunResponse) -> None:
        """Record a step. At most two are dropped for it: others may be looking for what they have found here."""
        with self._changing:
            super().__setitem__(name, step)
            for _ in range(min(len(self) - self._most, 2)):
                del self[next(iter(self))]

    def update(self, *items: Any, **named: Any) -> None:
        """Take what was fetched for the inputs of one step, however many there are."""
        with self._changing:
            super().update(*items, **named)

    def __missing__(self, name: str) -> StepRunResponse:
        """Read a step that was dropped."""
        return fetch_step_runs_by_names([name], self._run)[name]
