"""Executions that an earlier Kitaru has left: one failed, one waits, one is completed. ``begin``, or ``go_on`` with its ids."""

from __future__ import annotations

import sys
import time

from marks import answer_all, ending, once, ran, show

from kitaru import FlowHandle, KitaruClient, checkpoint, flow, wait


@checkpoint(cache=False)
def page(number: int) -> str:
    ran(f"page {number}")
    return f"page {number}"


@checkpoint(cache=False)
def publish(pages: list[str], where: str) -> str:
    ran(f"publish {where}")
    if where == "paper" and once("jam"):
        raise ConnectionError("there is no paper")
    return f"{' '.join(pages)} on {where}"


@flow
def edition(where: str) -> str:
    pages = [page(number) for number in (1, 2, 3)]
    if where == "request":
        where = wait(str, name="where", question="Where?", timeout=0)
    return publish(pages, where)


def begin() -> None:
    handles = [edition.run(where) for where in ("paper", "web", "request")]
    endings = [ending(handle)["status"] for handle in handles[:2]]
    while not any(attempt.outcome == "waiting" for attempt in handles[2].execution.attempts):
        time.sleep(0.1)
    show(ids=[handle.exec_id for handle in handles], endings=endings)


def go_on(failed: str, completed: str, paused: str) -> None:
    executions = KitaruClient().executions
    retried = ending(executions.retry(failed))
    replayed = ending(edition.replay(completed, at="publish"))
    handle: FlowHandle[str] = FlowHandle.from_id(paused)
    answer_all(handle, lambda _: "a wall")
    show(retried=retried, replayed=replayed, answered=ending(handle))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
