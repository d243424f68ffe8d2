"""Rows that belong together, written in one transaction with those of other threads.

A thread that finds the store taken leaves its rows to the one that takes it next, which commits for all that wait. So
fifty checkpoints that begin at once need a few transactions, and no thread polls SQLite's lock, which only one writer has.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import WeakKeyDictionary

from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError
from zenml.zen_stores.schemas import (
    ArtifactSchema,
    ArtifactVersionSchema,
    ArtifactVisualizationSchema,
    LogsSchema,
    RunMetadataResourceSchema,
    RunMetadataSchema,
    StepConfigurationSchema,
    StepRunInputArtifactSchema,
    StepRunOutputArtifactSchema,
    StepRunParentsSchema,
    StepRunSchema,
)

from kitaru._zenml.writing.plain import NotPlainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Engine, Table

# What is referred to comes first: SQLite looks at each row.
_INSERTS = {
    schema: insert(cast("Table", inspect(schema).local_table))
    for schema in (
        ArtifactSchema,
        ArtifactVersionSchema,
        ArtifactVisualizationSchema,
        RunMetadataSchema,
        StepRunSchema,
        StepConfigurationSchema,
        LogsSchema,
        StepRunParentsSchema,
        StepRunInputArtifactSchema,
        StepRunOutputArtifactSchema,
        RunMetadataResourceSchema,
    )
}
_COLUMNS = {schema: tuple(column.key for column in inspect(schema).columns) for schema in _INSERTS}


class Row(NamedTuple):
    """A row of a table that only links others: to make an object of ZenML's schema takes longer than to write it."""

    schema: type[Any]
    values: dict[str, Any]


class Unit:
    """Rows of which all are written, or none."""

    def __init__(self, rows: Callable[[Connection], Iterable[Any]]) -> None:
        """Describe it.

        Args:
            rows: Called within the transaction, in which nobody else can write; returns objects of ZenML's schemas, and rows.
        """
        self.rows = rows
        self.is_done = False
        self.error: BaseException | None = None


class _Writer:
    """Writes units to one database, in the order in which they come."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._waiting: deque[Unit] = deque()

    def write(self, engine: Engine, unit: Unit) -> None:
        self._waiting.append(unit)
        with self._turn:
            if not unit.is_done:
                units = [self._waiting.popleft() for _ in range(len(self._waiting))]  # more may come meanwhile
                try:
                    self._write_all(engine, units)
                except BaseException:  # it ends this thread, and is none of the others'
                    self._waiting.extendleft(one for one in units if not one.is_done and one is not unit)
                    raise
        if unit.error is not None:
            raise unit.error

    def _write_all(self, engine: Engine, units: list[Unit]) -> None:
        try:
            self._commit(engine, units)
        except (IntegrityError, NotPlainError) as error:
            if len(units) > 1:  # one of them is to blame, and the others are not to suffer
                for unit in units:
                    self._write_all(engine, [unit])
                return
            units[0].error = error
        except Exception as error:  # noqa: BLE001 - it is raised where each of them is waited for
            for unit in units:
                unit.error = error
        for unit in units:
            unit.is_done = True

    def _commit(self, engine: Engine, units: list[Unit]) -> None:
        with engine.begin() as connection:
            # Nobody else can write from now on: sqlite3 begins a transaction with the first change otherwise.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            by_schema = _by_schema(row for unit in units for row in unit.rows(connection))
            for schema, statement in _INSERTS.items():
                if rows := by_schema.get(schema):
                    connection.execute(statement, rows)


def _by_schema(rows: Iterable[Any]) -> dict[type[Any], list[dict[str, Any]]]:
    by_schema: dict[type[Any], list[dict[str, Any]]] = {}
    for row in rows:
        if not isinstance(row, Row):
            row = Row(type(row), {name: getattr(row, name) for name in _COLUMNS[type(row)]})  # noqa: PLW2901
        by_schema.setdefault(row.schema, []).append(row.values)
    return by_schema


_writers: WeakKeyDictionary[Engine, _Writer] = WeakKeyDictionary()
_making = Lock()


def write(engine: Engine, unit: Unit) -> None:
    """Write rows; they are in the database when this returns, and none of them is where it raises.

    Args:
        engine: The database.
        unit: The rows.

    Raises:
        IntegrityError: They contradict what is there.
        NotPlainError: What gives the rows found so.
    """
    with _making:
        writer = _writers.setdefault(engine, _Writer())
    writer.write(engine, unit)
