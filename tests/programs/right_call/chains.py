"""Chains of checkpoints side by side; the chain that is made first is done last, and then the body runs again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Any

from marks import answer_all, ending, is_marked, mark, once, ran, show, until

import kitaru
from kitaru import checkpoint, flow

# Which chain each one lets be done first.
BEFORE = {"Oslo": "Rome", "Rome": "Bern"}
CITIES = ("Oslo", "Rome", "Bern")
# As Any: the types of wait() and llm() do not say that async code awaits what they return.
YES_OR_NO: Any = bool
ask: Any = kitaru.llm

Row = tuple[str, str]


@checkpoint(cache=False)
async def fetch(city: str) -> str:
    ran(f"fetch {city}")
    if city in BEFORE:
        await until(f"row of {BEFORE[city]}")
    return f"page of {city}"


@checkpoint(cache=False)
async def summarise(page: str) -> str:
    ran(f"summarise {page}")
    return f"summary of {page}"


@checkpoint(cache=False)
async def publish(rows: list[Row]) -> list[Row]:
    ran("publish")
    if once("publish"):
        raise ConnectionError("the mail server is away, this once")
    return rows


@checkpoint(cache=False)
def last() -> None:
    ran("last")
    if once("killed"):
        os.kill(os.getpid(), signal.SIGKILL)


async def chain(city: str) -> Row:
    row = (city, await summarise(await fetch(city)))
    mark(f"row of {city}")
    return row


async def chain_by_model(city: str) -> Row:
    page = await fetch(city)
    row = (city, await ask(f"summarise {page}", model="openai-chat:fast"))
    mark(f"row of {city}")
    return row


@flow(retries=1)
async def by_gather() -> list[Row]:
    return await publish(await asyncio.gather(*map(chain, CITIES)))


def chain_in_a_thread(city: str) -> Row:
    row = (city, summarise.submit(fetch.submit(city).result()).result())
    mark(f"row of {city}")
    return row


@flow(retries=1)
async def by_thread() -> list[Row]:
    return await publish(await asyncio.gather(*(asyncio.to_thread(chain_in_a_thread, city) for city in CITIES)))


@flow
async def by_answer() -> list[Row]:
    rows = await asyncio.gather(*map(chain, CITIES))
    await kitaru.wait(YES_OR_NO, name="ok", question="Publish?", timeout=0)
    return rows


@flow(retries=1)
async def by_group() -> list[Row]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(chain(city)) for city in CITIES]
    await last.submit()
    return [task.result() for task in tasks]


@flow(retries=1)
def by_done() -> list[Row]:
    pages: dict[Any, str] = {fetch.submit(city): city for city in CITIES}
    summaries = {}
    while pages:
        for page in [page for page in pages if page.done()]:
            city = pages.pop(page)
            summaries[city] = summarise.submit(page)
            mark(f"row of {city}")
        time.sleep(0.01)
    rows = [(city, summaries[city].result()) for city in CITIES]
    return publish.submit(rows).result()


@flow(retries=1)
async def by_model() -> list[Row]:
    return await publish(await asyncio.gather(*map(chain_by_model, CITIES)))


FLOWS = {made.name: made for made in (by_gather, by_thread, by_answer, by_group, by_done, by_model)}


def main(name: str) -> None:
    handle = FLOWS[name].run()
    answer_all(handle, lambda _: True)
    facts: dict[str, Any] = {"original": ending(handle)}
    if is_marked("killed"):
        facts["attempts"] = [attempt.outcome for attempt in handle.execution.attempts]
        facts["replay"] = ending(FLOWS[name].replay(handle.exec_id, at="last"))
    show(**facts)


if __name__ == "__main__":
    main(sys.argv[1])
