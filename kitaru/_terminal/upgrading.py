"""Asking at the terminal whether ZenML may upgrade its database."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kitaru._terminal.asking import has_terminal

if TYPE_CHECKING:
    from kitaru.errors import KitaruBackendError

_DATABASE = "kitaru._zenml.door.database"


def offer_upgrade(error: KitaruBackendError) -> bool:
    """Ask whether the database may be upgraded, where that is what is missing and there is somebody to ask; do it then."""
    if _DATABASE not in sys.modules or not has_terminal():  # what keeps ZenML from being loaded is something else
        return False
    import click

    from kitaru._zenml.door import database, store

    if not isinstance(error, database.EarlierDatabaseError):
        return False
    earlier = error.database
    click.echo(f"{earlier.description}. ZenML has to upgrade it, and cannot go back.", err=True)
    if not click.confirm(f"Copy it to {earlier.backup} and upgrade it?", err=True):
        return False
    store.upgrade()
    return True
