"""Values that ZenML's dashboard shows as what they are: Markdown, HTML, JSON, tables and pictures.

They are ordinary values: text, bytes, a list of rows. A checkpoint returns one or hands it to ``kitaru.save``, and
the next checkpoint, the flow and ``kitaru.load`` get it back, of the same type. What is made from them, ``text.upper()``
or ``rows[1:]``, is plain text, a plain list.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["HTML", "JSON", "Markdown", "Picture", "Table"]

_FORMATS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"))
_DOTS_PER_INCH = 150


class _Text(str):
    """Text of some kind."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Any) -> Any:
        return _schema(cls, str, handler)


class Markdown(_Text):
    """Text that is shown as Markdown.

    Examples:
        >>> Markdown("# Report")
        '# Report'
    """

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class HTML(_Text):
    """Text that is shown as a page of HTML, in a frame of its own; SVG is HTML, too."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


class JSON(_Text):
    """Text that is shown as JSON.

    Plain dicts and lists, dataclasses and pydantic models are shown so by themselves.

    Args:
        value: Text of JSON, or data that JSON has a form for.

    Raises:
        KitaruUsageError: It is neither.

    Examples:
        >>> JSON({"score": 0.5}).data
        {'score': 0.5}
    """

    __slots__ = ()

    def __new__(cls, value: Any) -> Self:
        """Check the text, or write the data as text."""
        try:
            if isinstance(value, str):
                json.loads(value)
                return super().__new__(cls, value)
            return super().__new__(cls, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            what = "text that is no JSON" if isinstance(value, str) else f"a {type(value).__name__}"
            raise KitaruUsageError(
                f"kitaru.JSON({what}): {error}. It takes text of JSON or plain data: None, bool, int, float, str, lists, "
                f"dicts with text keys."
            ) from error

    @property
    def data(self) -> Any:
        """What the text says."""
        return json.loads(self)


class Table(list[dict[str, Any]]):
    """Rows that are shown as a table; a list of dicts.

    Data frames are shown as tables by themselves.

    Args:
        rows: A mapping for each row, or a sequence of cells where ``columns`` are given.
        columns: Names of the columns; by default those of the mappings, in the order in which they come up.

    Raises:
        KitaruUsageError: A row is neither, or has more cells than there are columns.

    Examples:
        >>> Table([("tides", 3), ("moon", 5)], columns=["page", "score"])
        [{'page': 'tides', 'score': 3}, {'page': 'moon', 'score': 5}]
    """

    def __init__(
        self, rows: Iterable[Mapping[str, Any] | Sequence[Any]] = (), columns: Sequence[str] | None = None
    ) -> None:
        names = [str(name) for name in columns] if columns is not None else None
        super().__init__(_row(number, row, names) for number, row in enumerate(rows, 1))

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the order in which they come up."""
        return list(dict.fromkeys(name for row in self for name in row))

    def to_csv(self) -> str:
        """Return the rows as CSV with a line of column names; a missing cell is empty."""
        return _csv(self.columns, ([row.get(name) for name in self.columns] for row in self))

    def _repr_html_(self) -> str:
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        cells = ("".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in self.columns) for row in self)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Any) -> Any:
        return _schema(cls, list[dict[str, Any]], handler)


class Picture(bytes):
    """A picture: the bytes of a PNG, JPEG, GIF or WebP file.

    Pictures of Pillow and figures of matplotlib are shown by themselves; as a ``Picture`` they are loaded without these
    packages. SVG is text, and shown as ``HTML``.

    Args:
        source: Such bytes, the path of such a file, a picture of Pillow or a figure of matplotlib.

    Raises:
        KitaruUsageError: It is none of these, or the file cannot be read.

    Examples:
        >>> kitaru.save("chart", kitaru.Picture("chart.png"))  # doctest: +SKIP
    """

    __slots__ = ()

    def __new__(cls, source: Any) -> Self:
        """Read or draw the picture, and look what it is."""
        data = _picture_bytes(source)
        if _format(data) is None:
            svg = " SVG is text: kitaru.HTML shows it." if b"<svg" in data[:1000] else ""
            raise KitaruUsageError(f"kitaru.Picture(...): this is no PNG, JPEG, GIF or WebP.{svg}")
        return super().__new__(cls, data)

    @property
    def format(self) -> str:
        """``"png"``, ``"jpeg"``, ``"gif"`` or ``"webp"``."""
        kind = _format(self)
        assert kind is not None
        return kind

    def __repr__(self) -> str:
        return f"<Picture {self.format}, {len(self)} bytes>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, bytes]:
        return {f"image/{self.format}": bytes(self)}

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Any) -> Any:
        return _schema(cls, bytes, handler)


def drawn(picture: Any) -> bytes | None:
    """Return a figure of matplotlib or a picture of Pillow as PNG; None for anything else."""
    buffer = io.BytesIO()
    if callable(getattr(picture, "savefig", None)):
        picture.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, bbox_inches="tight")
    elif callable(getattr(picture, "save", None)) and hasattr(picture, "mode") and hasattr(picture, "size"):
        # PNG has no form for the others, such as colours for print or floats.
        fits = picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")
        (picture if fits else picture.convert("RGB")).save(buffer, format="PNG")
    else:
        return None
    return buffer.getvalue()


def _schema(kind: Any, plain: Any, handler: Any) -> Any:
    """Tell pydantic that a type is made from plain data: as a field, and as what a checkpoint is annotated to return."""
    from pydantic import AfterValidator

    return handler.generate_schema(Annotated[plain, AfterValidator(kind)])


def _row(number: int, row: Any, names: list[str] | None) -> dict[str, Any]:
    if hasattr(row, "keys"):
        return {str(name): row[name] for name in row.keys() if names is None or str(name) in names}  # noqa: SIM118
    if names is None or isinstance(row, str | bytes):
        hint = " Sequences of cells need columns=[...]." if isinstance(row, list | tuple) else ""
        raise KitaruUsageError(f"kitaru.Table(...): row {number} is a {type(row).__name__}, not a mapping.{hint}")
    cells = list(row)
    if len(cells) > len(names):
        raise KitaruUsageError(f"kitaru.Table(...): row {number} has {len(cells)} cells for {len(names)} columns.")
    return dict(zip(names, cells, strict=False))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _picture_bytes(source: Any) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise KitaruUsageError(
                f"kitaru.Picture({os.fspath(source)!r}): the file cannot be read: {error}."
            ) from error
    data = drawn(source)
    if data is None:
        raise KitaruUsageError(
            f"kitaru.Picture(...) takes bytes, a path, a picture of Pillow or a figure of matplotlib, not a "
            f"{type(source).__name__}."
        )
    return data


def _format(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for start, name in _FORMATS if data.startswith(start)), None)
