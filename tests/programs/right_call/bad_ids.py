"""Ids that cannot stand: one that two calls have, and such as ZenML cannot keep."""

from __future__ import annotations

import sys
from typing import Any

from marks import ending, is_marked, mark, ran, show

from kitaru import KitaruClient, KitaruUsageError, checkpoint, flow

# Any: the fourth one is wrong for a type checker, too.
UNKEPT: dict[str, Any] = {"empty": "", "long": "x" * 300, "lines": "refund\n7", "number": 7}


@checkpoint(cache=False)
def refund(customer: str) -> str:
    ran(f"refund {customer}")
    return f"refunded {customer}"


@flow
def twice() -> list[str]:
    second = "refund-8" if is_marked("mended") else "refund-7"
    return [refund.with_options(id="refund-7")("A"), refund.with_options(id=second)("B")]


@flow
def unkept() -> dict[str, str]:
    refusals = {}
    for kind, call_id in UNKEPT.items():
        try:
            refund.with_options(id=call_id)("A")
        except KitaruUsageError as error:
            refusals[kind] = str(error)
    try:
        refund.with_options(id=lambda customer: UNKEPT["long"] + customer).map(["A", "B"])
    except KitaruUsageError as error:
        refusals["made"] = str(error)
    return refusals


def main(case: str) -> None:
    if case == "unkept":
        show(**ending(unkept.run()))
        return
    handle = twice.run()
    refused = ending(handle)
    mark("mended")
    show(refused=refused, mended=ending(KitaruClient().executions.retry(handle.exec_id)))


if __name__ == "__main__":
    main(sys.argv[1])
