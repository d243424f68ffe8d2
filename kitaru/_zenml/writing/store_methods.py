"""Puts this room's functions in the place of the store's methods."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from kitaru._zenml.door.private import write_rows_by
from kitaru._zenml.writing import artifacts, logs, steps
from kitaru._zenml.writing.plain import NotPlainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.zen_stores.sql_zen_store import SqlZenStore

# What is written before ZenML does itself what was begun here.
_LEAVE: dict[str, Callable[..., None]] = {"create_run_step": logs.leave, "update_run_step": steps.leave}
WRITERS: dict[str, Callable[..., Any]] = {
    "create_run_step": steps.begin,
    "update_run_step": steps.end,
    "batch_create_artifact_versions": artifacts.create,
    "create_artifact_version": artifacts.create_one,
    "create_logs": logs.create,
}


def replace_store_methods() -> None:
    """Have ZenML's store write by this room what is plain; doing so again changes nothing."""
    write_rows_by(_replaced)


def _replaced(own: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(own, "__wrapped__"):
        return own
    write = WRITERS[own.__name__]

    @wraps(own)
    def method(store: SqlZenStore, *args: Any, **kwargs: Any) -> Any:
        if store.engine.url.get_backend_name() == "sqlite":
            # What ZenML does and raises is not within the exception: an error of its own would tell of it.
            with (
                suppress(NotPlainError, IntegrityError),  # nothing was written
                Session(store.engine, expire_on_commit=False) as session,  # what is written needs not be read again
            ):
                return write(store, session, *args, **kwargs)
            if own.__name__ in _LEAVE:
                _LEAVE[own.__name__](store, *args, **kwargs)
        return own(store, *args, **kwargs)

    return method
