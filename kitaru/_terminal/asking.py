"""Asking the question of a waiting execution on the terminal, while looking whether somebody else answers it."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import time
from shlex import quote
from typing import TYPE_CHECKING, Literal

from kitaru._core.words.answer_schema import AnswerSchema
from kitaru._core.words.answers import questions
from kitaru.errors import KitaruError, KitaruStateError, KitaruUsageError, KitaruWaitValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru._core.records.executions import PendingWait

# Seconds between two looks at the store for the question: those at the terminal come more often.
_LOOK = 0.4
# The terminal of this process asks one question at a time, however many executions are waited for.
_terminal = threading.Lock()


def has_terminal() -> bool:
    """Whether there is a person to ask: stdin and stderr are a terminal, and this process is in its foreground."""
    try:
        descriptor = sys.stdin.fileno()
        # Reading the terminal from the background would stop the process.
        return sys.stdin.isatty() and sys.stderr.isatty() and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no stdin, a closed one, or an object of a notebook's
        return False


def open_question(exec_id: str) -> PendingWait | None:
    """Return what an execution waits for; None where it waits for nothing."""
    from kitaru._runner import reader

    return reader.read_pending_waits(exec_id).get(exec_id)


def how_to_answer(exec_id: str, wait: PendingWait) -> str:
    """Return the command that answers a question, and what it takes."""
    schema = AnswerSchema(wait.json_schema)
    return f"kitaru executions input {exec_id} --value {quote(schema.example)}   (it takes {schema.description})"


def how_to_answer_ahead(wait: PendingWait) -> str:
    """Return the option that gives a replay the answer of a question."""
    return f"--answer {quote(f'{wait.name}={AnswerSchema(wait.json_schema).example}')}"


def line_of(wait: PendingWait) -> str:
    """Return the question in a line."""
    return f"{wait.name!r}{f': {wait.question}' if wait.question else ''}"


def ask(exec_id: str, wait: PendingWait) -> None:
    """Ask until the question is answered; used where nothing else is waited for.

    Args:
        exec_id: The execution's full id.
        wait: What it waits for.

    Raises:
        KitaruUsageError: There is no terminal, or the input ended.
        KitaruStateError: Somebody else answered meanwhile.
    """
    if not has_terminal():
        raise KitaruUsageError(
            f"There is no terminal to ask on. Give the answer on the command line: {how_to_answer(exec_id, wait)}"
        )
    with _terminal:
        dialogue = Dialogue(exec_id, wait)
        looked = time.monotonic()
        while (state := dialogue.poll(_LOOK)) == "open":
            if time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                if open_question(exec_id) != wait:
                    dialogue.leave()
                    raise KitaruStateError(f"The question {line_of(wait)} was answered elsewhere meanwhile.")
    if state == "ended":
        raise KitaruUsageError(
            f"The input ended before the question was answered; it stays open. Answer it with: "
            f"{how_to_answer(exec_id, wait)}"
        )


class Dialogue:
    """One question on the terminal, from its first prompt to its answer. Never blocks longer than it is told to."""

    def __init__(self, exec_id: str, wait: PendingWait) -> None:
        """Show the question.

        Args:
            exec_id: The execution's full id.
            wait: What it waits for.
        """
        self.wait = wait
        self._exec_id = exec_id
        self._input = sys.stdin.fileno()
        self._typed = b""
        termios.tcflush(self._input, termios.TCIFLUSH)  # what was typed before the question is no answer to it
        _write(f"kitaru: execution {exec_id} waits for {line_of(wait)}\n")
        self._start()

    def poll(self, patience: float) -> Literal["open", "answered", "ended"]:
        """Take what was typed.

        Args:
            patience: Seconds to wait for a line.

        Returns:
            Whether the question is still open, answered, or left open because the input ended.
        """
        if not select.select([self._input], [], [], patience)[0]:
            return "open"
        read = os.read(self._input, 65536)
        if not read and not self._typed:
            self.leave()
            return "ended"
        self._typed += read
        while b"\n" in self._typed:
            line, _, self._typed = self._typed.partition(b"\n")
            if self._take(line.decode(errors="replace")):
                return "answered"
        return "open"

    def leave(self) -> None:
        """End the prompt's line, so that something else can be shown."""
        _write("\n")

    def show(self) -> None:
        """Show the prompt (again)."""
        complaint = f"{self._prompt.complaint}\n" if self._prompt.complaint else ""
        _write(f"{complaint}{self._prompt.text}: ")

    def _start(self) -> None:
        self._questions = questions(self.wait.json_schema)
        self._prompt = next(self._questions)
        self.show()

    def _take(self, line: str) -> bool:
        """Pass a line on; returns whether that was the end of the dialogue."""
        try:
            self._prompt = self._questions.send(line)
        except StopIteration as done:
            return self._answer(done.value)
        self.show()
        return False

    def _answer(self, value: object) -> bool:
        from kitaru._runner.launch import continue_
        from kitaru._zenml.steering import steering

        try:
            steering.answer(self._exec_id, self.wait.name, value, continue_)
        except KitaruWaitValidationError as error:
            _write(f"{error}\n")
            self._start()
            return False
        return True


