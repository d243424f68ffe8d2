"""The time is an argument of a call, so that each attempt makes it with another one."""

from __future__ import annotations

import sys
import time

from marks import ending, lines, note, once, ran, show

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def stamp(moment: int | str) -> str:
    ran("stamp")
    return f"stamped {str(moment)[:30].strip()}"


@checkpoint(cache=False)
def publish(text: str) -> str:
    ran("publish")
    if once("publish"):
        raise ConnectionError("this once")
    return text


@flow(retries=1)
def stamped(kind: str, call_id: str | None) -> str:
    now = time.time_ns()
    note("moments.txt", now)
    call = stamp.with_options(id=call_id) if call_id else stamp
    return publish(call(now if kind == "number" else f"{now} {' ' * 30}{'x' * 5000}"))


def main(kind: str, call_id: str | None = None) -> None:
    handle = stamped.run(kind, call_id)
    facts = ending(handle)
    calls = {call.name: call.changed_inputs for call in handle.execution.checkpoints} if call_id else {}
    show(**facts, moments=lines("moments.txt"), changed_inputs=calls)


if __name__ == "__main__":
    main(*sys.argv[1:])
