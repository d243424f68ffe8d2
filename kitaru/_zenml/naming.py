"""Names of the calls and scopes of one attempt at a flow's body: each gets the one that it had in earlier attempts."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

from kitaru._named import NamedCall, Scope
from kitaru._zenml.plain_steps import PlainStep
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Container

    from kitaru._zenml.body_record import Record
    from kitaru._zenml.plain_steps import Called


class Names:
    """Gives names, and knows which call of the body has which.

    Calls are told apart by their order: the second call of ``fetch`` is ``fetch_2``. Where the order is left to chance,
    a key tells them apart, and the record of earlier attempts says which name belongs to it. Safe to use from threads.
    """

    def __init__(self, record: Record) -> None:
        """Give no name yet.

        Args:
            record: What earlier attempts have left.
        """
        self._record = record
        self._lock = threading.Lock()
        self._given: set[str] = set()
        self._counts: dict[str, int] = {}
        self._indexes: dict[str, int] = {}
        self._scopes: dict[object, Scope] = {}
        self._scope_names: set[str] = set()

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return len(self._indexes)

    def given_to(self, base: str) -> int:
        """Return how many names a base has been given so far."""
        with self._lock:
            return self._counts.get(base, 0)

    def index(self, name: str) -> int:
        """Return which call of the body a name was given to, from 1."""
        return self._indexes[name]

    def of_call(self, called: Called) -> str:
        """Name a call.

        Raises:
            KitaruUsageError: The call of a plain step asks for a name that is taken.
        """
        name = self._of_step(called) if isinstance(called, PlainStep) else self._of_checkpoint(called)
        with self._lock:
            self._indexes[name] = len(self._indexes) + 1
        return name

    def of_wait(self, base: str) -> str:
        """Name a question."""
        return self._next(base)

    def scope(self, base: str, *, key: str | None, run: object) -> Scope:
        """Return the scope of calls that belong together; the same one for the same run."""
        with self._lock:
            known = self._scopes.get(run)
            if known is None:
                found = None if key is None else self._record.scope_of(base, key, self._scope_names)
                name = found or self._free_scope(base, () if key is None else self._record.recorded)
                known = self._scopes[run] = Scope(name, base, key)
                self._scope_names.add(name)
            return known

    def _of_checkpoint(self, called: Called) -> str:
        if not isinstance(called, NamedCall):
            return self._next(called.name)
        if called.key is None:
            return self._next(called.stem)
        with self._lock:
            found = self._record.name_of(called.stem, called.key, self._given)
            if found is not None:
                self._given.add(found)
                return found
        return self._next(called.stem, self._record.recorded)

    def _of_step(self, step: PlainStep) -> str:
        name = self._next(step.call_name or step.name)
        if step.call_name and name != step.call_name:
            raise KitaruUsageError(
                f"The id {step.call_name!r} of a call of ZenML step {step.name!r} is taken: choose another."
            )
        return name

    def _next(self, base: str, reserved: Container[str] = ()) -> str:
        with self._lock:
            while True:
                self._counts[base] = self._counts.get(base, 0) + 1
                name = _numbered(base, self._counts[base])
                if name not in self._given and name not in reserved:
                    self._given.add(name)
                    return name

    def _free_scope(self, base: str, reserved: Container[str]) -> str:
        names = (_numbered(base, number) for number in count(1))
        return next(name for name in names if name not in self._scope_names and name not in reserved)


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}_{number}"
