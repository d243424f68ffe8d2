"""Calls that the author gives ids: the second attempt makes them in another order."""

from __future__ import annotations

from marks import ending, is_marked, once, ran, show

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def refund(customer: str) -> str:
    ran(f"refund {customer}")
    return f"refunded {customer}"


@checkpoint(cache=False)
def publish(rows: list[str]) -> list[str]:
    ran("publish")
    if once("publish"):
        raise ConnectionError("this once")
    return rows


@flow(retries=1)
def refunds() -> list[str]:
    customers = ["C", "A", "B"] if is_marked("publish") else ["A", "B", "C"]
    rows = refund.with_options(id=lambda customer: f"refund-{customer}").map(customers).results()
    direct = refund.with_options(id="direct")
    beside = refund.with_options(id="beside")
    if is_marked("publish"):
        future = beside.submit("E")
        rows += [direct("D"), future.result(), future.name]
    else:
        rows += [direct("D"), beside.submit("E").result()]
    rows += refund.with_options(id="batch").map(["F", "G"]).results()
    rows.append(refund("H"))
    return publish(rows)


def main() -> None:
    handle = refunds.run()
    original = ending(handle)
    names = sorted(call.name for call in handle.execution.checkpoints)
    replay = ending(refunds.replay(handle.exec_id, at="batch-1", outputs={"batch-2": "refunded nobody"}))
    show(original=original, names=names, replay=replay)


if __name__ == "__main__":
    main()
