"""An article about which two questions are asked, and its replays with answers that are recorded, new or given ahead."""

from __future__ import annotations

import time
from typing import Any

from expecting import raised
from zenml.client import Client

import kitaru
from kitaru import KitaruClient, KitaruWaitValidationError, checkpoint, flow

executions = KitaruClient().executions


@checkpoint
def draft(topic: str) -> str:
    return f"about {topic}"


@checkpoint
def publish(text: str, stars: int) -> str:
    return f"{text}: {stars}"


@flow
def article(topic: str) -> str:
    text = draft(topic)
    if not kitaru.wait(name="sure", timeout=60):
        return "thrown away"
    text = draft(text)
    return publish(text, kitaru.wait(int, name="stars", timeout=60))


def answer(exec_id: str, wait: str, value: Any) -> None:
    while wait not in [question.name for question in executions.pending_waits(exec_id).values()]:
        time.sleep(0.02)
    # It has a runner, which takes the answer, also after one that was known ahead: no other is started.
    assert Client().get_pipeline_run(exec_id).status == "running"
    executions.input(exec_id, value=value, wait=wait)


def main() -> None:
    original = article.run("tides")
    answer(original.exec_id, "sure", True)
    answer(original.exec_id, "stars", 3)
    assert original.wait() == "about about tides: 3"
    # all recorded answers: the cut is behind both questions
    assert article.replay(original, at="publish").wait() == "about about tides: 3"
    # the first one is before the cut, the second one is asked again
    replay = article.replay(original, at="draft[2]", inputs={"topic": "moons"})
    answer(replay.exec_id, "stars", 4)
    assert replay.wait() == "about about tides: 4"
    # given ahead: behind the question everything runs again
    assert article.replay(original, wait_answers={"sure": False}).wait() == "thrown away"
    fifth = article.replay(replay, wait_answers={"stars": 5})
    assert fifth.wait() == "about about tides: 5"
    assert [call.replay for call in fifth.execution.checkpoints] == ["reused", "reused", "run"]
    assert list(executions.waits(fifth.exec_id)) == ["sure", "stars"]
    assert executions.waits(fifth.exec_id)["sure"].metadata == {}
    wrong = {"stars": "many"}
    raised(KitaruWaitValidationError, lambda: article.replay(original, wait_answers=wrong), "stars", "whole number")
    print(original.exec_id)


if __name__ == "__main__":
    main()
