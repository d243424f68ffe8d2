"""What these programs note in files beside themselves, and how they answer questions and print what came out."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru import KitaruClient, KitaruExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru import FlowHandle, PendingWait

HERE = Path(__file__).parent
# Seconds in which an execution has ended, or asks. And for which a chain waits for another one, which then may not come:
# where bodies are abandoned on purpose, it comes only after this chain's checkpoint has ended.
PATIENCE, ORDERING = 240.0, 5.0


# -- notes ------------------------------------------------------------------------------------------------------------


def note(file: str, line: object) -> None:
    """Add a line to a file, in one write."""
    descriptor = os.open(HERE / file, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def lines(file: str) -> list[str]:
    """Return the lines of a file; none where nobody has written it."""
    path = HERE / file
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def ran(call: str) -> None:
    """Note that the function of a checkpoint runs."""
    note("ran.txt", call)


def mark(event: str) -> None:
    """Note that something has happened."""
    _file_of(event).touch()


def unmark(event: str) -> None:
    """Forget that something has happened."""
    _file_of(event).unlink()


def is_marked(event: str) -> bool:
    """Whether something has happened."""
    return _file_of(event).exists()


def once(event: str) -> bool:
    """Whether this is the first time."""
    try:
        _file_of(event).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


async def until(event: str) -> None:
    """Let another chain be first: wait until it has made its mark."""
    deadline = time.monotonic() + ORDERING
    while not is_marked(event) and time.monotonic() < deadline:  # noqa: ASYNC110 - it may come from another process
        await asyncio.sleep(0.01)


def _file_of(event: str) -> Path:
    return HERE / f"{event}.mark"


# -- people -----------------------------------------------------------------------------------------------------------


def answer_all(handle: FlowHandle[Any], decide: Callable[[PendingWait], Any]) -> list[PendingWait]:
    """Answer the questions of an execution, each when its runner has ended, and return them in order."""
    executions = KitaruClient().executions
    questions: list[PendingWait] = []
    while (question := _next_question(handle, {question.name for question in questions})) is not None:
        questions.append(question)
        executions.input(handle.exec_id, value=decide(question), wait=question.name)
    return questions


def _next_question(handle: FlowHandle[Any], answered: set[str]) -> PendingWait | None:
    deadline = time.monotonic() + PATIENCE
    while not (execution := handle.execution).status.is_finished:
        question = execution.pending_wait
        if question and question.name not in answered and execution.attempts[-1].outcome == "waiting":
            return question
        assert time.monotonic() < deadline, execution
        time.sleep(0.1)
    return None


# -- what came out ----------------------------------------------------------------------------------------------------


def ending(handle: FlowHandle[Any]) -> dict[str, Any]:
    """Wait for the end of an execution and return its result, or why it failed."""
    try:
        result = handle.wait(timeout=PATIENCE, progress=False)
    except KitaruExecutionError as error:
        details = {"error": type(error).__name__, "origin": error.failure_origin, "type": error.exception_type}
        return {"status": error.status, **details, "message": str(error)}
    return {"status": handle.status.value, "result": result}


def show(**facts: object) -> None:
    """Print facts as JSON, and how often each checkpoint's function ran."""
    print(json.dumps({**facts, "ran": Counter(lines("ran.txt"))}))
