"""A script in a folder of a repository of ZenML's, whose values are of its own classes."""

from __future__ import annotations

import json
import threading

from helping import Helper
from pydantic import BaseModel

from kitaru import checkpoint, flow

LOCK = threading.Lock()


class Own(BaseModel):
    """What the script defines."""

    number: int


@checkpoint(cache=False)
def make(number: int) -> Own:
    return Own(number=number)


def locked(own: Own) -> int:
    with LOCK:
        return own.number


@checkpoint(cache=False)
def look(own: Own, helper: Helper, function: object) -> list[object]:
    return [__name__, isinstance(own, Own), isinstance(helper, Helper), function is locked and locked(own)]


@flow
def in_subfolder(given: Own | None = None, function: object = locked) -> list[object]:
    return [look(given or make(2), Helper(name="helper"), function), given]


if __name__ == "__main__":
    seen, given = in_subfolder.run(Own(number=1), locked).wait()
    print(json.dumps([*seen, isinstance(given, Own)]))  # type: ignore[misc]
