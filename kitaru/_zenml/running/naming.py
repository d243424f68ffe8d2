"""Names of the calls, questions and scopes of one attempt at a flow's body."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from kitaru._core.code.named import Scope
from kitaru._core.identity.matching import numbered
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Container

    from kitaru._core.identity.lanes import Lane
    from kitaru._zenml.running.body_record import Record


class Names:
    """Gives what is new a name that nothing in the record has. Safe to use from threads.

    What is in the record keeps its name; see :mod:`kitaru._core.identity.matching`.
    """

    def __init__(self, record: Record) -> None:
        """Give no name yet.

        Args:
            record: What earlier attempts have left.
        """
        self._record = record
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._ids: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._scopes: dict[object, Scope] = {}

    def count(self, base: str) -> int:
        """Count one more call or question whose name begins with a base, and return which one it is, from 1."""
        with self._lock:
            self._counts[base] += 1
            return self._counts[base]

    def counted(self, base: str) -> int:
        """Return how many calls whose names begin with a base were made."""
        return self._counts[base]

    def keep(self, name: str) -> str:
        """Give a recorded call or question the name that it has."""
        with self._lock:
            self._taken.add(name)
            return name

    def new(self, base: str, reserved: Container[str]) -> str:
        """Return a name for what is new: the base, or the base with a number.

        Args:
            base: What it begins with.
            reserved: Names that are not given.
        """
        with self._lock:
            number = 1
            while (name := numbered(base, number)) in self._taken or name in reserved:
                number += 1
            self._taken.add(name)
            return name

    def claim_id(self, name: str, called: str) -> None:
        """Take an id for a call.

        Args:
            name: The id.
            called: What is called, for the message: ``"checkpoint 'refund'"``.

        Raises:
            KitaruUsageError: Another call of this execution has it.
        """
        with self._lock:
            if name in self._ids or name in self._taken:
                raise KitaruUsageError(f"The id {name!r} of a call of {called} is taken: choose another.")
            self._ids.add(name)

    def scope(self, base: str, *, key: str | None, run: object, lane: Lane) -> Scope:
        """Return the scope of calls that belong together; the same one for the same run."""
        with self._lock:
            known = self._scopes.get(run)
            if known is None:
                taken = {scope.name for scope in self._scopes.values()}
                name = None if key is None else self._record.scope_of(base, key, lane.path, taken)
                known = self._scopes[run] = Scope(name or self._new_scope(base, key, taken), base, key, lane.path)
            return known

    def _new_scope(self, base: str, key: str | None, taken: set[str]) -> str:
        reserved = taken if key is None else taken | self._record.names
        number = 1
        while (name := numbered(base, number)) in reserved:
            number += 1
        return name
