"""What pydantic finds wrong, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# What somebody's own check has raised is told as it is.
_RAISED = ("value_error", "assertion_error")


def problems(
    error: ValidationError,
    root: str = "",
    *,
    joint: str = "; ",
    in_own_words: Callable[[ErrorDetails], str] | None = None,
) -> str:
    """Return all that is wrong, without the values, which may be secret: ``"at.0: input should be a valid date"``.

    Args:
        error: What pydantic has raised.
        root: What stands before the place of each problem, such as the name of the value that was checked.
        joint: What stands between two problems.
        in_own_words: Tells a problem, with its place, in other words.
    """

    def in_a_line(detail: ErrorDetails) -> str:
        place = ".".join(map(str, [*filter(None, [root]), *detail["loc"]]))
        return f"{place}: {message(detail)}" if place else message(detail)

    return joint.join(map(in_own_words or in_a_line, error.errors(include_url=False)))


def first_place(error: ValidationError) -> str:
    """Return where the first problem is: ``"settings.cpu_count"``."""
    return ".".join(map(str, error.errors(include_url=False)[0]["loc"]))


def message(detail: ErrorDetails) -> str:
    """Return what is wrong as it may stand within a sentence, without the place."""
    words = detail["msg"]
    if detail["type"] in _RAISED:
        kind, _, said = words.partition(", ")
        return said.rstrip(".") or kind.lower()
    return words if words[:2].isupper() else words[:1].lower() + words[1:]  # "URL scheme should be ..." stays
