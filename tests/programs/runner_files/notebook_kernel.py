"""Runs its arguments as the kernel of a notebook runs cells.

Cells are compiled under names that lead to no file, in a ``__main__`` without one, inside a running event loop. The last
one leaves a ``handle``, which is awaited. While one runs, IPython has another ``write`` on the streams, and then the one from
before again.
"""

from __future__ import annotations

import asyncio
import linecache
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def tee(stream: Any) -> Iterator[None]:
    original = stream.write

    def write(text: str) -> Any:
        return original(text)

    stream.write = write
    yield
    stream.write = original


def run_cell(number: int, source: str) -> None:
    name = f"<ipython-input-{number}-0123456789ab>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    code = compile(source, name, "exec", dont_inherit=True)
    with tee(sys.stdout), tee(sys.stderr):
        exec(code, sys.modules["__main__"].__dict__)


async def kernel() -> None:
    for number, source in enumerate(sys.argv[1:], 1):
        run_cell(number, source)
    print("awaited", await sys.modules["__main__"].__dict__["handle"])


asyncio.run(kernel())
