"""What would start executions inside of one is refused; the steps of a ZenML pipeline can be a part of it."""

from __future__ import annotations

from typing import Any

from expecting import refused
from zenml import pipeline, step

from kitaru import KitaruClient, KitaruContextError, checkpoint, flow


@step
def plus_one(number: int) -> int:
    return number + 1


@pipeline(dynamic=True)
def counting(number: int) -> Any:
    return plus_one(number)


@flow
def other() -> int:
    return 1


@checkpoint
def starts(how: str) -> str:
    call: dict[str, Any] = {
        "run": other.run,
        "replay": lambda: other.replay("0"),
        "replay_many": lambda: KitaruClient().executions.replay_many(["0"]),
    }
    with refused(
        KitaruContextError, how, "inside checkpoint 'starts", "every new attempt", "in the program that starts"
    ):
        call[how]()
    return how


@checkpoint
async def starts_async() -> str:
    with refused(KitaruContextError, "other.run(...)", "inside checkpoint 'starts_async'", "other.func(...)"):
        other.run()
    return "async"


@flow
def outer() -> Any:
    for call in (counting, counting.submit):
        with refused(KitaruContextError, "ZenML pipeline 'counting'", "body of a flow", "counting.embed(...)"):
            call(1)
    refusals = [starts(how) for how in ("run", "replay", "replay_many")]
    return [*refusals, starts_async(), counting.embed(1).load()]


if __name__ == "__main__":
    handle = outer.run()
    print(handle.wait(progress=False), sorted(call.name for call in handle.execution.checkpoints))
    print([one.flow_name for one in KitaruClient().executions.list()])
