"""The live view on a real terminal: checkpoints in place, resizing, Ctrl-C, and plain lines where colours are not wanted."""

from __future__ import annotations

import re

from tests.terminal import CLEARED, ESCAPES, KITARU, Terminal

FLOW = "live_view/live_survey.py"


def last_screen(text: str) -> list[str]:
    return [
        line for line in ESCAPES.sub("", text.rpartition(CLEARED)[2]).replace("\r", "\n").split("\n") if line.strip()
    ]


def test_wait_shows_checkpoints_in_place_survives_resizing_asks_and_ends_in_a_summary(project) -> None:
    project.take(FLOW)
    terminal = Terminal(project, "live_survey.py", "ask")
    shown = terminal.until("3/6")
    assert "survey" in shown
    assert re.search("parse_[0-9]: page [0-9]", ESCAPES.sub("", terminal.until("page ")))
    terminal.resize(40, 12)
    terminal.until(CLEARED)
    narrow = last_screen(terminal.until("3/6"))
    assert max(map(len, narrow)) <= 40
    (project.path / "go").touch()
    terminal.until("How much more?")
    terminal.type("4\n")
    code, rest = terminal.end()
    assert (code, "result 25" in rest) == (0, True)
    summary = [line.strip() for line in last_screen(rest)]
    assert any(line.startswith("✓ survey  completed") for line in summary)
    assert any(re.match(r"✓ parse +━+ 6/6  1 retried", line) for line in summary)
    calls = [line.split()[1] for line in summary if re.match(r"✓ (collect|parse)", line)]
    assert calls[-3:] == ["collect", "parse", "collect_2"]  # as they were made
    assert "parsed 5" in ESCAPES.sub("", terminal.seen)
    assert "kitaru: checkpoint" not in terminal.seen
    assert "\x1b[?25h" in rest  # the cursor is back


def test_watch_leaves_the_execution_running_and_is_plain_where_colours_are_not_wanted(project) -> None:
    project.take(FLOW)
    exec_id = project.kitaru("run", "live_survey.py:survey", "--detach").stdout.strip()
    terminal = Terminal(project, KITARU, "executions", "watch")
    terminal.until("3/6")
    terminal.type("\x03")
    code, rest = terminal.end()
    assert code == 130
    assert f"no longer watching execution {exec_id}; it was not cancelled" in rest.replace("\r\n", "")
    assert "\x1b[?25h" in rest

    listed = Terminal(project, KITARU, "executions", "list")
    listed.end()
    assert re.search(rf"{exec_id[:8]} +survey +\x1b\[36mrunning\x1b\[0m", listed.seen), listed.seen

    plain = Terminal(project, KITARU, "executions", "watch", exec_id, NO_COLOR="1")
    plain.until("is running")
    (project.path / "go").touch()
    code, _ = plain.end()
    assert code == 0
    assert "checkpoint parse_6 completed" in plain.seen
    assert "\x1b" not in plain.seen

    listed = Terminal(project, KITARU, "executions", "list")
    listed.end()
    assert "\x1b[32mcompleted" in listed.seen
    assert "\x1b[1mSTATUS" in listed.seen
    plainly = Terminal(project, KITARU, "executions", "list", NO_COLOR="1")
    plainly.end()
    assert "completed" in plainly.seen
    assert not re.search(r"\x1b\[(3\d|9\d)m", plainly.seen)


def test_kitaru_run_says_at_once_on_a_terminal_that_it_starts(project) -> None:
    project.take(FLOW)
    (project.path / "go").touch()
    terminal = Terminal(project, KITARU, "run", "live_survey.py:survey")
    assert "pending" not in terminal.until("kitaru: starting survey")
    assert terminal.end()[0] == 0
    assert "completed" in terminal.seen
    done = project.kitaru("run", "live_survey.py:survey")
    assert "starting" not in done.stderr  # for a person, not for a script's log
