"""A real terminal with a program in it, and what it shows."""

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
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

KITARU = Path(sys.executable).with_name("kitaru")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CLEARED = "\x1b[2J"
UP = "\x1b[1A"


class Terminal:
    """A terminal of some size with a program in it."""

    def __init__(self, project: Project, *args: str | Path, **env: str) -> None:
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

    def until(self, wanted: str, timeout: float = 300) -> str:
        """Read until the text, or the escape, has come; give all that was read since the call before."""
        deadline = time.monotonic() + timeout
        fresh = ""
        while wanted not in fresh and wanted not in ESCAPES.sub("", fresh):
            if not (new := self._read(deadline, f"{wanted!r} did not come")):
                self._fail(f"the program ended, and {wanted!r} did not come")
            fresh += new
        return fresh

    def end(self, timeout: float = 300) -> tuple[int, str]:
        """Read until the program has ended; give its exit code and what was read since the call before."""
        deadline = time.monotonic() + timeout
        rest = ""
        while new := self._read(deadline, "the program did not end"):
            rest += new
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), rest

    def _fail(self, why: str) -> NoReturn:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)
        pytest.fail(f"{why}; this came: {self.seen[-3000:]!r}")

    def _read(self, deadline: float, otherwise: str) -> str:
        """Read what has come, or comes; nothing where the program has ended. Fails at the deadline."""
        if not select.select([self._master], [], [], max(deadline - time.monotonic(), 0))[0]:
            self._fail(otherwise)
        try:
            new = os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # the last process has closed it
            return ""
        self.seen += new
        return new


def as_picture(screen: str, columns: int = 100) -> str:
    """Return what a program has put out since it cleared the screen as a page of HTML."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    frame = screen.rpartition(CLEARED)[2].partition("\r\x1b[2K" + UP)[0]
    lines = [line.rpartition("\r")[2] for line in re.sub(r"\x1b\[\??[0-9;]*[HJKhl]", "", frame).split("\r\n")]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor")
        for line in lines:
            console.print(Text.from_ansi(line), no_wrap=True, overflow="ignore", crop=False)
    page = (
        '<!DOCTYPE html><meta charset="utf-8"><title>terminal</title><body style="margin: 0"><pre style="display: '
        "inline-block; margin: 0; padding: 16px 20px; font: 14px/1.25 'DejaVu Sans Mono', monospace; "
        'color: {foreground}; background: {background}">{code}</pre>'
    )
    return console.export_html(theme=MONOKAI, inline_styles=True, code_format=page)