class Answering:
    """Asks what an execution waits for, on the terminal; without one, says once how to answer."""

    def __init__(self, exec_id: str, *, replays: bool) -> None:
        """Ask nothing yet.

        Args:
            exec_id: The execution's full id.
            replays: Whether it is a replay, which can be given answers ahead.
        """
        self._exec_id = exec_id
        self._replays = replays
        self._dialogue: Dialogue | None = None
        self._handled: PendingWait | None = None
        self._next_look = 0.0
        self.before_asking: Callable[[], None] = _nothing
        """Called before something is asked, so that the terminal is free for it."""

    @property
    def is_asking(self) -> bool:
        """Whether there is an open prompt on the terminal."""
        return self._dialogue is not None

    def update(self, *, waiting: bool) -> None:
        """Ask where there is something new to ask, and take what was typed.

        Args:
            waiting: Whether the execution waits for input.
        """
        if not waiting:
            self._drop("it goes on: the question was answered elsewhere.")
        elif time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK
            self._look()
        if self._dialogue is not None:
            self._listen(self._dialogue)

    def pause(self) -> None:
        """Make room for other lines."""
        if self._dialogue is not None:
            self._dialogue.leave()

    def go_on(self) -> None:
        """Show the prompt again, after other lines."""
        if self._dialogue is not None:
            self._dialogue.show()

    def close(self) -> None:
        """Leave the terminal to others."""
        self._drop(None)

    def _look(self) -> None:
        wait = open_question(self._exec_id)
        if self._dialogue is not None and self._dialogue.wait != wait:
            self._drop("the question was answered elsewhere.")
        if wait is None or wait == self._handled or self._dialogue is not None:
            return
        if not has_terminal():
            self._handled = wait
            _write(f"kitaru: execution {self._exec_id} waits for {line_of(wait)}\n")
            _write(f"kitaru: answer with {how_to_answer(self._exec_id, wait)}\n")
            if self._replays:
                _write(f"kitaru: a replay takes the answer ahead, the next time: {how_to_answer_ahead(wait)}\n")
        elif _terminal.acquire(blocking=False):
            self.before_asking()
            self._dialogue = Dialogue(self._exec_id, wait)

    def _listen(self, dialogue: Dialogue) -> None:
        try:
            state = dialogue.poll(0)
        except KitaruError as error:  # such as an answer from elsewhere at the same moment; what is waited for goes on
            _write(f"kitaru: {error}\n")
            state = "ended"
        if state == "ended":
            _write(f"kitaru: no longer asking. Answer with {how_to_answer(self._exec_id, dialogue.wait)}\n")
        if state != "open":
            self._handled = dialogue.wait  # not asked again: the store may show it for a moment more
            self._dialogue = None
            _terminal.release()

    def _drop(self, reason: str | None) -> None:
        if self._dialogue is None:
            return
        self._dialogue.leave()
        if reason is not None:
            _write(f"kitaru: {reason}\n")
        self._dialogue = None
        _terminal.release()


def _nothing() -> None:
    pass


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
