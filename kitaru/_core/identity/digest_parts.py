"""What a digest is made of: bytes that are done, and nodes whose children are still to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZE: Final = 12


@dataclass(slots=True)
class Node:
    """A part that consists of other parts.

    Attributes:
        part: The part itself.
        head: Its tag, and what of it is not in its children.
        children: What it consists of.
        names: What its children are called in messages; None for what an object is rebuilt from, its state first.
        ordered: Whether the order of the children counts.
        digests: Those of the children that are done.
        number: Its place among the parts that may be on a cycle.
        low: The lowest such place that its children lead back to.
        cycles: How many references closed a cycle before it was entered.
        rest: The children that are not done.
    """

    part: Any
    head: bytes
    children: Sequence[Any]
    names: Sequence[Any] | None = None
    ordered: bool = True
    digests: list[bytes] = field(default_factory=list)
    rest: Iterator[Any] = field(init=False)
    number: int = 0
    low: int = 0
    cycles: int = 0

    def __post_init__(self) -> None:
        self.rest = iter(self.children)


Opener: TypeAlias = "Callable[[Any], bytes | Node]"


def write(*parts: bytes) -> bytes:
    """Write what is done as one."""
    return blake2b(b"".join(parts), digest_size=SIZE).digest()
