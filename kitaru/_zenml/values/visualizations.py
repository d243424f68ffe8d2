"""What ZenML's dashboard shows of values: those of :mod:`kitaru.visualizations`, frames, pictures and figures."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer

from kitaru.visualizations import HTML, JSON, Markdown, Picture, Table, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What is shown of a value: a file's name with the kind of picture that it is, and its contents.
Shown = tuple[str, VisualizationType, bytes]

_TEXTS: Mapping[type[str], tuple[str, VisualizationType]] = {
    Markdown: ("md", VisualizationType.MARKDOWN),
    HTML: ("html", VisualizationType.HTML),
    JSON: ("json", VisualizationType.JSON),
}
# Rows of a frame, and values of a container, that are shown: a browser has to hold them.
_ROWS = 1000
_VALUES = 20


class ShownMaterializer(BaseMaterializer):
    """Stores text of a kind, or a picture, as the file that is shown."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (*_TEXTS, Picture)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def load(self, data_type: type[Any]) -> Any:
        """Return the value as it was, or as the plain text or bytes that a ZenML step asks for."""
        with self.artifact_store.open(self._path(), "rb") as file:
            contents = file.read()
        return data_type(contents.decode("utf-8", "surrogatepass") if issubclass(data_type, str) else contents)

    def save(self, data: str | bytes) -> None:
        """Store the value."""
        with self.artifact_store.open(self._path(), "wb") as file:
            file.write(_contents(data))

    def save_visualizations(self, data: str | bytes) -> dict[str, VisualizationType]:
        """Show the stored file itself."""
        picture = _shown(data)
        return {self._path(): picture[1]} if picture is not None else {}

    def extract_metadata(self, data: str | bytes) -> dict[str, Any]:
        """Return what is known of the value without looking at it."""
        return {"length": len(data)}

    def compute_content_hash(self, data: str | bytes) -> str:
        """Return a hash that equal values of one type share."""
        return hashlib.sha256(type(data).__qualname__.encode() + b"\0" + _contents(data)).hexdigest()

    def _path(self) -> str:
        return _beside(self, "value")


def shown(value: Any) -> list[Shown]:
    """Return what is shown of a value that is stored as a pickle; of a container, what is shown of the values in it."""
    if isinstance(value, dict):
        named: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list | tuple) and not isinstance(value, Table):
        named = iter(enumerate(value))
    else:
        named = iter([("value", value)])
    pictures: list[Shown] = []
    for name, part in named:
        with suppress(Exception):  # a picture that cannot be drawn must not fail a checkpoint
            one = _shown(part)
            if one is not None:
                file = re.sub(r"[^\w.-]+", "_", str(name))[:80]
                pictures.append((f"{file}.{one[0]}", one[1], one[2]))
        if len(pictures) == _VALUES:
            break
    return pictures


def write(materializer: BaseMaterializer, files: list[Shown]) -> dict[str, VisualizationType]:
    """Store what is shown beside an artifact, and tell ZenML of it."""
    paths: dict[str, VisualizationType] = {}
    for name, kind, contents in files:
        path = _beside(materializer, name)
        with materializer.artifact_store.open(path, "wb") as file:
            file.write(contents)
        paths[path] = kind
    return paths


def _shown(value: Any) -> tuple[str, VisualizationType, bytes] | None:
    for kind, (suffix, how) in _TEXTS.items():
        if isinstance(value, kind):
            return suffix, how, _contents(value)
    if isinstance(value, Picture):
        return value.format, VisualizationType.IMAGE, bytes(value)
    if isinstance(value, Table):
        return "csv", VisualizationType.CSV, value.to_csv().encode("utf-8", "replace")
    if _is_a(value, "pandas", "DataFrame", "Series"):
        numbered = type(value.index).__name__ == "RangeIndex" and value.index.name is None
        return "csv", VisualizationType.CSV, value.head(_ROWS).to_csv(index=not numbered).encode("utf-8", "replace")
    if _is_a(value, "matplotlib.figure", "Figure") or _is_a(value, "PIL.Image", "Image"):
        picture = drawn(value)
        return ("png", VisualizationType.IMAGE, picture) if picture is not None else None
    return None


def _is_a(value: Any, module: str, *names: str) -> bool:
    """Whether a value is of a class of a package; one that has not been imported made no value."""
    loaded = sys.modules.get(module)
    kinds = tuple(kind for name in names if isinstance(kind := getattr(loaded, name, None), type))
    return isinstance(value, kinds)


def _beside(materializer: BaseMaterializer, name: str) -> str:
    return os.path.join(materializer.uri, name).replace("\\", "/")  # noqa: PTH118 - a URI of any artifact store


def _contents(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
