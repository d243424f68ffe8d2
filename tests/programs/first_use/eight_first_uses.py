"""Eight threads use Kitaru for the first time, each in another way, and all at once."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import kitaru
from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable


@checkpoint(cache=False)
def double(x: int) -> int:
    return x * 2


@flow(cache=False)
def doubled(x: int) -> int:
    return double(x)


def main() -> None:
    executions = KitaruClient().executions
    firsts: list[Callable[[], object]] = [
        lambda: doubled.run(21).wait(timeout=300, progress=False),
        lambda: executions.list(flow="another"),
        lambda: list(executions.pending_waits()),
        lambda: executions.recover(),  # noqa: PLW0108 - the thread itself asks for the function
        lambda: kitaru.current_stack().name,
        lambda: [stack.name for stack in kitaru.list_stacks()],
        lambda: kitaru.list_secrets(),  # noqa: PLW0108
        lambda: kitaru.list_models(),  # noqa: PLW0108
    ]
    together = threading.Barrier(len(firsts))

    def first(use: Callable[[], object]) -> object:
        together.wait()
        return use()

    sys.setswitchinterval(1e-5)  # threads take turns in the middle of imports, and not only every 5 ms
    with ThreadPoolExecutor(len(firsts)) as pool:
        futures = [pool.submit(first, use) for use in firsts]
    print(json.dumps([future.result() for future in futures]))


if __name__ == "__main__":
    main()
