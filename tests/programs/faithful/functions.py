"""Functions as inputs: of the script, of a module of its, methods, checkpoints; and what cannot be handed over."""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

import locking

from kitaru import checkpoint, flow
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

LOCK = threading.Lock()


class Client:
    """What holds a lock, as clients do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def get(self, text: str) -> str:
        return f"got {text}"

    @classmethod
    def name(cls, text: str) -> str:
        with LOCK:
            return f"{cls.__name__} {text}"


CLIENT = Client()


def search(text: str) -> str:
    return CLIENT.get(text)


def traced(function: Callable[[str], str]) -> Callable[[str], str]:
    @functools.wraps(function)
    def call(text: str) -> str:
        return f"traced {function(text)}"

    return call


@traced
def counted(text: str) -> str:
    with LOCK:
        return text


@checkpoint
def shout(text: str) -> str:
    return search(text).upper()


@checkpoint(cache=False)
def use(function: Callable[[str], str], text: str) -> tuple[str, bool]:
    return function(text), function in {search, counted, locking.locked}


@flow
def calls(function: Any, text: str) -> Any:
    return function(text) if function is shout else [use(function, text), function in {search, counted, locking.locked}]


@flow
def hands_out(text: str) -> Any:
    return [use(function, text)[0] for function in (search, counted, CLIENT.name, lambda text: search(text))]  # noqa: PLW0108


def told(function: Any) -> Any:
    """Start the flow with a function; return its value, or what is said."""
    try:
        return calls.run(function, "it").wait(progress=False)
    except KitaruUsageError as error:
        return str(error)


if __name__ == "__main__":

    def guarded(text: str) -> str:
        return f"guarded {text}"

    functions = {
        "search": search,
        "counted": counted,
        "of a module": locking.locked,
        "partial": functools.partial(search),
        "class method": Client.name,
        "checkpoint": shout,
        "guarded": guarded,
        "method": CLIENT.get,
        "lambda": lambda text: text * LOCK.locked(),
    }
    values = {name: told(function) for name, function in functions.items()}
    print(json.dumps([values, hands_out.run("it").wait(progress=False)]))
