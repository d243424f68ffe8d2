"""Rows that several threads write at once go into few transactions, and none suffers from another's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, event, select
from sqlalchemy.exc import IntegrityError, OperationalError
from zenml.zen_stores.schemas import StepRunParentsSchema

from kitaru._zenml.writing import units
from kitaru._zenml.writing.plain import NotPlainError
from kitaru._zenml.writing.units import Row, Unit, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sqlalchemy import Engine

TABLE: Any = StepRunParentsSchema.__table__  # type: ignore[attr-defined]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'rows.db'}")
    TABLE.create(engine)
    return engine


def link(parent: UUID | None = None) -> Row:
    return Row(StepRunParentsSchema, {"parent_id": parent or uuid4(), "child_id": uuid4()})


def written(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(TABLE)).all())


def together(engine: Engine, *rows: Callable[[Any], Iterable[Any]]) -> list[BaseException | None]:
    """Write units of several threads in one transaction; gives what each thread has met."""
    met: list[BaseException | None] = [None] * len(rows)

    def run(number: int) -> None:
        try:
            write(engine, Unit(rows[number]))
        except BaseException as error:  # noqa: BLE001 - it is what the test looks at
            met[number] = error

    write(engine, Unit(lambda _: []))
    writer = units._writers[engine]
    with writer._turn:
        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(rows))]
        for thread in threads:
            thread.start()
        while len(writer._waiting) < len(rows):
            pass
    for thread in threads:
        thread.join(60)
    return met


def test_what_waits_is_written_in_one_transaction(engine: Engine) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    assert together(engine, *[lambda _: [link(), link()]] * 20) == [None] * 20
    assert written(engine) == 40
    assert len(commits) == 2, "the first one found the store free"


@pytest.mark.parametrize("kind", [IntegrityError, NotPlainError, OperationalError, KeyboardInterrupt])
def test_whose_rows_cannot_be_written_is_told_and_the_others_are_written(
    engine: Engine, kind: type[BaseException]
) -> None:
    taken, raised = link(), []
    write(engine, Unit(lambda _: [taken]))

    def bad(connection: Any) -> list[Row]:
        if kind is IntegrityError or raised:
            return [link(), taken] if kind is IntegrityError else [link()]
        if kind is KeyboardInterrupt:  # it comes once, to the thread that happens to write
            raised.append(kind)
        if kind is OperationalError:
            connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
        raise kind

    met = together(engine, lambda _: [link()], bad, *[lambda _: [link()]] * 3)
    if kind is OperationalError:  # nothing tells that the database would take the others
        assert {type(error) for error in met} == {OperationalError}
        assert written(engine) == 1
        return
    assert isinstance(met[1], kind) or raised
    assert sum(isinstance(error, kind) for error in met) == 1
    assert written(engine) == 1 + 4
    write(engine, Unit(lambda _: [link()]))
    assert written(engine) == 6


def test_no_row_of_many_threads_is_lost(engine: Engine) -> None:
    def write_some() -> None:
        for _ in range(40):
            write(engine, Unit(lambda _: [link()]))

    threads = [threading.Thread(target=write_some) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert written(engine) == 16 * 40
