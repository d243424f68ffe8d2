"""A store that loses a table while a checkpoint records something, and gets it back."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATABASE = Path(os.environ["ZENML_LOCAL_STORES_PATH"]) / "default_zen_store" / "zenml.db"


@contextmanager
def without(table: str) -> Iterator[None]:
    """Take a table away for a while."""
    _rename(table, f"{table}_gone")
    try:
        yield
    finally:
        _rename(f"{table}_gone", table)


def _rename(table: str, to: str) -> None:
    with closing(sqlite3.connect(DATABASE, timeout=60)) as database, database:
        database.execute("PRAGMA legacy_alter_table = ON")
        database.execute(f"ALTER TABLE {table} RENAME TO {to}")


def failure(act: Callable[[], None]) -> list[str]:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the type is what is shown
        return [type(error).__name__, str(error).splitlines()[0]]
    return []


@checkpoint(cache=False)
def record() -> dict[str, list[str]]:
    with without("run_metadata"):
        logged = failure(lambda: kitaru.log(tokens=1))
        progressed = failure(lambda: kitaru.progress("done", fraction=1))
    with without("artifact"):
        saved = failure(lambda: kitaru.save("draft", "text"))
    return {"log": logged, "progress": progressed, "save": saved}


@flow
def recording() -> dict[str, list[str]]:
    return record()


if __name__ == "__main__":
    print(json.dumps(recording.run().wait()))
