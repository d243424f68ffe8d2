"""Calls that become checkpoints under a name of their own, whatever callable is behind them: closures, bound methods.

A checkpoint of ``@checkpoint`` is found again by its module and name. What an agent framework hands over is not: it
exists in this process only. ZenML is given one entry function for all such calls, and the call finds its callable in the process in which the flow's body runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitaru._core.code.definitions import CheckpointDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru._core.code.definitions import CheckpointOptions

_UNFIT = re.compile(r"\W+", re.ASCII)
_LONGEST = 120  # letters: ZenML takes 255, for a scope, the call and its number


def clean_name(name: object) -> str:
    """Return what a call is recorded as, of what its author or a framework calls it; empty where that is no name.

    Example:
        >>> clean_name("read/file (fast)")
        'read_file_fast'
    """
    return _UNFIT.sub("_", name).strip("_")[:_LONGEST] if isinstance(name, str) else ""


@dataclass(frozen=True)
class Scope:
    """A course of calls that belong together, such as one run of an agent.

    Attributes:
        name: Its name in the execution: ``"researcher_2"``.
        base: What it was called: ``"researcher"``.
        key: What tells it from other scopes of that base.
        lane: Where in the flow's body it was opened; see ``kitaru._core.identity.lanes``.
    """

    name: str
    base: str
    key: str | None = None
    lane: str = ""


class NamedCall(CheckpointDefinition[..., Any]):
    """One call of a callable that is recorded under a given name.

    Two of them are equal where ZenML's step of both is the same.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[dict[str, Any]], Any],
        options: CheckpointOptions,
        *,
        like: CheckpointDefinition[..., Any],
        stem: str,
        key: str | None,
        scope: Scope | None,
        identity: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        """Create the call.

        Args:
            name: The checkpoint's name, which calls of the same kind share.
            function: What is called, with the inputs.
            options: As of ``@checkpoint``.
            like: The checkpoint that all such calls are for ZenML.
            stem: What the call's name in the execution begins with.
            key: What tells it from other calls of that stem; None where the order does.
            scope: What it belongs to.
            identity: Takes out of the inputs what tells the call from others; None for all of them.
        """
        self.func = function
        self.source = self
        self.id = None
        self.name = self.__name__ = self.__qualname__ = name
        self.options = options
        self.signature = like.signature
        self.record_names = like.record_names
        self.entry = like.entry
        self.planted = like.planted
        self.identity: str | None = name
        self.stem = stem
        self.key = key
        self.scope = scope
        self._identity = identity

    def identity_of(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what of its inputs tells the call from others."""
        return inputs if self._identity is None else self._identity(inputs)

    def _enter(self, inputs: dict[str, Any]) -> Any:
        raise AssertionError(f"ZenML calls the entry function that all such calls share, with {sorted(inputs)}")

    @property
    def _kind(self) -> tuple[Any, ...]:
        return (self.name, self.options.type, self.options.retry, self.options.cache)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamedCall) and other._kind == self._kind

    def __hash__(self) -> int:
        return hash(self._kind)
