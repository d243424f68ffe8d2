"""``with refused(...)``, ``raised(...)``: how a program checks that something is refused, and with which words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

E = TypeVar("E", bound=BaseException)


class Refusal(Generic[E]):
    """What was raised, once the block has been left."""

    error: E


@contextmanager
def refused(kind: type[E], *words: str) -> Iterator[Refusal[E]]:
    """Expect an error of exactly this type, whose message has all of these words."""
    refusal = Refusal[E]()
    try:
        yield refusal
    except kind as error:
        refusal.error = error
    else:
        raise AssertionError(f"nothing was raised; expected {kind.__name__} with {words}")
    assert type(refusal.error) is kind, repr(refusal.error)
    lacking = [word for word in words if word not in str(refusal.error)]
    assert not lacking, f"{lacking} not in: {refusal.error}"


def raised(kind: type[E], call: Callable[[], object], *words: str) -> E:
    """Return the error that a call raises, of exactly this type, whose message has all of these words."""
    with refused(kind, *words) as refusal:
        call()
    return refusal.error
