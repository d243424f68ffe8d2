"""The database file of ZenML's local store: which ZenML it is of, and its upgrade, which nobody gets unasked.

ZenML upgrades the database of an earlier version as soon as anything opens it, and there is no way back. A shell that
completes a word, or a command that only looks, must not do that.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import zenml
from alembic.script import ScriptDirectory
from zenml.config.global_config import GlobalConfiguration

from kitaru.errors import KitaruBackendError

SQLITE: Final = "sqlite:///"


class EarlierDatabaseError(KitaruBackendError):
    """The database would have to be upgraded, and nobody has asked for it."""

    def __init__(self, database: Database) -> None:
        """Name the database, and what upgrades it."""
        super().__init__(f"{database.description}. {database.cure}")
        self.database = database


@dataclass(frozen=True)
class Database:
    """What is known of a database file without opening it for writing.

    Attributes:
        path: The file.
        revision: The revision of its tables; None where it is still to be made.
        age: How that compares with the ZenML that is installed.
    """

    path: Path
    revision: str | None
    age: Literal["new", "current", "earlier", "later"]

    @property
    def description(self) -> str:
        """Whose database it is."""
        if self.age == "later":
            return (
                f"{self.path} was made by a later ZenML, of revision {self.revision}, than the {zenml.__version__} that is "
                f"installed"
            )
        return f"{self.path} is of an earlier ZenML, revision {self.revision}, than the {zenml.__version__} that is installed"

    @property
    def cure(self) -> str:
        """What to do about it."""
        if self.age == "later":
            return "Use an environment with that ZenML, or another folder: ZENML_CONFIG_PATH."
        return (
            f"`kitaru doctor --upgrade` copies it to {shlex.quote(str(self.backup))} and upgrades it; what ZenML has upgraded, it "
            f"cannot take back."
        )

    @property
    def backup(self) -> Path:
        """Where the copy is kept that an upgrade leaves behind."""
        return self.path.with_name(f"{self.path.name}.{self.revision}")


def file_of_store() -> Path | None:
    """Return the database file of the store that ZenML is configured for; None where that is a server."""
    url = GlobalConfiguration().store_configuration.url
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def look(path: Path) -> Database:
    """Look at a database file.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    revision = _revision(path)
    if revision is None:
        return Database(path, None, "new")
    if revision == zenml.__version__:  # a release's own; to look through all of them takes a moment
        return Database(path, revision, "current")
    scripts = ScriptDirectory(str(Path(zenml.__file__).parent / "zen_stores" / "migrations"))
    if revision in scripts.get_heads():
        return Database(path, revision, "current")
    known = revision in {script.revision for script in scripts.walk_revisions()}
    return Database(path, revision, "earlier" if known else "later")


def checked() -> Database | None:
    """Look at the database of the store; None where that is a server.

    Raises:
        EarlierDatabaseError: ZenML would upgrade it.
        KitaruBackendError: It is of a later ZenML.
    """
    path = file_of_store()
    database = look(path) if path is not None else None
    if database is not None and database.age == "earlier":
        raise EarlierDatabaseError(database)
    if database is not None and database.age == "later":
        raise KitaruBackendError(f"{database.description}. {database.cure}")
    return database


def back_up(database: Database) -> Path:
    """Copy a database to where an upgrade leaves its copy, for its user alone; a copy that is there already stays."""
    if not database.backup.exists():
        unfinished = database.backup.with_name(f".{database.backup.name}")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(_read_only(database.path)) as source, closing(sqlite3.connect(unfinished)) as copy:
            source.backup(copy)
        unfinished.replace(database.backup)
    return database.backup


def _revision(path: Path) -> str | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    with closing(_read_only(path)) as database:
        tables = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = database.execute("SELECT version_num FROM alembic_version").fetchone() if tables[0] else None
    return str(row[0]) if row else None


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)
