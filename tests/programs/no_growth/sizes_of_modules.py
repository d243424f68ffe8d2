"""Runs flow after flow in one process, and compares how much the modules of Kitaru hold."""

from __future__ import annotations

import functools
import gc
import sys
import time
from collections.abc import Sized

import kitaru
from kitaru import adapter, checkpoint, flow


@checkpoint(cache=False)
def work(number: int) -> int:
    kitaru.progress("half", fraction=0.5)
    kitaru.llm("how are you?", name="hint")
    adapter.record_usage(model="m", input_tokens=1, cost=0.0)
    return number


@flow
def many() -> int:
    kitaru.progress("begun")
    return sum(future.result() for future in work.map([1, 2, 3]))


# What functools.cache and lru_cache make of a function.
CACHE = type(functools.cache(len))


def sizes() -> dict[tuple[str, str], int]:
    gc.collect()
    found = {}
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "kitaru"]:
        for name, value in list(vars(module).items()):
            if isinstance(value, CACHE):
                found[module.__name__, name] = value.cache_info().currsize
            elif isinstance(value, Sized) and not isinstance(value, type) and not name.startswith("__"):
                found[module.__name__, name] = len(value)
    return found


def after(executions: int) -> dict[tuple[str, str], int]:
    for _ in range(executions):
        handle = many.run()
        assert handle.wait() == 6
        assert handle.execution.usage is not None
        assert handle.execution.usage.calls == 6
    time.sleep(0.6)  # a report of progress counts for half a second
    assert many.run().wait() == 6
    return sizes()


def main() -> None:
    # How much is known of what was reported within half a second, depends on the machine; what grows, grows each time.
    sizes_of = [after(2), after(2), after(2)]
    assert ("kitaru._zenml.records.usage", "_runs") in sizes_of[0]
    seen = {place: [size.get(place, 0) for size in sizes_of] for place in sizes_of[-1]}
    grown = {place: sizes for place, sizes in seen.items() if sizes[0] < sizes[1] < sizes[2]}
    assert grown == {}, grown


if __name__ == "__main__":
    main()
