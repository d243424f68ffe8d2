"""Runs so many executions, so many of them at a time, while a thread lists them over and over."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from heavy_flows import ten

from kitaru import KitaruClient


def main(count: int, at_a_time: int) -> None:
    executions = KitaruClient().executions
    over = threading.Event()
    seen: set[str] = set()
    looks: list[int] = []

    def read() -> None:
        while not over.is_set():
            listed = executions.list(limit=200)
            looks.append(len(listed))
            seen.update(str(execution.status) for execution in listed)
            over.wait(0.1)

    def one(number: int) -> tuple[str, int]:
        handle = ten.run(number)
        return handle.exec_id, handle.wait(timeout=300, progress=False)

    with ThreadPoolExecutor(at_a_time + 1) as pool:
        reader = pool.submit(read)
        try:
            done = list(pool.map(one, range(count)))
        finally:
            over.set()
        reader.result()
    listed = executions.list(limit=200)
    assert sorted(exec_id for exec_id, _ in done) == sorted(e.exec_id for e in listed)
    print(json.dumps([[value for _, value in done], sorted({str(e.status) for e in listed}), looks, sorted(seen)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
