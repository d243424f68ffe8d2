"""Where a text is found: in files, in what is packed into them, in rows of databases; as it is, and encoded."""

from __future__ import annotations

import base64
import gzip
import io
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# ZenML's secret store is where secrets belong; without an encryption key it holds them in base64.
SECRETS = "secret"


def holders_of(text: str, folder: Path) -> list[str]:
    """The files below a folder that hold a text, the store's own table of secrets aside.

    Args:
        text: Of ASCII.
        folder: Such as a home, with ZenML's store, artifacts, logs and configuration in it.
    """
    found: list[str] = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        name, content = str(path.relative_to(folder)), path.read_bytes()
        if content.startswith(b"SQLite format 3\0"):
            found += [name] if text.encode() in content else []
            found += [f"{name}: {table}" for table in _tables_with(text, path)]
        elif name.endswith(("-wal", "-journal")):  # pages of a database: its rows are looked at above
            found += [name] if text.encode() in content else []
        else:
            found += within(text, content, name)
    return found


def within(text: str, content: bytes, name: str) -> Iterator[str]:
    """Yield where a text is in some content, and in what is packed into that.

    Args:
        text: Of ASCII.
        content: Any bytes; archives are opened, also within archives.
        name: What the content is called.
    """
    if any(form in content for form in forms(text)):
        yield name
    if content.startswith(b"PK\3\4") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from within(text, archive.read(member), f"{name}!{member}")
    elif content.startswith(b"\x1f\x8b"):
        yield from within(text, gzip.decompress(content), f"{name}!")
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            yield from in_tar(text, archive, name)


def in_tar(text: str, archive: tarfile.TarFile, name: str) -> Iterator[str]:
    """Yield where a text is in an archive; arguments as of :func:`within`."""
    for member in archive:
        if text in f"{member.name} {member.linkname} {member.pax_headers}":
            yield f"{name}!{member.name}"
        if member.isreg():
            file = archive.extractfile(member)
            assert file is not None
            yield from within(text, file.read(), f"{name}!{member.name}")


def forms(text: str) -> Iterator[bytes]:
    """Yield a text as it is, and as it looks in base64 wherever it stands there."""
    plain = text.encode("ascii")
    yield plain
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)
        # Signs at both ends depend on what else is encoded.
        yield encoded[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6]


def _tables_with(text: str, database: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            table
            for table in tables
            if table != SECRETS
            and any(
                form in _as_bytes(value)
                for row in connection.execute(f'SELECT * FROM "{table}"')
                for value in row
                for form in forms(text)
            )
        ]


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
