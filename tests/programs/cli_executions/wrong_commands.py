"""Ten kinds of wrong input: what the command line says of each, and what the client raises for the same.

The store's database is its argument, in which one of two executions gets an id that begins like the other's.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from many_commands import call
from steered_flows import report

from kitaru import KitaruClient
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = (None, None)


def raised(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str | None, str | None]:
    try:
        function(*args, **kwargs)
    except KitaruError as error:
        return type(error).__name__, str(error)
    return NOTHING


def rename(old: str, new: str) -> None:
    """Give an execution another id, in every table that knows it."""
    with closing(sqlite3.connect(sys.argv[1])) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, *_ in database.execute(f'PRAGMA table_info("{table}")').fetchall():
                database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" = ?', (new, old))
        database.commit()


def ask_wrongly(failed: str, unknown: str) -> dict[str, list[Any]]:
    client = KitaruClient()
    ex = client.executions
    return {
        "unknown id": [call("executions", "get", unknown), raised(ex.get, unknown)],
        "no id": [call("executions", "logs", "latest!"), raised(lambda: list(ex.logs("latest!")))],
        "unknown prefix": [call("executions", "cancel", "00000000-0000"), raised(ex.cancel, "00000000-0000")],
        "ambiguous": [call("executions", "get", failed[:8]), raised(ex.get, failed[:8])],
        "retry needs a failed one": [call("executions", "cancel", failed), raised(ex.cancel, failed)],
        "not paused": [call("executions", "resume", failed), raised(ex.resume, failed)],
        "does not wait": [call("executions", "input", failed, "--value", "1"), raised(ex.input, failed, value=1)],
        "nothing to abort": [call("executions", "input", failed, "--abort"), raised(ex.abort_wait, failed)],
        "which answer": [call("executions", "input", failed), NOTHING],
        "unknown checkpoint": [
            call("executions", "logs", failed, "--checkpoint", "frist"),
            raised(lambda: list(ex.logs(failed, "frist"))),
        ],
        "unknown status": [call("executions", "list", "--status", "done"), raised(ex.list, status="done")],
        "bad since": [call("executions", "list", "--since", "yesterday"), NOTHING],
        "bad limit": [call("executions", "list", "--limit", "0"), raised(ex.list, limit=0)],
        "unknown artifact": [call("artifacts", "get", "abc"), raised(client.artifacts.get, "abc")],
        "unfinished result": [call("executions", "get", failed, "--result"), raised(ex.result, failed)],
        "as data": [call("executions", "get", unknown, "--output", "json"), NOTHING],
        "with traceback": [call("--traceback", "executions", "get", unknown), NOTHING],
    }


def main() -> None:
    one, two = report.run(), report.run()
    failed = one.exec_id
    twin = failed[:-1] + ("0" if failed[-1] != "0" else "1")
    rename(two.exec_id.replace("-", ""), twin.replace("-", ""))
    unknown = failed[:-1] + ("2" if failed[-1] != "2" else "3")
    results = ask_wrongly(failed, unknown)
    print(json.dumps({"failed": failed, "twin": twin, "unknown": unknown, "results": results}))


if __name__ == "__main__":
    main()
