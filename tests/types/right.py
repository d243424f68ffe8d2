"""Code that a strict type checker accepts; each ``revealed`` comment is the type it has to see there."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar, assert_type, reveal_type

from kitaru import (
    CheckpointFuture,
    ExecutionStatus,
    Flow,
    FlowHandle,
    ImageSettings,
    KitaruExecutionError,
    KitaruUserCodeError,
    checkpoint,
    configure,
    flow,
    unmapped,
)

T = TypeVar("T")


@checkpoint
def fetch(url: str, depth: int = 1) -> bytes:
    return url.encode() * depth


@checkpoint(retries=2, cache=False, type="llm_call", runtime="isolated", resources={"cpu_count": 1})
def score(page: bytes, *, strict: bool = True) -> float:
    return float(len(page)) if strict else 0.0


@checkpoint
async def fetch_soon(url: str) -> bytes:
    await asyncio.sleep(0)
    return url.encode()


@checkpoint(retries=1)
async def score_soon(page: bytes) -> float:
    await asyncio.sleep(0)
    return float(len(page))


@flow
def survey(topic: str, depth: int = 1) -> dict[str, float]:
    page = fetch(topic, depth)
    reveal_type(page)  # revealed: bytes
    reveal_type(fetch.submit(topic))  # revealed: kitaru._core.code.futures.CheckpointFuture[bytes]
    reveal_type(fetch.submit(topic).result())  # revealed: bytes
    reveal_type(fetch.submit(topic, depth=2).result(timeout=1.5))  # revealed: bytes
    reveal_type(fetch.map(["a", "b"]))  # revealed: kitaru._core.code.futures.CheckpointFutures[bytes]
    reveal_type(fetch.map(["a", "b"], depth=3).results())  # revealed: list[bytes]
    reveal_type(fetch.product(["a"], unmapped(1))[0].result())  # revealed: bytes
    reveal_type(fetch.func("x"))  # revealed: bytes
    pages = fetch.map(["a", "b"])
    later = fetch.with_options(
        id="later", after=[pages, page], retries=2, timeout=1.5, cache=False, zenml={"tags": ["x"]}
    )
    reveal_type(later("c"))  # revealed: bytes
    reveal_type(later.submit("c").result())  # revealed: bytes
    reveal_type(pages.unpack()[0])  # revealed: kitaru._core.code.futures.CheckpointFutures[Any]
    reveal_type(asyncio.run(fetch_soon.func("x")))  # revealed: bytes
    reveal_type(fetch_soon.submit("x").result())  # revealed: bytes
    return {topic: score(page, strict=False)}


@flow(retries=1, cache=False, stack="local", image={"base_image": "python:3.11"})
def count(words: list[str]) -> int:
    return len(words)


@flow(retries=0)
async def survey_soon(topic: str) -> float:
    page = await fetch_soon(topic)
    reveal_type(page)  # revealed: bytes
    reveal_type(fetch_soon.submit(topic))  # revealed: kitaru._core.code.futures.CheckpointFuture[bytes]
    reveal_type(await fetch_soon.submit(topic))  # revealed: bytes
    reveal_type(await asyncio.gather(fetch_soon("a"), fetch_soon("b")))  # revealed: tuple[bytes, bytes]
    reveal_type(await fetch_soon.map(["a", "b"]))  # revealed: list[bytes]
    return await score_soon(page)


@flow
async def bare_soon() -> str:
    return "done"


@flow
def nothing() -> None: ...


@flow
def all_kinds(first: int, /, second: str, *rest: float, third: bytes = b"", **more: bool) -> tuple[int, str]:
    return first, second


reveal_type(survey)  # revealed: kitaru.flows.Flow[[topic: str, depth: int =], dict[str, float]]
handle = survey.run("x")
reveal_type(handle)  # revealed: kitaru.handle.FlowHandle[dict[str, float]]
reveal_type(survey.run("x").wait())  # revealed: dict[str, float]
replay = survey.replay("0a1b2c3d", at="fetch[2]", outputs={"fetch": b""}, retries=1)
reveal_type(replay.wait())  # revealed: dict[str, float]
reveal_type(survey.run(topic="x", depth=2).wait(timeout=3, progress=False))  # revealed: dict[str, float]
reveal_type(handle.get())  # revealed: dict[str, float]
reveal_type(handle.status)  # revealed: kitaru._core.records.status.ExecutionStatus
reveal_type(handle.exec_id)  # revealed: str
reveal_type(handle.dashboard_url)  # revealed: str | None
reveal_type(handle.execution)  # revealed: kitaru._core.drawing.execution.Execution
reveal_type(FlowHandle.from_id("x"))  # revealed: kitaru.handle.FlowHandle[Any]
reveal_type(count.run(["a"]).wait())  # revealed: int
reveal_type(survey_soon.run("x").wait())  # revealed: float
reveal_type(bare_soon.run().wait())  # revealed: str
reveal_type(nothing.run())  # revealed: kitaru.handle.FlowHandle[None]
reveal_type(all_kinds.run(1, "a", 0.5, third=b"", flag=True).wait())  # revealed: tuple[int, str]

# Options, one by one and together.
reveal_type(survey.run("x", retries=1).wait())  # revealed: dict[str, float]
reveal_type(survey.run("x", cache=False).wait())  # revealed: dict[str, float]
reveal_type(survey.run("x", stack="prod").wait())  # revealed: dict[str, float]
reveal_type(survey.run("x", image="python:3.12").wait())  # revealed: dict[str, float]
everything = survey.run("x", 2, retries=1, cache=None, stack=None, image=ImageSettings())
reveal_type(everything.wait())  # revealed: dict[str, float]
reveal_type(survey.run("x", depth=2, image={"apt_packages": ["git"]}, retries=2).wait())  # revealed: dict[str, float]
reveal_type(survey_soon.run("x", retries=1).wait())  # revealed: float

named = survey.with_options(name="survey {date}", tags=["nightly"], resources={"cpu_count": 2}, timeout=60)
assert_type(named.run("x").wait(), dict[str, float])
changed = survey.with_options(retries=1, cache=True, stack="prod", image=ImageSettings(base_image="python:3.11"))
reveal_type(changed)  # revealed: kitaru.flows.Flow[[topic: str, depth: int =], dict[str, float]]
reveal_type(changed.run("x", depth=1).wait())  # revealed: dict[str, float]
configure(retries=1, cache=None, stack="prod", image="python:3.11")


def run_twice(what: Flow[[str], T]) -> tuple[T, T]:
    return what.run("a").wait(), what.run("b").wait()


def first_of(futures: list[CheckpointFuture[T]]) -> T:
    return futures[0].result()


def told(found: FlowHandle[int]) -> int:
    try:
        return found.wait()
    except KitaruUserCodeError as error:
        assert_type(error.exception_type, str | None)
        raise
    except KitaruExecutionError as error:
        assert_type(error.exec_id, str)
        return 0


async def awaited() -> None:
    reveal_type(await survey.run("x"))  # revealed: dict[str, float]
    reveal_type(await survey_soon.run("x"))  # revealed: float


reveal_type(run_twice(survey_soon))  # revealed: tuple[float, float]
reveal_type(told(count.run([])))  # revealed: int
assert_type(handle.status is ExecutionStatus.COMPLETED, bool)
anything: Any = handle.wait()
