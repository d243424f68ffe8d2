"""Functions that are called at events of executions and calls, as options give them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from kitaru.errors import KitaruUsageError

Hook: TypeAlias = Callable[[Any], Any]


def checked_hooks(name: str, value: Any, where: str) -> tuple[Hook, ...]:
    """Return the functions that an option gives: one, or a sequence of them.

    Raises:
        KitaruUsageError: It gives something else, or a function that does not take the one argument.
    """
    hooks = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    for hook in hooks:
        if not callable(hook):
            raise KitaruUsageError(f"{where} gives {hook!r}: {name} is a function, or a list of functions.")
        try:
            inspect.signature(hook).bind(object())
        except TypeError as error:
            raise KitaruUsageError(
                f"{where} gives {getattr(hook, '__qualname__', hook)}, which cannot be called with one argument "
                f"({error}). It gets the execution, or the call."
            ) from error
        except ValueError:  # built in, without a signature
            continue
    return hooks
