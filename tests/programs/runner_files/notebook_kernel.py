"""Runs its arguments as the kernel of a notebook runs cells.

Cells are compiled under names that lead to no file, in a ``__main__`` without one, inside a running event loop. The last
one leaves a ``handle``, which is awaited.
"""

from __future__ import annotations

import asyncio
import linecache
import sys


def run_cell(number: int, source: str) -> None:
    name = f"<ipython-input-{number}-0123456789ab>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    code = compile(source, name, "exec", dont_inherit=True)
    exec(code, sys.modules["__main__"].__dict__)


async def kernel() -> None:
    for number, source in enumerate(sys.argv[1:], 1):
        run_cell(number, source)
    print("awaited", await sys.modules["__main__"].__dict__["handle"])


asyncio.run(kernel())
