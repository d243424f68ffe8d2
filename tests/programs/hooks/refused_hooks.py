"""Hooks that no runner can import, or that nobody could call, are refused before anything is started."""

from __future__ import annotations

import os
from typing import Any

from kitaru import Execution, Flow, KitaruClient, KitaruUsageError, checkpoint, flow

called: list[str] = []


@flow
def plain() -> int:
    return 1


def refused(made: Flow[[], int], *parts: str) -> None:
    try:
        made.run()
    except KitaruUsageError as error:
        assert all(part in str(error) for part in parts), error  # noqa: PT017 - a program, not a test
    else:
        raise AssertionError("it was started")


def main() -> None:
    def local(execution: Execution) -> None:
        called.append(str(execution.status))

    async def local_too(_execution: Execution) -> None:
        called.append("async")

    refused(plain.with_options(on_failure=local), "plain.with_options(on_failure=)", "local")
    refused(plain.with_options(on_end=lambda _: None), "plain.with_options(on_end=)", "lambda")
    wrong: Any
    for wrong in ({"on_failure": main}, {"on_wait": "name"}, {"on_succes": local}):
        try:
            plain.with_options(**wrong)
        except KitaruUsageError as error:
            assert next(iter(wrong)) in str(error), error  # noqa: PT017 - the same
        else:
            raise AssertionError(f"{wrong} was taken")
    try:
        checkpoint(on_failure=main)  # type: ignore[arg-type]
    except KitaruUsageError as error:
        assert "on_failure" in str(error), error  # noqa: PT017 - the same
    assert KitaruClient().executions.list() == []

    os.environ["KITARU_LOCAL_RUNNER"] = "inline"  # in this process there is nothing to import
    plain.with_options(on_success=[local, local_too]).run()
    assert called == ["completed", "async"], called


if __name__ == "__main__":
    main()
