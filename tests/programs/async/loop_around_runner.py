"""A sync and an async flow, run from inside an event loop, as in a notebook, whose cells run inside one."""

from __future__ import annotations

import asyncio
from typing import Any

from kitaru import checkpoint, flow


def either_way(made: Any) -> Any:
    """Keep the type of a checkpoint from type checkers: it is awaited in one flow, and not in the other."""
    return made


@either_way
@checkpoint
def one() -> int:
    return 1


@either_way
@checkpoint
async def two() -> int:
    return 2


@flow
def sync_flow() -> Any:
    return one() + two()


@flow
async def async_flow() -> Any:
    return await one() + await two()


async def main() -> tuple[Any, Any]:
    return sync_flow.run().get(), async_flow.run().get()


if __name__ == "__main__":
    print(asyncio.run(main()))
