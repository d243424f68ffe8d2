"""ZenML's client and store, opened with care, and the one table that translates ZenML's exceptions."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from docker.errors import DockerException
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from zenml.client import Client
from zenml.constants import ENV_ZENML_DISABLE_DATABASE_MIGRATION
from zenml.exceptions import (
    AuthorizationException,
    IllegalOperationError,
    StackComponentInterfaceError,
    StackValidationError,
    ZenMLBaseException,
)
from zenml.orchestrators.exceptions import PipelineSubmissionError
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._core.process import files
from kitaru._core.process.places import runner_directory
from kitaru._core.settings.environment import shortcuts_enabled
from kitaru._zenml.door import database
from kitaru._zenml.door.connection import (
    REFUSED,
    after_opening,
    apply_environment,
    before_opening,
    enter_project,
    server_failure,
)
from kitaru._zenml.door.private import replace_engine
from kitaru._zenml.door.source_root import ensure_fallback
from kitaru.errors import KitaruBackendError, KitaruError, KitaruStackError, KitaruStateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The most specific wins: the first row that fits.
_TRANSLATION: tuple[tuple[type[BaseException], type[KitaruError], str], ...] = (
    (StackValidationError, KitaruStackError, "ZenML finds the stack invalid; `kitaru stack show` tells what is in it"),
    (PipelineSubmissionError, KitaruStackError, "the stack's orchestrator did not take it"),
    (DockerException, KitaruStackError, "the Docker engine failed"),
    (StackComponentInterfaceError, KitaruStackError, "a component of the stack failed"),
    (AuthorizationException, KitaruBackendError, REFUSED),
    (IllegalOperationError, KitaruStateError, "ZenML refused the change"),
    (OperationalError, KitaruBackendError, "ZenML's database could not be used; check its disk, rights and locks"),
    (SQLAlchemyError, KitaruBackendError, "ZenML's database failed"),
    (sqlite3.Error, KitaruBackendError, "ZenML's database could not be used; check its disk, rights and locks"),
    (PermissionError, KitaruBackendError, "a file could not be used; check the rights of the home directory"),
    (ConnectionError, KitaruBackendError, "the ZenML server did not answer; is it running? `kitaru status` tells"),
    (OSError, KitaruBackendError, "a file could not be read or written; check the disk and its rights"),
    (ZenMLBaseException, KitaruBackendError, "ZenML failed"),
)

_READ_ONLY: Final = (
    "it is on a file system that can only be read; ZENML_CONFIG_PATH names another folder for ZenML's configuration and "
    "local store"
)
# Of the package kubernetes, which need not be installed.
_CONFIG_EXCEPTION: Final = "kubernetes.config.config_exception.ConfigException"
_NO_KUBECONFIG: Final = "there is no kubeconfig that can be used; KUBECONFIG names the file, and `kubectl config get-contexts` shows what is in it"
# How many connections stay open beside those that are in use: one for each checkpoint that may run at once.
_KEPT_CONNECTIONS: Final = 64
_opened = threading.Lock()
_opened_clients: set[int] = set()


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn ZenML's, SQLAlchemy's and the system's exceptions into Kitaru's.

    Args:
        doing: What was being done, as the beginning of the message: ``"submitting flow 'train'"``.
    """
    try:
        yield
    except KitaruError:
        raise
    except Exception as error:
        if (failure := server_failure(doing, error)) is not None:
            raise failure from error
        own, why = _translation(error)
        if own is None:
            raise
        detail = str(getattr(error, "orig", None) or error) or type(error).__name__
        raise own(f"{doing} failed: {why} ({detail}).") from error


def _translation(error: Exception) -> tuple[type[KitaruError] | None, str]:
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return KitaruBackendError, _READ_ONLY
    if _CONFIG_EXCEPTION in (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__):
        return KitaruStackError, _NO_KUBECONFIG
    return next(((own, why) for foreign, own, why in _TRANSLATION if isinstance(error, foreign)), (None, ""))


def upgrade() -> Path | None:
    """Copy the database of an earlier ZenML and upgrade it; returns the copy, None where there was nothing to upgrade.

    Raises:
        KitaruBackendError: The store cannot be opened.
    """
    try:
        open_client()
    except database.EarlierDatabaseError as error:
        with translated("copying ZenML's database"):
            copy = database.back_up(error.database)
        open_client(upgrades=True)
        return copy
    return None


def open_client(*, upgrades: bool = False) -> Client:
    """Return ZenML's client with an initialised store.

    The first use of a store creates its tables, and ZenML writes its configuration file while others may read it.
    Several processes that do so at once break each other, so that they take turns here.

    Args:
        upgrades: Whether ZenML may upgrade a database of an earlier version.

    Raises:
        KitaruBackendError: The store cannot be opened, or would have to be upgraded.
    """
    with translated("opening ZenML's store"), _opened:
        if _opened_clients and id(client := Client()) in _opened_clients:
            return client
        with _first_use_lock():
            apply_environment()
            ensure_fallback()
            known = None if upgrades else database.checked()
        before_opening()  # may wait for a server, and lets others go on meanwhile
        # It warns where it chose the default stack, in a new home.
        with _first_use_lock(), quieted(logging.ERROR), _migrations_left_out(known):
            client = Client()  # opens the store where it finds a repository
            store = client.zen_store
        after_opening(store)
        if isinstance(store, SqlZenStore) and shortcuts_enabled():
            _tune(store)
        enter_project(client)
        _opened_clients.add(id(client))
        return client


@contextmanager
def _migrations_left_out(known: database.Database | None) -> Iterator[None]:
    """Spare ZenML to find out by alembic, in a second, that a database is of its own revision."""
    name = ENV_ZENML_DISABLE_DATABASE_MIGRATION
    if known is None or known.age != "current" or name in os.environ or not shortcuts_enabled():
        yield
        return
    os.environ[name] = "true"
    try:
        yield
    finally:
        os.environ.pop(name, None)


@contextmanager
def _first_use_lock() -> Iterator[None]:
    directory = runner_directory()
    files.make_base(directory)
    with files.locked(directory.parent, "store.lock"):
        yield


@contextmanager
def quieted(level: int) -> Iterator[None]:
    """Keep ZenML from telling what is below a level of logging."""
    logger = logging.getLogger("zenml")
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)


def _tune(store: SqlZenStore) -> None:
    """Let many processes and threads share one SQLite file; a database server needs no help.

    A write-ahead log lets readers go on beside a writer. With ``synchronous=NORMAL`` a commit still survives the
    death of every process; only a power cut can take the last ones, and never breaks the file.
    https://www.sqlite.org/wal.html

    A thread that has one connection may wait for a second, so that no pool of a fixed size is large enough.
    """
    if store.engine.url.get_backend_name() != "sqlite":
        return
    url, arguments, options = store.config.get_sqlalchemy_config()
    engine = create_engine(url, connect_args=arguments, **options, pool_size=_KEPT_CONNECTIONS, max_overflow=-1)

    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=60000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    event.listen(engine, "connect", on_connect)
    replace_engine(store, engine)
