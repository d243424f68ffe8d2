"""Whose bytes in a log are, and what programs put into files of their own."""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import TYPE_CHECKING

from kitaru._core.process.programs_output import ProgramsOutput, copy_rest
from kitaru._core.process.shared_log import SharedLog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_log_tells_its_own_bytes_from_those_of_others(tmp_path: Path) -> None:
    path = tmp_path / "runner.log"
    path.write_bytes(b"of the runner before\n")
    log = SharedLog(path)
    with path.open("ab", buffering=0) as others:
        assert log.leads_to(others.fileno())
        log.write(b"own\n")
        assert list(log.take_others()) == []
        others.write(b"a")
        log.write(b"own\n")
        others.write(b"b")
        assert list(log.take_others()) == [b"a", b"b"]
        assert list(log.take_others()) == []
    assert path.read_bytes() == b"of the runner before\nown\naown\nb"


def test_what_programs_print_is_shown_once_and_by_whose_they_are(tmp_path: Path) -> None:
    shown: list[bytes] = []
    output = ProgramsOutput(tmp_path / "programs", shown.append)
    one, other = output.descriptor_for("one"), output.descriptor_for("other")
    assert one is not None
    assert other is not None
    assert output.descriptor_for("one") == one
    subprocess.run(["echo", "of one"], stdout=one, check=True)
    os.write(other, b"of other\n")
    assert list(output.take()) == [("one", b"of one\n"), ("other", b"of other\n")]
    assert list(output.take()) == []
    assert shown == [b"of one\n", b"of other\n"]


def test_the_file_of_a_program_stays_until_nobody_writes_to_it(tmp_path: Path) -> None:
    output = ProgramsOutput(tmp_path / "programs", lambda _: None)
    descriptor = output.descriptor_for("one")
    with subprocess.Popen(["sh", "-c", "read line; echo $line"], stdin=subprocess.PIPE, stdout=descriptor) as program:
        output.end("one")
        assert list(output.take()) == []
        assert output.has_files.is_set()
        program.communicate(b"late\n")
    assert list(output.take()) == [("one", b"late\n")]
    assert list((tmp_path / "programs").iterdir()) == []
    assert not output.has_files.is_set()


def test_what_was_not_shown_before_a_crash_is_shown_after_it(tmp_path: Path) -> None:
    lost = ProgramsOutput(tmp_path / "programs", lambda _: None)
    descriptor = lost.descriptor_for("one")
    assert descriptor is not None
    os.write(descriptor, b"shown\n")
    assert list(lost.take()) == [("one", b"shown\n")]
    os.write(descriptor, b"not shown\n")
    shown: list[bytes] = []
    for _ in range(2):
        copy_rest(tmp_path / "programs", shown.append)
    assert shown == [b"not shown\n"]
    copy_rest(tmp_path / "there is none", shown.append)


def test_a_file_ends_with_its_owner_where_no_lease_is_ever_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    output = ProgramsOutput(tmp_path / "programs", lambda _: None)
    assert output.descriptor_for("one") is not None
    output.end("one")
    assert list(output.take()) == []
    assert not output.has_files.is_set()
