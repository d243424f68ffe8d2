"""Calls with options of their own: order, cache, resources, outputs of maps one by one; once failing, then tried again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zenml
import zenml.client
from expecting import raised

from kitaru import CheckpointFuture, KitaruClient, KitaruUsageError, KitaruUserCodeError, checkpoint, flow

if TYPE_CHECKING:
    from kitaru.models import Execution

STARTED = Path("started")


@checkpoint(cache=False)
def note(text: str) -> str:
    if text == "slow":
        while not STARTED.exists():  # until the body has made all its calls
            time.sleep(0.01)
    with Path("notes").open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")
    return f"note of {text}"


@checkpoint
def fail(text: str) -> str:
    raise LookupError(text)


@checkpoint
def both(number: int) -> tuple[int, list[int]]:
    return number * 1000, [number]


@checkpoint
def add(big: int, small: list[int], more: Any = 0) -> int:
    return big + sum(small) + (sum(more) if isinstance(more, list) else more)


@checkpoint
def nothing() -> None:
    pass


@flow(retries=1)
def steered() -> list[Any]:
    slow = note.submit("slow")
    many = note.map(["m1", "m2"])
    value = note("value")
    last = note.with_options(id="last", after=[slow, many, value, nothing()]).submit("last")
    behind = note.with_options(id="behind", after=last).map(["b1", "b2"])
    failing = fail.submit("broken")
    missing = note.with_options(id="missing", after=[failing]).submit("never")
    STARTED.touch()
    raised(LookupError, missing.result, "broken")
    raised(LookupError, lambda: note.with_options(id="missing2", after=failing)("never"), "broken")
    direct = note.with_options(id="direct", after=behind)("direct")
    big, small = both.map([1, 2, 3]).unpack()
    sums = add.map(big, small).results()
    one: Any = both.submit(4).unpack()[0]
    sums.append(add.with_options(id="whole")(one, zenml.unmapped([5]).value))
    assert add.map(big, zenml.unmapped([1])).results() == [1001, 2001, 3001]
    assert both.map([]).unpack() == ([], [])
    if not Path("failed").exists():
        Path("failed").touch()
        raise OSError("in the first attempt")
    return [direct, *sums]


@flow
async def steered_async() -> list[str]:
    first = note.submit("a1")
    second = asyncio.ensure_future(wait_for(note.with_options(after=[first]).submit("a2")))
    third: Any = note.with_options(after=[first])("a3")  # in an async flow something to await
    return [await second, await third]


async def wait_for(future: CheckpointFuture[str]) -> str:
    return await future


@checkpoint
def work(number: int) -> float:
    return time.time() + number


@flow
def cached() -> list[float]:
    return [
        work(1),
        work.with_options(cache=False)(2),
        work.with_options(id="sized", resources={"cpu_count": 1})(3),
        work.with_options(cache=True, id="again")(2),
        work.with_options(id="tried", retries=2)(4),
    ]


@flow
def wrong(kind: str) -> None:
    if kind == "unknown":
        note.with_options(after=["fetch"])("x")
    if kind == "checkpoint":
        note.with_options(after=note)("x")
    if kind == "one":
        note.map(["x"]).unpack()
    if kind == "future":
        print(note.submit("x").load())  # type: ignore[attr-defined]
    if kind == "futures":
        note.map(["x"]).load()  # type: ignore[attr-defined]
    if kind == "value":
        print(note("x").load())  # type: ignore[attr-defined]


def lines_of(execution: Execution, *names: str) -> dict[str, tuple[str, ...]]:
    return {call.name: call.after for call in execution.checkpoints if call.name in names}


if __name__ == "__main__":
    client = KitaruClient()
    handle = steered.run()
    print(handle.wait(timeout=120))
    notes = Path("notes").read_text(encoding="utf-8").split()
    assert sorted(notes) == sorted(["slow", "m1", "m2", "value", "last", "b1", "b2", "direct"]), notes  # each once
    assert set(notes[:4]) == {"slow", "m1", "m2", "value"}, notes
    assert notes[4] == "last", notes
    assert notes[-1] == "direct", notes
    execution = client.executions.get(handle.exec_id)
    print(lines_of(execution, "last", "behind-1", "behind-2", "direct", "add", "whole"))
    print({call.name: call.parents for call in execution.checkpoints if call.name in ("add_2", "whole")})

    handle = steered_async.run()
    print(handle.wait(timeout=120))
    replay = steered_async.replay(handle, at="note_3")
    replay.wait(timeout=120)
    calls = client.executions.get(replay.exec_id).checkpoints
    print({call.name: (call.replay, call.after) for call in calls})

    first_run = cached.run()
    first, second = first_run.wait(timeout=120), cached.run()
    print([one == other for one, other in zip(first, second.wait(timeout=120), strict=True)])
    print({call.name: call.status for call in client.executions.get(second.exec_id).checkpoints})
    steps = zenml.client.Client().get_pipeline_run(first_run.exec_id).steps
    print({name: step.config.resource_settings.cpu_count for name, step in steps.items() if name in ("work", "sized")})

    for kind, words in (
        ("unknown", "got 'fetch'"),
        ("checkpoint", "got <Checkpoint"),
        ("one", "nothing to unpack"),
        ("future", ".result() is the value, with nothing to load"),
        ("futures", ".results() are the values"),
    ):
        raised(KitaruUserCodeError, wrong.run(kind).wait, words)
    load = "returns its value, which needs no loading"
    assert load in "".join(raised(KitaruUserCodeError, wrong.run("value").wait).__notes__)
    raised(
        KitaruUsageError,
        lambda: note.with_options(runtime="inline", resources={"cpu_count": 1}),
        "resources={'cpu_count': 1} and runtime='inline' contradict each other",
    )
    raised(
        KitaruUsageError,
        lambda: note.with_options(runtime="isolated", max_memory="2GB"),
        "max_memory=2000000000 and runtime='isolated' contradict each other",
    )
