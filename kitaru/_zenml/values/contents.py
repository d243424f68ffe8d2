"""Files and folders (:mod:`kitaru._core.values.contents`) as ZenML's artifacts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, ClassVar, Final

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer

from kitaru._core.values import trees
from kitaru._core.values.contents import Stored
from kitaru._zenml.values.visualizations import write
from kitaru.errors import KitaruBackendError
from kitaru.files import File, Folder

if TYPE_CHECKING:
    from typing import BinaryIO

    from kitaru._core.values.contents import Content
    from kitaru._zenml.values.visualizations import Shown

# What is shown as what it is, if it is not too large for a browser, in bytes; and how many names of a folder are shown.
_SHOWN_AS: Final = {
    ".csv": VisualizationType.CSV,
    ".gif": VisualizationType.IMAGE,
    ".htm": VisualizationType.HTML,
    ".html": VisualizationType.HTML,
    ".jpeg": VisualizationType.IMAGE,
    ".jpg": VisualizationType.IMAGE,
    ".json": VisualizationType.JSON,
    ".md": VisualizationType.MARKDOWN,
    ".png": VisualizationType.IMAGE,
    ".svg": VisualizationType.HTML,
    ".webp": VisualizationType.IMAGE,
}
_LARGEST_SHOWN: Final = 2_000_000
_NAMES: Final = 200
_KINDS: Final = {kind.kind: kind for kind in (File, Folder)}


class ContentMaterializer(BaseMaterializer):
    """Stores a file's bytes, or a folder's as one archive, and beside them the name and the hash."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (File, Folder)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    size_written = 0  # of what this one has saved

    def load(self, data_type: type[Any]) -> Any:  # noqa: ARG002 - what is stored says what it is
        """Return the file or folder; its contents are fetched when its path is asked for."""
        with self.artifact_store.open(self._path("content.json"), "r") as file:
            facts = json.load(file)
        stored = Stored(facts["name"], facts["digest"], facts["size"], facts["executable"], self._open)
        return _KINDS[facts["kind"]].from_store(stored)

    def save(self, data: Content) -> None:
        """Store the contents, and then what they are."""
        with self.artifact_store.open(self._path("content"), "wb") as file:
            stored = data.copy_to(file)
        self.size_written = stored.size
        facts = {name: getattr(stored, name) for name in ("name", "digest", "size", "executable")}
        with self.artifact_store.open(self._path("content.json"), "w") as file:
            json.dump({"kind": data.kind, **facts}, file)

    def save_visualizations(self, data: Content) -> dict[str, VisualizationType]:
        """Show what a browser can show, and of others what they are."""
        return write(self, [_shown(data, self.size_written)])

    def extract_metadata(self, data: Content) -> dict[str, Any]:
        """Return the name."""
        return {"name": data.name}

    def _path(self, name: str) -> str:
        return os.path.join(self.uri, name)  # noqa: PTH118 - a URI of any artifact store

    def _open(self) -> BinaryIO:
        try:
            opened: BinaryIO = self.artifact_store.open(self._path("content"), "rb")
        except FileNotFoundError as error:
            raise KitaruBackendError(
                f"The contents of a kitaru.File or kitaru.Folder are gone: they are in the artifact store no more, where they were "
                f"kept at {self.uri}. Replay the execution from the checkpoint that returned it."
            ) from error
        return opened


def _shown(data: Content, size: int) -> Shown:
    path = data.path
    kind = _SHOWN_AS.get(path.suffix.lower()) if data.kind == "file" else None
    if kind is not None and path.stat().st_size <= _LARGEST_SHOWN:
        return f"shown{path.suffix.lower()}", kind, path.read_bytes()
    lines = [f"**{_quoted(data.name)}**, {size:,} bytes"]
    if data.kind == "folder":
        listed = list(trees.names(path))
        more = len(listed) - _NAMES
        lines += [
            "",
            *(f"- {_quoted(name)}" for name in listed[:_NAMES]),
            *([f"- and {more} more"] if more > 0 else []),
        ]
    return "shown.md", VisualizationType.MARKDOWN, "\n".join(lines).encode(errors="backslashreplace")


def _quoted(name: str) -> str:
    return f"`{name.replace('`', chr(39))}`"
