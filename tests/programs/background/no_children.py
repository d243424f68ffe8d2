"""Runs a flow to its end and prints which child processes there are after it."""

from __future__ import annotations

import time

import psutil  # type: ignore[import-untyped]

from kitaru import checkpoint, flow


@checkpoint
def one() -> int:
    return 1


@flow
def short() -> int:
    return one()


def main() -> None:
    print(short.run().wait())
    deadline = time.monotonic() + 20
    while psutil.Process().children() and time.monotonic() < deadline:
        time.sleep(0.05)
    print(psutil.Process().children())


if __name__ == "__main__":
    main()
