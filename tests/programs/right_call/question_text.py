"""A question whose text is another one when the body runs again: it holds the time, or a typo in it was put right."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from marks import HERE, answer_all, ending, lines, note, ran, show

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from kitaru import PendingWait

TEXT = HERE / "question.txt"


@checkpoint(cache=False)
def draft() -> str:
    ran("draft")
    return "draft"


@flow
def confirm(case: str) -> str:
    text = draft()
    question = f"Publish it, at {time.time_ns()}?" if case == "clock" else TEXT.read_text(encoding="utf-8")
    note("questions.txt", question)
    return f"{text} {kitaru.wait(bool, name='ok', question=question, timeout=0)}"


def answer_mended(_: PendingWait) -> bool:
    TEXT.write_text("Publish it?", encoding="utf-8")
    return True


def main(case: str) -> None:
    TEXT.write_text("Pubish it?", encoding="utf-8")
    handle = confirm.run(case)
    answer_all(handle, answer_mended)
    texts = lines("questions.txt")
    recorded = [wait.question for wait in handle.execution.waits]
    show(**ending(handle), text_changed=len(set(texts)) > 1, first_stands=recorded == texts[:1])


if __name__ == "__main__":
    main(sys.argv[1])
