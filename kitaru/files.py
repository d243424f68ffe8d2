"""Files and folders as values: what they contain goes wherever the value goes, and is restored under its name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from kitaru._core.values import trees
from kitaru._core.values.contents import CHUNK, Content
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from kitaru._core.values.contents import Sink

__all__ = ["File", "Folder"]


class File(Content):
    """A file whose content is stored with the execution, and restored under its name wherever the value arrives.

    A ``pathlib.Path`` is a path: it arrives as the same path, and means the file that is there then. A ``File`` is what
    the file contains as the call is made, or as the checkpoint returns it. Equal files that are inputs are stored once. It can be used
    wherever a path can, as in ``open(file)``.

    Args:
        path: The file, on this machine.

    Raises:
        KitaruUsageError: There is no such file.

    Examples:
        >>> @checkpoint
        ... def train(data: kitaru.File) -> kitaru.File:
        ...     Path("model.pkl").write_bytes(fit(data.path.read_text()))
        ...     return kitaru.File("model.pkl")  # doctest: +SKIP
    """

    kind = "file"

    def _check(self, path: Path) -> None:
        if path.is_dir():
            raise KitaruUsageError(f"{str(path)!r} is a folder. Use kitaru.Folder for it.")
        if not path.is_file():
            raise KitaruUsageError(f"There is no file {str(path)!r}. kitaru.File takes the path of one that exists.")

    def _write(self, path: Path, target: Sink) -> None:
        with path.open("rb") as file:
            shutil.copyfileobj(file, target, CHUNK)

    def _unpack(self, source: BinaryIO, path: Path) -> None:
        with path.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK)


class Folder(Content):
    """A folder whose files are stored with the execution, and restored under its name wherever the value arrives.

    It is for folders what ``File`` is for files. Symbolic links within it stay links; times and owners are not kept.

    Args:
        path: The folder, on this machine.

    Raises:
        KitaruUsageError: There is no such folder.

    Examples:
        >>> plots = kitaru.Folder("plots")  # doctest: +SKIP
        >>> sorted(plots.path.iterdir())  # doctest: +SKIP
    """

    kind = "folder"

    def _check(self, path: Path) -> None:
        if path.is_file():
            raise KitaruUsageError(f"{str(path)!r} is a file. Use kitaru.File for it.")
        if not path.is_dir():
            raise KitaruUsageError(
                f"There is no folder {str(path)!r}. kitaru.Folder takes the path of one that exists."
            )

    def _write(self, path: Path, target: Sink) -> None:
        trees.pack(path, target)  # type: ignore[arg-type]  # all of it that is used

    def _unpack(self, source: BinaryIO, path: Path) -> None:
        trees.unpack(source, path)
