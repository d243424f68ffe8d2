"""A package one of whose files is gone by the time the runner looks for it."""

from __future__ import annotations

from pathlib import Path

if (imported := Path(__file__).with_name("imported")).exists():  # by the program before
    Path(__file__).with_name("inner.py").unlink(missing_ok=True)
imported.touch()
