"""What is different between two values, in lines that a person can read.

Text is compared line by line, containers, dataclasses and pydantic models part by part, tables and arrays by shape and
cell. Frames and arrays are known by what they can do, so that neither pandas nor numpy is needed here.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["text", "data", "table", "other"]

# How much of a difference is told: lines of one value, cells of a table, characters of one part.
MOST_LINES = 200
MOST_CELLS = 10
_MOST_CHARACTERS = 200
_ALIGNED_LENGTH = 2000
_SHORT_LINE = 60


@dataclass(frozen=True)
class Difference:
    """How two values differ.

    Attributes:
        kind: What they were compared as.
        lines: The difference: a unified diff of text, else a line for each part that differs.
    """

    kind: Kind
    lines: tuple[str, ...]


def compare(one: Any, other: Any) -> Difference | None:
    """Return how two values differ; None where they are equal and of the same type.

    Examples:
        >>> compare({"words": 5}, {"words": 7}).lines
        ('["words"]: 5 → 7',)
    """
    if isinstance(one, str) and isinstance(other, str) and type(one) is type(other):
        return _difference("text", _text_lines(one, other)) if one != other else None
    kind: Kind = "table" if _is_grid(one) and _is_grid(other) else "data" if _has_parts(one) else "other"
    return _difference(kind, _lines(one, other, "", frozenset()))


def brief(value: Any) -> str:
    """Return a value in a line of limited length."""
    if _is_grid(value):
        return f"<{type(value).__name__} {_shape(value)}>"
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a scalar of numpy's
        value = value.item()
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    text = " ".join(text.splitlines())
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _difference(kind: Kind, differences: Iterator[str]) -> Difference | None:
    lines = list(islice(differences, MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = ["… and more"]
    return Difference(kind, tuple(lines)) if lines else None


def _lines(one: Any, other: Any, path: str, around: frozenset[int]) -> Iterator[str]:
    """Yield the differences of two values that stand at a path of the whole."""
    if one is other:
        return
    if _is_grid(one) and _is_grid(other):
        yield from _grid_lines(one, other, path)
    elif type(one) is not type(other):
        yield _change(path, f"{brief(one)} ({type(one).__name__})", f"{brief(other)} ({type(other).__name__})")
    elif isinstance(one, str) and ("\n" in one or "\n" in other):
        if one != other:
            yield f"{path}:"
            yield from (f"  {line}" for line in _text_lines(one, other))
    elif _has_parts(one) and id(one) not in around:
        yield from _part_lines(one, other, path, around | {id(one)})
    elif not _equal(one, other):
        yield _change(path, *_brief_pair(one, other))


def _part_lines(one: Any, other: Any, path: str, around: frozenset[int]) -> Iterator[str]:
    if isinstance(one, list | tuple):
        yield from _sequence_lines(one, other, path, around)
    elif isinstance(one, set | frozenset):
        yield from (_only(path, "A", part) for part in sorted(one - other, key=repr))
        yield from (_only(path, "B", part) for part in sorted(other - one, key=repr))
    else:
        keys, values, others = _named_parts(one, other)
        for key in keys:
            place = f"{path}[{brief(key)}]" if isinstance(one, dict) else f"{path}.{key}"
            if key not in others:
                yield _only(place, "A", values[key])
            elif key not in values:
                yield _only(place, "B", others[key])
            else:
                yield from _lines(values[key], others[key], place, around)


def _sequence_lines(one: Any, other: Any, path: str, around: frozenset[int]) -> Iterator[str]:
    """Compare element by element, with those aligned that were put in or taken out."""
    if len(one) == len(other) or max(len(one), len(other)) > _ALIGNED_LENGTH:
        blocks = [("replace", 0, len(one), 0, len(other))]
    else:
        matcher = difflib.SequenceMatcher(None, list(map(repr, one)), list(map(repr, other)), autojunk=False)
        blocks = [block for block in matcher.get_opcodes() if block[0] != "equal"]
    for _, start, end, other_start, other_end in blocks:
        common = min(end - start, other_end - other_start)
        for offset in range(common):
            yield from _lines(one[start + offset], other[other_start + offset], f"{path}[{start + offset}]", around)
        yield from (_only(f"{path}[{i}]", "A", one[i]) for i in range(start + common, end))
        yield from (_only(f"{path}[{i}]", "B", other[i]) for i in range(other_start + common, other_end))


def _named_parts(one: Any, other: Any) -> tuple[list[Any], dict[Any, Any], dict[Any, Any]]:
    values, others = _parts(one), _parts(other)
    return list(dict.fromkeys([*values, *others])), values, others


def _parts(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    return {field.name: getattr(value, field.name, None) for field in fields(value)}


def _has_parts(value: Any) -> bool:
    if isinstance(value, type):
        return False
    return isinstance(value, list | tuple | dict | set | frozenset | BaseModel) or is_dataclass(value)


def _equal(one: Any, other: Any) -> bool:
    try:
        return one is other or bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - two NaN are no difference
    except Exception:  # noqa: BLE001 - a type may compare as it likes
        return False


def _change(path: str, one: str, other: str) -> str:
    return f"{path}: {one} → {other}" if path else f"{one} → {other}"


def _only(path: str, side: str, value: Any) -> str:
    return f"{path}: only in {side}: {brief(value)}".removeprefix(": ")


def _brief_pair(one: Any, other: Any) -> tuple[str, str]:
    """Return two values briefly; of long ones, the part where they begin to differ."""
    shown, others = brief(one), brief(other)
    if shown != others or not isinstance(one, str):
        return shown, others
    start = max(next(i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]) - 20, 0)
    return f"…{brief(one[start:])}", f"…{brief(other[start:])}"


def _text_lines(one: str, other: str) -> Iterator[str]:
    """Yield a unified diff without its header; of two short lines, one beside the other."""
    if not {"\n", "\r"} & {*one, *other}:
        short = max(len(one), len(other)) <= _SHORT_LINE
        yield from [_change("", brief(one), brief(other))] if short else [f"-{one}", f"+{other}"]
        return
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=2)
    is_empty = True
    for line in islice(lines, 2, None):
        is_empty = False
        yield line
    if is_empty:  # they differ in line ends alone
        yield f"line ends: {one[-20:]!r} → {other[-20:]!r}"


# -- tables and arrays ------------------------------------------------------------------------------------------------


def _is_grid(value: Any) -> bool:
    """Whether a value is an array, a series or a frame."""
    shape = getattr(value, "shape", None)
    return not isinstance(value, type) and isinstance(shape, tuple) and shape != () and hasattr(value, "__getitem__")


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "iloc")


def _shape(value: Any) -> str:
    return " x ".join(map(str, value.shape))


def _grid_lines(one: Any, other: Any, path: str) -> Iterator[str]:
    place = f"{path}: " if path else ""
    if type(one) is not type(other):
        yield f"{place}type: {type(one).__name__} → {type(other).__name__}"
    if one.shape != other.shape:
        yield f"{place}shape: {_shape(one)} → {_shape(other)}"
    if _is_frame(one) and _is_frame(other):
        yield from (f"{place}{line}" for line in _frame_lines(one, other))
        return
    yield from (f"{place}{line}" for line in _type_lines(one, other, "dtype"))
    if one.shape == other.shape:
        yield from (f"{place}{line}" for line in _cell_lines(_cells(one), _cells(other)))


def _frame_lines(one: Any, other: Any) -> Iterator[str]:
    columns, others = list(one.columns), list(other.columns)
    yield from (f"column {name!r}: only in A" for name in columns if name not in others)
    yield from (f"column {name!r}: only in B" for name in others if name not in columns)
    common = [name for name in columns if name in others]
    for name in common:
        yield from _type_lines(one[name], other[name], f"column {name!r}")
    rows = min(len(one), len(other))
    if not _equal_all(one.index[:rows], other.index[:rows]):
        yield "index: differs"
    yield from _cell_lines(_frame_cells(one, common, rows), _frame_cells(other, common, rows))


def _type_lines(one: Any, other: Any, what: str) -> Iterator[str]:
    before, after = getattr(one, "dtype", None), getattr(other, "dtype", None)
    if str(before) != str(after):
        yield f"{what}: {before} → {after}"


def _cell_lines(cells: Iterator[tuple[str, Any]], others: Iterator[tuple[str, Any]]) -> Iterator[str]:
    """Yield the first differing cells and how many there are."""
    count = 0
    for (place, value), (_, other) in zip(cells, others, strict=False):
        if not _equal(value, other):
            count += 1
            if count <= MOST_CELLS:
                yield f"{place}: {brief(value)} → {brief(other)}"
    if count > MOST_CELLS:
        yield f"… {count} cells differ in all"


def _frame_cells(frame: Any, columns: list[Any], rows: int) -> Iterator[tuple[str, Any]]:
    for row in range(rows):
        for name in columns:
            yield f"row {row}, column {name!r}", frame[name].iloc[row]


def _cells(array: Any) -> Iterator[tuple[str, Any]]:
    values = getattr(array, "values", array)
    for index, value in _nested(values.tolist() if hasattr(values, "tolist") else list(values)):
        yield f"[{', '.join(map(str, index))}]", value


def _nested(value: Any, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from _nested(part, (*index, number))
    else:
        yield index, value


def _equal_all(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
