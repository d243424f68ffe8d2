"""Errors that calls in the programs of tests are to raise, and the words in their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

E = TypeVar("E", bound=BaseException)


def raised(kind: type[E], call: Callable[[], object], *words: str) -> E:
    """Return the error of a kind that a call raises, which must have all the words in its message."""
    try:
        call()
    except kind as error:
        caught = error
    else:
        raise AssertionError(f"no {kind.__name__} was raised; words to be in its message: {words}")
    missing = [word for word in words if word not in str(caught)]
    assert not missing, (missing, caught)
    return caught
