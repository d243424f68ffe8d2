"""Values of hundreds of kinds through a body, the next checkpoint, recovery, the cache, a replay, and a container."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import every_kind
from more_kinds import INSIDE, MORE
from sameness import same

from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

# A few of each sort, for inside other values.
HELD = (
    *(
        "none",
        "big int",
        "nan",
        "surrogate",
        "datetime with zone",
        "relative path",
        "deque",
        "flag",
        "slotted",
        "fitted",
    ),
    *(
        "zoo",
        "private model",
        "list subclass",
        "array, fortran",
        "scalar of f4",
        "frame of Int64",
        "exception of keywords",
    ),
)
ALL: dict[str, Callable[[], Any]] = {**every_kind.VALUES, **MORE}
ALL |= {f"{name} in a {where}": lambda n=name, w=where: INSIDE[w](ALL[n]()) for name in HELD for where in INSIDE}  # type: ignore[misc]
FIRST_DONE = Path("first-done")


def complaint(where: str, name: str, value: object) -> list[str]:
    """Return a line about a value that is not what it was made as."""
    try:
        fine = same(ALL[name](), value)
    except AssertionError as error:
        fine, value = False, error
    return [] if fine else [f"{where}: {name}: {type(value)} {str(value)[:200]!r}"]


@checkpoint
def make(name: str) -> Any:
    return ALL[name]()


@checkpoint
def look(names: list[str], values: list[Any]) -> list[str]:
    return [line for name, value in zip(names, values, strict=True) for line in complaint("next", name, value)]


@checkpoint
def argued(names: list[str], one: Any = None, two: Any = None, three: Any = None, four: Any = None) -> list[str]:
    values = (one, two, three, four)
    return [line for name, value in zip(names, values, strict=False) for line in complaint("argument", name, value)]


@flow(retries=1)
def round_trips(names: list[str]) -> list[str]:
    where = "body" if not FIRST_DONE.exists() else "taken from the store"
    complaints: list[str] = []
    for batch in (names[start : start + 4] for start in range(0, len(names), 4)):
        made = []
        for name, future in zip(batch, make.map(batch), strict=True):
            try:
                made.append(future.result())
            except Exception as error:  # noqa: BLE001 - is reported, and the other values go on
                complaints.append(f"{where}: {name}: {error}")
                made.append(ALL[name]())
            complaints += complaint(where, name, made[-1])
        complaints += look(batch, made)
        complaints += argued(batch, *(ALL[name]() for name in batch))
    with Path("complaints.txt").open("a") as file:
        file.write("\n".join(complaints))
    if not FIRST_DONE.exists():
        FIRST_DONE.touch()
        raise ConnectionError("now from the store")
    return complaints


def in_a_container() -> None:
    versions = [f"{name}=={version(name)}" for name in ("numpy", "pandas")]
    names = list(ALL)
    handle = round_trips.run(names, image={"requirements": versions})
    complaints = handle.wait(progress=False)
    print(json.dumps([len(names), complaints, [attempt.outcome for attempt in handle.execution.attempts]]))


def main() -> None:
    names = list(ALL)
    handle = round_trips.run(names)
    recovered = handle.wait(progress=False)
    cached = round_trips.run(names)  # elsewhere: made anew, and known again
    from_cache = cached.wait(progress=False)
    run = [call.name for call in cached.execution.checkpoints if call.status != "cached"]
    replayed = handle.replay(at=handle.execution.checkpoints[-1].name)
    from_record = replayed.wait(progress=False)
    print(json.dumps([len(names), Path("complaints.txt").read_text(), recovered, from_cache, from_record, run]))


if __name__ == "__main__":
    in_a_container() if sys.argv[1:] == ["container"] else main()
