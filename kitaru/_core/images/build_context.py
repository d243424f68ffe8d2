"""Build contexts: the files that an image is built from, kept in a folder that is named after their content.

ZenML reuses an image while its Dockerfile and the path of its context stay the same, whatever the context holds. A path
that changes with the content makes that right.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LARGE: Final = 200 * 1024 * 1024
"""Bytes from which a context is worth a warning."""
DOCKERFILE: Final = "Dockerfile"
_KEEP: Final = 20
_SHOWN: Final = 5


@dataclass(frozen=True)
class Context:
    """A build context on disk.

    Attributes:
        folder: Where it is.
        size: Bytes of all its files.
        largest: Its largest entries with their bytes, the largest first; folders of the first level count as one.
    """

    folder: Path
    size: int
    largest: tuple[tuple[str, int], ...]

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile in it."""
        return self.folder / DOCKERFILE

    @property
    def warning(self) -> str | None:
        """What to tell about its size; None where there is nothing to tell."""
        if self.size <= LARGE:
            return None
        entries = ", ".join(f"{name} ({megabytes(size)})" for name, size in self.largest)
        return (
            f"The build context has {megabytes(self.size)}, all of which goes to the image builder. The largest entries "
            f"are {entries}. Leave out with a .dockerignore in the context's root what the image does not need."
        )


def make_context(base: Path, files: Mapping[str, Path], added: Mapping[str, bytes]) -> Context:
    """Put a context together below ``base``; the same content is put together once.

    Args:
        base: The folder that holds contexts.
        files: The user's files by their path in the context.
        added: What Kitaru adds, by path; it wins over the user's.

    Raises:
        KitaruImageError: A file cannot be read, or the context cannot be written.
    """
    try:
        kept = {name: path for name, path in files.items() if name not in added}
        folder = base / _digest(kept, added)
        if not folder.is_dir():
            _write(folder, kept, added)
            _prune(base, keep=folder)
        os.utime(folder)
        return Context(folder, *_measure({name: path.stat().st_size for name, path in kept.items()}, added))
    except OSError as error:
        raise KitaruImageError(
            f"The image's build context cannot be put together: {error}. Check that its files can be read, and that "
            f"{base} has space and can be written."
        ) from error


def megabytes(size: int) -> str:
    """Return a size for people."""
    return f"{size / 1024 / 1024:,.0f} MB" if size >= 1024 * 1024 else f"{size / 1024:,.0f} KB"


def _digest(files: Mapping[str, Path], added: Mapping[str, bytes]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{path.stat().st_mode & 0o777}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    for name, content in sorted(added.items()):
        digest.update(f"{name}\0".encode() + hashlib.blake2b(content).digest())
    return digest.hexdigest()


def _write(folder: Path, files: Mapping[str, Path], added: Mapping[str, bytes]) -> None:
    """Write a context beside its place and move it there whole; another process may be doing the same."""
    from pathlib import Path

    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        for name, path in files.items():
            target = part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        for name, content in added.items():
            target = part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o644)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _measure(sizes: Mapping[str, int], added: Mapping[str, bytes]) -> tuple[int, tuple[tuple[str, int], ...]]:
    entries: dict[str, int] = {}
    for name, size in (*sizes.items(), *((name, len(content)) for name, content in added.items())):
        first, slash, _ = name.partition("/")
        entry = f"{first}/" if slash else first
        entries[entry] = entries.get(entry, 0) + size
    largest: Sequence[tuple[str, int]] = sorted(entries.items(), key=lambda item: -item[1])[:_SHOWN]
    return sum(entries.values()), tuple(largest)


def _prune(base: Path, *, keep: Path) -> None:
    folders = [entry for entry in base.iterdir() if entry.is_dir() and entry != keep and not entry.name.startswith(".")]
    for entry in sorted(folders, key=lambda entry: entry.stat().st_mtime, reverse=True)[_KEEP:]:
        shutil.rmtree(entry, ignore_errors=True)
