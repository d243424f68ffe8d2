"""The live view on a real terminal: checkpoints in place, resizing, Ctrl-C, and plain lines where colours are not wanted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

KITARU = Path(sys.executable).with_name("kitaru")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CLEARED = "\x1b[2J"

FLOW = """
    import time
    from pathlib import Path
    import kitaru
    from kitaru import checkpoint, flow

    @checkpoint
    def collect() -> int:
        return 6

    @checkpoint(cache=False, retries=1)
    def parse(number: int) -> int:
        if number == 1 and not Path("odd").exists():
            Path("odd").touch()
            raise ValueError("one is odd")
        kitaru.progress(f"page {number}")
        while number > 2 and not Path("go").exists():
            time.sleep(0.05)
        print(f"parsed {number}")
        return number

    @flow
    def survey(ask: bool = False) -> int:
        total = sum(parse.map(range(collect())).results())
        if ask:
            total += kitaru.wait(int, name="bonus", question="How much more?")
        return total

    if __name__ == "__main__":
        import sys
        print("result", survey.run(ask="ask" in sys.argv).wait())
"""


class Terminal:
    """A terminal of some size with a program in it."""

    def __init__(self, project, *args: str | Path, **env: str) -> None:
        self.seen = ""
        home = {name: value for name, value in project.home.env.items() if name not in ("NO_COLOR", "COLUMNS")}
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.chdir(project.path)
            os.execve(sys.executable, [sys.executable, *map(str, args)], {**home, "TERM": "xterm-256color", **env})

    def resize(self, columns: int, lines: int) -> None:
        """Change the size; the system tells the program with SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, wanted: str, timeout: float = 60) -> str:
        """Read until the text, without escapes, has come; give all that was read since the call before."""
        deadline = time.monotonic() + timeout
        fresh = ""
        while wanted not in ESCAPES.sub("", fresh) and (wanted != CLEARED or CLEARED not in fresh):
            if time.monotonic() > deadline or not (new := self._read()):
                os.kill(self.pid, signal.SIGKILL)
                self.end()
                pytest.fail(f"{wanted!r} did not come; this did: {self.seen[-3000:]!r}")
            fresh += new
        return fresh

    def end(self, timeout: float = 60) -> tuple[int, str]:
        rest = ""
        while new := self._read(timeout):
            rest += new
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), rest

    def _read(self, timeout: float = 60) -> str:
        if not select.select([self._master], [], [], timeout)[0]:
            return ""
        try:
            new = os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # the last process has closed it
            return ""
        self.seen += new
        return new


def last_screen(text: str) -> list[str]:
    return [
        line for line in ESCAPES.sub("", text.rpartition(CLEARED)[2]).replace("\r", "\n").split("\n") if line.strip()
    ]


def test_wait_shows_checkpoints_in_place_survives_resizing_asks_and_ends_in_a_summary(project) -> None:
    project.write("flows.py", FLOW)
    terminal = Terminal(project, "flows.py", "ask")
    shown = terminal.until("3/6")
    assert "survey" in shown
    assert re.search("parse_[0-9]: page [0-9]", ESCAPES.sub("", terminal.until("page ")))
    terminal.resize(50, 12)
    terminal.until(CLEARED)
    narrow = last_screen(terminal.until("3/6"))
    assert max(map(len, narrow)) <= 50
    (project.path / "go").touch()
    terminal.until("How much more?")
    terminal.type("4\n")
    code, rest = terminal.end()
    assert (code, "result 19" in rest) == (0, True)
    summary = [line.strip() for line in last_screen(rest)]
    assert any(line.startswith("✓ survey  completed") for line in summary)
    assert any(re.match(r"✓ parse +━+ 6/6  1 retried", line) for line in summary)
    assert "parsed 5" in ESCAPES.sub("", terminal.seen)
    assert "kitaru: checkpoint" not in terminal.seen
    assert "\x1b[?25h" in rest  # the cursor is back


def test_watch_leaves_the_execution_running_and_is_plain_where_colours_are_not_wanted(project) -> None:
    project.write("flows.py", FLOW)
    exec_id = project.kitaru("run", "flows.py:survey", "--detach").stdout.strip()
    terminal = Terminal(project, KITARU, "executions", "watch")
    terminal.until("3/6")
    terminal.type("\x03")
    code, rest = terminal.end()
    assert code == 130
    assert f"no longer watching execution {exec_id}; it was not cancelled" in rest.replace("\r\n", "")
    assert "\x1b[?25h" in rest

    plain = Terminal(project, KITARU, "executions", "watch", exec_id, NO_COLOR="1")
    plain.until("is running")
    (project.path / "go").touch()
    code, _ = plain.end()
    assert code == 0
    assert "checkpoint parse_6 completed" in plain.seen
    assert "\x1b" not in plain.seen
