"""One of several processes that retry one execution and answer another at the same moment: when a line comes in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from outcomes import executions, out

from kitaru import KitaruStateError

if TYPE_CHECKING:
    from collections.abc import Callable


def tried(act: Callable[[], object]) -> str:
    try:
        act()
    except KitaruStateError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    paused, failed = sys.argv[1:3]
    executions.list()  # everything is loaded before the whistle
    print("ready", flush=True)
    sys.stdin.readline()
    out((tried(lambda: executions.retry(failed)), tried(lambda: executions.input(paused, value="word"))))
