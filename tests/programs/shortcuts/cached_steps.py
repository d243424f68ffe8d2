"""Compares the cached steps that Kitaru looks up with those that ZenML looks up, also when they have expired."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any

from sqlmodel import Session, select
from zenml.client import Client
from zenml.orchestrators.cache_utils import get_cached_step_run
from zenml.utils.time_utils import utc_now
from zenml.zen_stores.schemas import StepRunSchema
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru import checkpoint, flow
from kitaru._zenml.running.cache_lookup import find_cached_step


@checkpoint
def one(number: int) -> int:
    """Count."""
    return number + 1


@checkpoint
def two(several: list[Any], more: str = "") -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
    return len(several), more


@checkpoint(cache=False)
def uncached() -> int:
    return 1


@checkpoint
def failing(number: int) -> int:
    raise ValueError("no")


@flow
def work() -> int:
    uncached()
    numbers = [one.submit(number) for number in range(3)]
    two(numbers, "x" * 5000)
    with suppress(ValueError):
        failing(1)
    return one(7)


def shown(step: Any) -> tuple[Any, ...] | None:
    if step is None:
        return None
    artifacts = [
        {name: [artifact.id for artifact in several] for name, several in some.items()}
        for some in (step.inputs, step.outputs)
    ]
    return step.id, step.cache_expires_at, step.docstring, step.source_code, *artifacts


def main() -> None:
    for _ in range(2):
        work.run().wait(timeout=300, progress=False)

    store = Client().zen_store
    assert isinstance(store, SqlZenStore)
    with Session(store.engine) as session:
        keys = {key for key in session.exec(select(StepRunSchema.cache_key)) if key}
    for key in [*sorted(keys), "unknown"]:
        assert shown(find_cached_step(key)) == shown(get_cached_step_run(key)), key
    hits = [key for key in keys if get_cached_step_run(key)]
    print(len(keys), len(hits))

    for expires in (timedelta(hours=1), timedelta(hours=-1)):
        with Session(store.engine) as session:
            for step in session.exec(select(StepRunSchema)):
                step.cache_expires_at = utc_now() + expires
                session.add(step)
            session.commit()
        for key in hits:
            assert shown(find_cached_step(key)) == shown(get_cached_step_run(key)), key
        print(sum(find_cached_step(key) is not None for key in hits))


if __name__ == "__main__":
    main()
