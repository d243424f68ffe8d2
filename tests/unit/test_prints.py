"""What a flow prints reaches ZenML line by line: ZenML makes an entry of a log of each write."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from kitaru._zenml.running.prints import LineWriter, finish_line, take_streams

if TYPE_CHECKING:
    import pytest


class Stream(io.TextIOWrapper):
    """A stream that keeps its writes apart."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


def whole_lines(monkeypatch: pytest.MonkeyPatch) -> tuple[Stream, Stream]:
    """Make this process one that writes whole lines, into the streams that are returned."""
    out, err = Stream(), Stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    take_streams(users_own=False)
    take_streams(users_own=False)  # where a container runs several checkpoints
    return out, err


def test_a_line_is_written_at_once_however_many_pieces_it_is_printed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = whole_lines(monkeypatch)
    print("a", 1, None)
    print("b", end="")
    print("c\nd", file=sys.stdout)
    print("to", "stderr", file=sys.stderr)
    assert [stream.writes for stream in streams] == [["a 1 None\n", "bc\n", "d\n"], ["to stderr\n"]]


def test_lines_of_threads_that_print_side_by_side_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = whole_lines(monkeypatch)
    half = threading.Barrier(2)

    def say(name: str) -> None:
        print(name, end=" ")
        half.wait()
        print(name, end="")
        finish_line()

    threads = [threading.Thread(target=say, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(streams[0].writes) == ["one one\n", "two two\n"]


def test_a_line_without_an_end_is_written_when_its_checkpoint_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = whole_lines(monkeypatch)
    print("half", end="", flush=True)
    assert streams[0].writes == []
    finish_line()
    finish_line()
    assert streams[0].writes == ["half\n"]


def test_it_is_a_stream_like_the_one_below(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = whole_lines(monkeypatch)
    assert isinstance(sys.stdout, LineWriter)
    sys.stdout.buffer.write(b"bytes")
    assert streams[0].buffer.getvalue() == b"bytes"
    sys.stdout.reconfigure(encoding="ascii")
    assert (sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable()) == ("ascii", False, True)


def test_a_fork_leaves_its_parent_the_line_that_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = whole_lines(monkeypatch)
    writer = sys.stdout
    assert isinstance(writer, LineWriter)
    print("half of a line", end="")
    with writer._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            writer.flush()
            writer.finish(None)
            os._exit(len(streams[0].writes))
        assert os.waitpid(child, 0)[1] == 0
    finish_line()
    assert streams[0].writes == ["half of a line\n"]
