"""A process that is killed while it submits a flow: before the run exists, or before the runner knows of it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from gated_work import short

from kitaru._runner.detached import DetachedRunner
from kitaru._zenml.submitting import submit


def die(*args: Any) -> Any:
    if sys.argv[1] == "before_the_runner_knows":
        print(args[1])
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


if sys.argv[1] == "before_the_run_exists":
    submit.create_snapshot = die  # type: ignore[assignment, attr-defined]
else:
    DetachedRunner.hand_over = die  # type: ignore[assignment]
short.run()
