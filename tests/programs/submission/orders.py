"""Ships an order under a key: ``orders.py KEY ORDER [SECRET]`` prints the id of the execution and what it shipped.

With ``loaded`` at the end, ZenML is loaded before, so that this process submits it itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from kitaru import checkpoint, current_execution_id, flow


@dataclass
class Order:
    """What is shipped; no plain JSON, so that it is stored as an artifact."""

    number: int


@checkpoint(cache=False)
def pack(order: Order) -> int:
    (Path(__file__).parent / f"{current_execution_id()}.packed").touch(exist_ok=False)
    return order.number


@flow
def ship(order: Order, password: str = "") -> int:
    assert password is not None
    return pack(order)


if __name__ == "__main__":
    key, number, *more = sys.argv[1:]
    if more[-1:] == ["loaded"]:
        import zenml  # noqa: F401
    handle = ship.with_options(idempotency_key=key).run(Order(int(number)), more[0] if more[1:] else "")
    print("OUT", handle.exec_id, handle.wait(timeout=120, progress=False))
