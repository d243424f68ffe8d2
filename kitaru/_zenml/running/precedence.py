"""Which calls a call comes after where its inputs do not say so: edges of the graph in ZenML's dashboard."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kitaru._core.code.named import NamedCall

if TYPE_CHECKING:
    from kitaru._core.code.named import Scope
    from kitaru._zenml.running.plain_step import Called


class Precedence:
    """The order of the calls of one attempt, as far as the body made it. Safe to use from threads."""

    def __init__(self) -> None:
        """Begin before the first call."""
        self._last: str | None = None
        self._ends: dict[Scope, set[str]] = {}
        self._lock = threading.Lock()

    def before(self, called: Called) -> set[str]:
        """Return the calls that one comes after: in a scope those that ended last, else the one before it."""
        scope = _scope_of(called)
        with self._lock:
            ends = set(self._ends.get(scope, ())) if scope is not None else set()
        return ends or ({self._last} if self._last is not None else set())

    def ended(self, called: Called, name: str, before: set[str]) -> None:
        """Take note of the end of a call.

        Args:
            called: What was called.
            name: The call's name.
            before: What it came after.
        """
        scope = _scope_of(called)
        if scope is not None:
            with self._lock:
                ends = self._ends.setdefault(scope, set())
                ends -= before
                ends.add(name)

    def returned(self, name: str) -> None:
        """Take note of a call that the body has waited for: the next one comes after it."""
        self._last = name


def _scope_of(called: Called) -> Scope | None:
    return called.scope if isinstance(called, NamedCall) else None
