"""Calls that belong into a flow are made outside of one, in a checkpoint, and with wrong arguments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from expecting import raised

import kitaru
from kitaru import KitaruContextError, KitaruUsageError, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

OUTSIDE: tuple[Callable[[], object], ...] = (
    kitaru.wait,
    kitaru.current_execution_id,
    lambda: kitaru.log(a=1),
    lambda: kitaru.save("a", 1),
    lambda: kitaru.progress("x"),
)
WRONG_WAITS: tuple[dict[str, Any], ...] = ({"timeout": -1}, {"timeout": True}, {"name": ""}, {"schema": object()})
WRONG_RECORDS: tuple[Callable[[], object], ...] = (
    lambda: kitaru.log(kitaru_x=1),
    lambda: kitaru.progress("x", fraction=2),
    lambda: kitaru.save("", 1),
    lambda: kitaru.save("x", 1, type="nonsense"),
)


for call in OUTSIDE:  # when the runner imports this, too
    raised(KitaruContextError, call, "outside a flow")


@checkpoint
def inside() -> str:
    return str(raised(KitaruContextError, kitaru.wait))


@flow
def misused() -> str:
    for options in WRONG_WAITS:
        raised(KitaruUsageError, partial(kitaru.wait, **options))
    for record in WRONG_RECORDS:
        raised(KitaruUsageError, record)
    assert kitaru.current_execution_id()
    return inside()


def main() -> None:
    message = misused.run().wait(timeout=300)
    assert "between two checkpoints" in message, message


if __name__ == "__main__":
    main()
