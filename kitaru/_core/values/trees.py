"""Folders as one stream of bytes, the same for the same files: a tar without times and owners."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


def pack(folder: Path, target: BinaryIO) -> None:
    """Write what is in a folder.

    Args:
        folder: The folder.
        target: What it is written to.

    Raises:
        KitaruUsageError: Something in it is neither a file nor a folder nor a link to something within it.
        OSError: It cannot be read.
    """
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path in _contents(folder):
            entry = _entry(folder, path)
            if entry.isreg():
                with path.open("rb") as file:
                    archive.addfile(entry, file)
            else:
                archive.addfile(entry)


def unpack(source: BinaryIO, folder: Path) -> None:
    """Make a folder from what was written of one.

    Args:
        source: What :func:`pack` has written.
        folder: The folder, which does not exist yet.
    """
    folder.mkdir()
    with tarfile.open(fileobj=source, mode="r|") as archive:
        # Python before 3.11.4 has no filters; what is unpacked was written by pack.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        archive.extractall(folder)  # noqa: S202 - filtered, see above
    while source.read(2**20):  # what tar puts behind its end, so that all has been read
        pass


def names(folder: Path) -> Iterator[str]:
    """Return the files in a folder, by their paths from it, in their order."""
    for path in _contents(folder):
        if not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _contents(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = folder / entry.name
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _contents(path)


def _entry(folder: Path, path: Path) -> tarfile.TarInfo:
    facts = path.lstat()
    entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
    if stat.S_ISREG(facts.st_mode):
        entry.size = facts.st_size
        entry.mode = 0o755 if facts.st_mode & stat.S_IXUSR else 0o644
    elif stat.S_ISDIR(facts.st_mode):
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    elif stat.S_ISLNK(facts.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, _target_of(folder, path)
    else:
        raise KitaruUsageError(
            f"{str(path)!r} is neither a file nor a folder: a kitaru.Folder cannot hold it. Remove it."
        )
    return entry


def _target_of(folder: Path, link: Path) -> str:
    """Return where a link leads to, if that is within the folder: elsewhere it would lead to nothing, or to something else."""
    target = link.readlink()
    end, root = (link.parent.resolve() / target).resolve(), folder.resolve()
    if target.is_absolute() or root not in (end, *end.parents):
        raise KitaruUsageError(
            f"{str(link)!r} is a link that leads out of the folder, to '{target}': where the kitaru.Folder arrives, that is "
            f"not there. Put the file in its place."
        )
    return str(target)
