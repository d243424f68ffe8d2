"""Try lines of Python: outside a flow, or in the bodies of two, one of them async; print what each comes to."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import first_flows

import kitaru
from kitaru import FlowHandle, KitaruClient, checkpoint, flow

# What the lines may use, beside the flows.
IMPORTED = {
    "FlowHandle": FlowHandle,
    "KitaruClient": KitaruClient,
    "ThreadPoolExecutor": ThreadPoolExecutor,
    "checkpoint": checkpoint,
    "flow": flow,
    "kitaru": kitaru,
    "threading": threading,
}


def outcome(line: str) -> str:
    try:
        return f"nothing: {eval(line, {**vars(first_flows), **IMPORTED})!r}"
    except Exception as error:  # noqa: BLE001 - whatever comes of it is looked at
        return f"{type(error).__name__}: {error}"


@flow
def in_body(lines: list[str]) -> list[str]:
    return [outcome(line) for line in lines]


@flow
async def in_async_body(lines: list[str]) -> list[str]:
    return [outcome(line) for line in lines]


def main() -> None:
    """Read the lines from stdin: a list of those outside, or one of those in each body."""
    lines = json.load(sys.stdin)
    if sys.argv[1] == "outside":
        print(json.dumps([outcome(line) for line in lines]))
        return
    handles = in_body.run(lines["body"]), in_async_body.run(lines["async body"])
    print(json.dumps([handle.wait(progress=False) for handle in handles]))


if __name__ == "__main__":
    main()
