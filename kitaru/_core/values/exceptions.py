"""Exceptions on their way to another process."""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parts:
    """What an exception is made of, where pickling would not give it back: many an ``__init__`` takes no ``args``."""

    kind: type[BaseException]
    args: tuple[Any, ...]
    state: dict[str, Any]

    def rebuilt(self) -> BaseException:
        """Return the exception."""
        error = self.kind.__new__(self.kind, *self.args)
        error.args = self.args
        vars(error).update(self.state)
        return error


def portable(error: BaseException) -> BaseException | Parts:
    """Return an exception, or its parts where pickling would not give it back."""
    with suppress(Exception):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - written in this very line
        if type(again) is type(error) and again.args == error.args:
            return error
    return Parts(type(error), error.args, {name: part for name, part in vars(error).items() if _is_picklable(part)})


def received(error: BaseException | Parts) -> BaseException:
    """Return the exception that another process has made portable."""
    return error.rebuilt() if isinstance(error, Parts) else error


def _is_picklable(part: Any) -> bool:
    with suppress(Exception):
        pickle.dumps(part)
        return True
    return False
