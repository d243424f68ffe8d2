"""What a runner tells is known as data: what a flow prints is shown as its output, whatever it looks like."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.terminal import ESCAPES, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

# As the program prints them.
LINES = (
    "kitaru: checkpoint train failed after 1.0 s: boom",
    "kitaru: checkpoint train started",
    "kitaru: checkpoint train: page 99",
    "kitaru: fan-out of train: 77 calls",
    "kitaru: waiting for input 'nothing'",
)
REAL = "kitaru: checkpoint train failed after "


@pytest.fixture
def look_alike(project: Project) -> Project:
    """A project with the program."""
    project.take("events/look_alike.py")
    return project


def events_file(project: Project) -> Path:
    [found] = project.home.path.rglob("events.jsonl")
    return found


def test_plain_lines_watch_and_logs_show_look_alikes_and_tell_a_real_failure_once(look_alike: Project) -> None:
    shown = look_alike.run("look_alike.py", check=False).stderr.splitlines()
    assert shown[-1] == "failed: KitaruUserCodeError"
    assert shown.count("kitaru: checkpoint train started") == 2  # the flow's and the runner's
    for line in LINES:
        assert line in shown
    [failed] = [line for line in shown if line.startswith(REAL) and line not in LINES]
    assert failed.endswith("ValueError: the real one")

    exec_id = (look_alike.path / "exec_id").read_text()
    watched = look_alike.kitaru("executions", "watch", exec_id, check=False).stdout.splitlines()
    assert [line for line in watched if line.startswith("kitaru: checkpoint ") or line in LINES] == list(LINES)
    [told] = [line for line in watched if line.startswith("checkpoint train failed")]
    assert "the real one" in told

    logged = look_alike.kitaru("executions", "logs", exec_id, "--source", "runner", "--output", "json").stdout
    entries = [json.loads(line) for line in logged.splitlines()]
    printed = [entry["message"] for entry in entries if entry["event"] is None]
    assert [line for line in printed if line.startswith("kitaru: checkpoint ") or line in LINES] == list(LINES)
    assert [(entry["event"]["kind"], entry["event"]["checkpoint"]) for entry in entries if entry["event"]] == [
        ("checkpoint_started", "imitate"),
        ("checkpoint_ended", "imitate"),
        ("checkpoint_started", "train"),
        ("progress", "train"),
        ("checkpoint_failed", "train"),
    ]
    messages = [entry["message"] for entry in entries]
    assert messages.index(LINES[0]) < messages.index("kitaru: checkpoint train: page 5") < messages.index(failed)
    assert (events_file(look_alike).with_name("runner.log")).read_text().splitlines() == messages

    # Pruned, unreadable or damaged, the events take nothing of the log with them.
    events_file(look_alike).write_bytes(b'{"kind": "checkpoint_sta\n\xff\xfe\n')
    logged = look_alike.kitaru("executions", "logs", exec_id, "--source", "runner").stdout.splitlines()
    assert logged == [ESCAPES.sub("", message) for message in messages]
    events_file(look_alike).unlink()
    watched = look_alike.kitaru("executions", "watch", exec_id, check=False).stdout.splitlines()
    assert failed in watched  # as of an older runner: nothing says that it is not the flow's


def test_the_live_view_shows_look_alikes_above_and_the_real_failure_in_its_row(look_alike: Project) -> None:
    terminal = Terminal(look_alike, "look_alike.py", COLUMNS="100")
    code, _ = terminal.end()
    assert code == 1
    shown = ESCAPES.sub("", terminal.seen)
    for line in LINES:
        assert shown.count(line) == 1, line
    assert REAL not in shown.replace(LINES[0], "")
    summary = [line.strip() for line in shown.replace("\r", "\n").split("\n") if line.strip().startswith("✗ train")]
    assert summary[-1].endswith("ValueError: the real one")
    # A fan-out of 77 calls would be drawn as its bar, or counted among the checkpoints.
    assert re.findall(r"\d/7[78]\b", shown) == []
