"""What assistants are told is short: long texts are cut, long lists come in pages, and both say how to get the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_TEXT = 200_000
MaxText = Annotated[
    int,
    Field(
        ge=100,
        le=MOST_TEXT,
        description="How many characters of each text are given. What is longer is cut, and a note in its place says "
        "how much is missing: ask again with a greater number where the rest matters.",
    ),
]


def shortened(value: Any, max_text: int) -> Any:
    """Return plain data with its long texts cut.

    Examples:
        >>> shortened({"a": "x" * 9}, 4)
        {'a': 'xxxx [cut: 5 more characters; a greater max_text gives them]'}
    """
    if isinstance(value, str) and len(value) > max_text:
        return f"{value[:max_text]} [cut: {len(value) - max_text} more characters; a greater max_text gives them]"
    if isinstance(value, dict):
        return {key: shortened(item, max_text) for key, item in value.items()}
    return [shortened(item, max_text) for item in value] if isinstance(value, list | tuple) else value


def page(name: str, items: Sequence[Any], first: int, size: int, argument: str) -> dict[str, Any]:
    """Return some of many items under a name, with a note where there are others.

    Args:
        name: What the items are.
        items: All of them.
        first: Which of them comes first, from 0.
        size: How many at most.
        argument: The argument by which the others are asked for.
    """
    shown = list(items[first : first + size])
    content = {name: shown, f"{name}_total": len(items)}
    if len(shown) == len(items):
        return content
    ends = f"{first} to {first + len(shown) - 1}" if shown else "none"
    return {**content, f"{name}_note": f"Of {len(items)}, counted from 0, these are {ends}; others: {argument}=..."}


def value_or_text(text: str, value: Any, offset: int, max_text: int) -> dict[str, Any]:
    """Return a value, or a piece of its text where that is long.

    Args:
        text: The value as text.
        value: The value as plain data.
        offset: Where the piece begins.
        max_text: How many characters it has at most.
    """
    if offset == 0 and len(text) <= max_text:
        return {"value": value}
    end = min(offset + max_text, len(text))
    rest = {"next_offset": end} if end < len(text) else {}
    return {"text": text[offset:end], "offset": offset, "characters": len(text), **rest}
