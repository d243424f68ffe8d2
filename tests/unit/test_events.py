"""What a local runner tells: events in a file, their words in its log."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kitaru._core.process import files
from kitaru._core.process.event import Event, Kind, decode, encode
from kitaru._zenml.records import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a runner that is this process."""
    monkeypatch.setattr(files, "own_directory", lambda: tmp_path)
    return tmp_path


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Let this process write its stderr to a file, as a runner does."""
    kept = os.dup(2)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def read(directory: Path) -> list[Event | None]:
    return [decode(line) for line in (directory / files.EVENTS).read_bytes().splitlines()]


def test_each_event_is_one_line_in_both_files_whatever_the_message(directory: Path) -> None:
    with writing_to(directory / files.LOG):
        with pytest.raises(OSError, match="gone"), events.announce("fetch"):
            raise OSError("the disk\nis gone \udc80")
        message = "page 1\nof 2"
        events.tell(Event(Kind.PROGRESS, f"checkpoint fetch: {message}", checkpoint="fetch", message=message))
    started, failed, said = (directory / files.LOG).read_text().splitlines()
    assert started == "kitaru: checkpoint fetch started"
    assert failed.endswith("s: OSError: the disk is gone \\udc80")
    assert said == "kitaru: checkpoint fetch: page 1 of 2"

    told = read(directory)
    assert [event.line for event in told if event] == [started, failed, said]
    assert [event.kind for event in told if event] == [Kind.STARTED, Kind.FAILED, Kind.PROGRESS]
    assert [event.log_size for event in told if event] == [0, len(started) + 1, len(started) + len(failed) + 2]
    assert told[1] is not None
    assert (told[1].checkpoint, told[1].error) == ("fetch", "OSError: the disk is gone \\udc80")
    assert told[2] is not None
    assert told[2].message == "page 1 of 2"


def test_a_line_that_was_cut_off_takes_no_later_event_with_it(directory: Path) -> None:
    whole = Event(Kind.STARTED, "checkpoint a started", checkpoint="a")
    (directory / files.EVENTS).write_bytes(encode(whole) + encode(whole)[:30])
    files.append_event(directory, encode(whole))
    assert read(directory) == [whole, None, whole]


def test_where_the_events_cannot_be_written_the_words_are(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (directory / files.EVENTS).mkdir()
    with events.announce("fetch") as announcement:
        announcement.status = "cached"
    assert [line.split(" in ")[0] for line in capfd.readouterr().err.splitlines()] == [
        "kitaru: checkpoint fetch started",
        "kitaru: checkpoint fetch cached",
    ]


def test_a_process_that_is_no_runner_tells_nothing_but_warns(capfd: pytest.CaptureFixture[str]) -> None:
    with events.announce("fetch"):
        events.warn("mind the gap")
    assert capfd.readouterr().err == "kitaru: mind the gap\n"
