"""Hooks that no runner can import, or that nobody could call, are refused before anything is started."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from kitaru import Execution, KitaruClient, KitaruStackError, KitaruUsageError, alert, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

called: list[str] = []


@flow
def plain() -> int:
    return 1


def refused(call: Callable[[], object], *parts: str, kind: type[Exception] = KitaruUsageError) -> None:
    try:
        call()
    except kind as error:
        assert all(part in str(error) for part in parts), error  # noqa: PT017 - a program, not a test
    else:
        raise AssertionError(f"{parts} was not refused")


def main() -> None:
    def local(execution: Execution) -> None:
        called.append(str(execution.status))

    async def local_too(_execution: Execution) -> None:
        called.append("async")

    refused(plain.with_options(on_failure=local).run, "plain.with_options(on_failure=)", "local")
    refused(plain.with_options(on_end=lambda _: None).run, "plain.with_options(on_end=)", "lambda")
    wrong: Any
    for wrong in ({"on_failure": main}, {"on_wait": "name"}, {"on_succes": local}):
        refused(partial(plain.with_options, **wrong), next(iter(wrong)))
        refused(partial(flow, **wrong), next(iter(wrong)))
    refused(partial(checkpoint, on_failure=main), "on_failure")
    refused(partial(alert, "nobody hears this"), "'default' has no alerter", kind=KitaruStackError)
    assert KitaruClient().executions.list() == []

    os.environ["KITARU_LOCAL_RUNNER"] = "inline"  # in this process there is nothing to import
    plain.with_options(on_success=[local, local_too]).run()
    assert called == ["completed", "async"], called


if __name__ == "__main__":
    main()
