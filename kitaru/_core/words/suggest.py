"""What there is, for who asks for something by a wrong name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'cache'?"`` where a known name is near to ``word``, else nothing."""
    from difflib import get_close_matches  # only where something is wrong already

    nearest = get_close_matches(word.lower(), list(known), n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def no_attribute(owner: object, kind: str, name: str, instead: str) -> AttributeError:
    """Return the error of an attribute that a kind of object does not have; Python adds the nearest one that it has."""
    return AttributeError(f"A {kind} has no {name!r}. {instead}", name=name, obj=owner)
