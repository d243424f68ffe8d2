"""Environment variables that calls set for the time that they run, several at once in one process."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class _Variable:
    """A variable that calls have set: what it was before the first of them, and the values of those that run."""

    before: str | None
    values: list[str]


_set: dict[str, _Variable] = {}
_changing = threading.Lock()


@contextmanager
def temporarily(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables while a call runs; where calls run at once, each stays set until the last of them has ended.

    The environment is the process's: of two calls that set a variable to different values, both see the later one's. A
    value that a call has set itself stays.

    Args:
        environment: The values by name.
    """
    environment = dict(environment)
    with _changing:
        for name, value in environment.items():
            _set.setdefault(name, _Variable(os.environ.get(name), [])).values.append(value)
            os.environ[name] = value
    try:
        yield
    finally:
        with _changing:
            for name, value in environment.items():
                _end(name, value)


def current() -> dict[str, str]:
    """Return the variables that running calls have set, as they are now."""
    with _changing:
        return {name: os.environ[name] for name in _set if name in os.environ}


def _end(name: str, value: str) -> None:
    variable = _set[name]
    is_ours = os.environ.get(name) in variable.values
    variable.values.remove(value)
    now = variable.values[-1] if variable.values else variable.before
    if not variable.values:
        del _set[name]
    if is_ours and now is None:
        del os.environ[name]
    elif is_ours and now is not None:
        os.environ[name] = now
