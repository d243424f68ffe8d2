"""Starts a flow as its arguments say, and prints its value, or how it failed, and whether that took loading ZenML."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

from kitaru import KitaruError, checkpoint, flow


@checkpoint
def told(text: str) -> str:
    return text


@checkpoint
def failing() -> None:
    raise ValueError("as it is meant to")


@flow(retries=1)
def greeting(name: str, *, loud: bool = False) -> str:
    text = told(f"hello {name}")
    return text.upper() if loud else text


@flow
def broken() -> None:
    failing()


if __name__ != "__main__" and Path("raises").exists():  # as the runner imports it
    raise RuntimeError("not here")

if __name__ == "__main__":
    case = sys.argv[1]
    value: object
    try:
        if case == "broken":
            broken.run().wait(progress=False)
            value = None
        elif case == "stack":
            value = greeting.run("you", stack="nowhere").wait(progress=False)
        elif case == "lambda":
            value = greeting.run(cast("str", lambda: 1)).wait(progress=False)
        elif case == "options":
            value = greeting.with_options(retries=2).run("you", loud=True, cache=False).wait(progress=False)
        else:
            value = greeting.run("you", loud=True).wait(progress=False)
    except KitaruError as error:
        value = [type(error).__name__, str(error), getattr(error, "exception_type", None)]
    print(json.dumps([value, "zenml" in sys.modules]))
