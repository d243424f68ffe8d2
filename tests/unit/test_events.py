"""The lines about an execution's course in its runner's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitaru._core.process import files
from kitaru._zenml.records import events


def test_each_event_is_one_line_whatever_the_message(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "own_directory", Path)
    with pytest.raises(OSError, match="gone"), events.announce("fetch"):
        raise OSError("the disk\nis gone")
    events.say("checkpoint fetch: page 1\nof 2")
    started, failed, said = capfd.readouterr().err.splitlines()
    assert started == "kitaru: checkpoint fetch started"
    assert failed.endswith("s: OSError: the disk is gone")
    assert said == "kitaru: checkpoint fetch: page 1 of 2"
