"""A package one of whose files is gone by the time the runner looks for it."""

from __future__ import annotations

import sys
from pathlib import Path

if "worker" in sys.argv:
    Path(__file__).with_name("inner.py").unlink()
