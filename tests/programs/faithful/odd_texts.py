"""Exceptions whose text cannot be had, or holds what no store takes; prints what becomes of them."""

from __future__ import annotations

import json

from kitaru import checkpoint, flow
from kitaru.errors import KitaruExecutionError


class OddError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class LoneError(Exception):
    pass


@checkpoint(cache=False)
def fails(kind: str) -> None:
    raise OddError if kind == "odd" else LoneError("file \udcff.txt")


@flow(cache=False)
def failing(kind: str, *, caught: bool) -> str:
    try:
        fails(kind)
    except (OddError, LoneError) as error:
        if caught:
            return type(error).__name__
        raise
    return "none"


if __name__ == "__main__":
    seen: list[object] = []
    for kind in ("odd", "lone"):
        seen.append(failing.run(kind, caught=True).wait(progress=False))
        failed = failing.run(kind, caught=False)
        try:
            failed.wait(progress=False)
        except KitaruExecutionError as error:
            seen.append([type(error).__name__, str(error).splitlines()[0], len(failed.execution.attempts)])
    print(json.dumps(seen))
