"""What ``kitaru doctor`` finds in ZenML's part of the set-up, without making or changing anything there."""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zenml
from zenml.config.global_config import GlobalConfiguration
from zenml.constants import ENV_ZENML_DISABLE_DATABASE_MIGRATION

from kitaru._core.process.places import runner_directory
from kitaru._core.records.findings import Finding
from kitaru._zenml.door import database
from kitaru._zenml.door.connection import apply_environment, remedy
from kitaru._zenml.door.private import leave_configuration_alone
from kitaru._zenml.door.time_limit import within
from kitaru._zenml.servers.server import read_status
from kitaru._zenml.stacks import stack_checks
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.settings.settings import ResolvedSettings

# Seconds for opening a store or asking a server, and for all tries of a stack, each of which has a limit of its own.
_OPENING: Final = 30.0
_STACK: Final = 120.0
_DEFAULT_STACK: Final = "default"


def examine(settings: ResolvedSettings | None) -> Iterator[Finding]:
    """Look at ZenML, its store or server, and what the stack needs.

    Args:
        settings: What applies here; None where the settings are wrong.
    """
    yield Finding("ZenML", "ok", zenml.__version__)  # others are not let in
    leave_configuration_alone(new=False)
    os.environ[ENV_ZENML_DISABLE_DATABASE_MIGRATION] = "true"
    store = list(_store())
    yield from store
    if any(finding.state == "failed" for finding in store):
        yield _engine(needed_by=None)
    elif _is_new():
        yield _future_stack(settings)
        yield _engine(needed_by=None)
    else:
        yield from _stack(settings)


# -- store and server -------------------------------------------------------------------------------------------------


def _store() -> Iterator[Finding]:
    """Look at where executions are kept; the database is not opened before it is known that this changes nothing."""
    try:
        apply_environment()
        url = within(_OPENING, lambda: GlobalConfiguration().store_configuration.url)
    except Exception as error:  # noqa: BLE001 - a broken configuration file raises what its parser raises
        yield Finding("Store", "failed", _error_text(error), _CONFIGURATION.format(_config_file()))
        return
    no_server = Finding("Server", "unused", "none; executions are in the store of this machine")
    if url.startswith(database.SQLITE):
        finding = _examined(Path(url.removeprefix(database.SQLITE)))
        yield finding or _opened("Store")
        yield no_server
    else:
        is_server = url.startswith("http")
        if is_server:
            yield Finding("Store", "unused", "none of this machine; executions are in the store of the server")
        yield _opened("Server" if is_server else "Store")
        if not is_server:  # a database server of the team's own
            yield no_server


_CONFIGURATION: Final = "See what the environment and {} say; `kitaru status` tells when they are right."


def _config_file() -> Path:
    return runner_directory().parent.parent / "config.yaml"


def _is_new() -> bool:
    """Whether ZenML's database is still to be made."""
    path = database.file_of_store()
    return path is not None and database.look(path).age == "new"


def _examined(path: Path) -> Finding | None:
    """Look at a database file; None where it can be opened."""
    folder = next(parent for parent in path.parents if parent.exists())
    unwritable = [str(place) for place in (folder, path) if place.exists() and not os.access(place, os.W_OK)]
    if unwritable:
        return Finding(
            "Store",
            "failed",
            f"{unwritable[0]} cannot be written",
            "Give this user the right to, or name another folder: ZENML_CONFIG_PATH.",
        )
    try:
        state = database.look(path)
    except sqlite3.Error as error:
        return Finding(
            "Store",
            "failed",
            f"{path} cannot be read: {error}",
            f"Put a backup in its place, or move it away: `{shlex.join(['mv', str(path), f'{path}.broken'])}`. Then the "
            f"next command makes a new, empty one.",
        )
    if state.age == "new":
        return Finding("Store", "ok", f"none yet; the first command that needs it makes {path}")
    if state.age == "current":
        return None
    return Finding("Store", "failed", state.description, state.cure)


def _opened(check: str) -> Finding:
    """Open the store, or ask the server."""
    try:
        status = within(_OPENING, read_status)
    except Exception as error:  # noqa: BLE001 - whatever a store raises is what is wrong with it
        return Finding(check, "failed", _error_text(error), f"{remedy()} `kitaru status` asks again.")
    if status.problem is not None:
        return Finding(check, "failed", status.problem.removesuffix(remedy()).strip(), remedy())
    who = f"as {status.user} in project {status.project}"
    chosen = "" if status.chosen_by == "default" else f", chosen by {status.chosen_by}"
    version = f", ZenML {status.server_version}" if status.server_version else ""
    return Finding(check, "ok", f"{status.url.removeprefix(database.SQLITE)}{version}, {who}{chosen}")


# -- the stack and what it needs --------------------------------------------------------------------------------------


def _future_stack(settings: ResolvedSettings | None) -> Finding:
    """Tell which stack there will be in a store that is still to be made."""
    if settings is None or settings.stack in (None, _DEFAULT_STACK):
        return Finding("Stack", "ok", f"{_DEFAULT_STACK}; it is made with the store, and runs flows on this machine")
    source = settings.provenance["stack"].detail
    return Finding("Stack", "failed", f"there is no stack {settings.stack!r}, which {source} asks for", _NO_STACK)


_NO_STACK: Final = "`kitaru stack list` shows those that exist, `kitaru stack types` those that can be made."


def _stack(settings: ResolvedSettings | None) -> Iterator[Finding]:
    name = settings.stack if settings else None
    source = f", which {settings.provenance['stack'].detail} asks for" if settings and name else ", the active one"
    try:
        check = within(_STACK, lambda: stack_checks.check(name))
    except Exception as error:  # noqa: BLE001 - whatever a stack raises is what is wrong with it
        yield Finding(
            "Stack", "failed", f"{name or 'the active one'}{source if name else ''}: {_error_text(error)}", _NO_STACK
        )
        yield _engine(needed_by=None)
        return
    engine = [result for result in check.results if result.tried == stack_checks.REACH_ENGINE]
    registry = [result for result in check.results if result.component.startswith("container_registry ")]
    own = [result for result in check.results if result not in engine + registry]
    wrong = [result for result in own if not result.ok]
    if not wrong:
        yield Finding("Stack", "ok", f"{check.stack}{source}: {len(own)} tries succeeded")
    for result in wrong:
        yield Finding(
            "Stack", "failed", f"{check.stack}: {result.component}: {result.tried}: {result.problem}",
            result.remedy or f"`kitaru stack check {shlex.quote(check.stack)}` tries again.",
        )  # fmt: skip
    yield _engine(needed_by=check.stack if engine else None)
    for result in registry:
        text = result.problem or f"{result.component}: a push can begin"
        yield Finding("Registry", "ok" if result.ok else "failed", text, result.remedy)
    if not registry:
        yield Finding("Registry", "unused", f"none in stack {check.stack!r}")


def _engine(*, needed_by: str | None) -> Finding:
    """Look for a Docker engine, which not every stack needs."""
    attempt, description = stack_checks.engine()
    if attempt.ok:
        return Finding("Docker engine", "ok", description)
    if needed_by is None:
        return Finding("Docker engine", "unused", "none answers; only stacks that run or build containers need one")
    return Finding("Docker engine", "failed", f"stack {needed_by!r} needs one: {attempt.problem}", attempt.remedy)


def _error_text(error: Exception) -> str:
    text = " ".join(str(error).split())[:500]
    return text if isinstance(error, KitaruError | TimeoutError) else f"{type(error).__name__}: {text}"
