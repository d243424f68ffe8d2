"""Prints which modules of ZenML a flow loads beyond those that a worker has loaded for it."""

from __future__ import annotations

import sys

from kitaru._runner.worker import load

load()
from surroundings import look_around  # noqa: E402 - what it loads itself is not to be counted

loaded = set(sys.modules)
look_around.run().wait(progress=False)
libraries = ("zenml", "sqlalchemy", "opentelemetry")
print([name for name in sys.modules if name.startswith(libraries) and name not in loaded])
