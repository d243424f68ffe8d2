"""Find the broken step of an execution that failed, and try a fix from there: what had worked is not run again."""

from kitaru import KitaruClient, KitaruExecutionError, checkpoint, flow


@checkpoint
def download(month: str) -> list[str]:
    print(f"downloading {month}")  # the slow part, which nobody wants to repeat
    return ["12.50", "7.25", "1,99"]


@checkpoint
def amount(text: str, decimal: str) -> float:
    return float(text.replace(decimal, "."))


@checkpoint
def total(amounts: list[float]) -> float:
    return round(sum(amounts), 2)


@flow
def invoices(month: str, decimal: str = ".") -> float:
    return total([amount(text, decimal) for text in download(month)])


if __name__ == "__main__":
    try:
        invoices.run("January").wait()
    except KitaruExecutionError as error:
        print(f"yesterday: {error.exception_message}")

    # Today, in any process: which call was it?
    client = KitaruClient()
    failed = client.executions.latest(flow="invoices", status="failed")
    assert failed is not None
    broken = next(call for call in failed.checkpoints if call.status == "failed")
    print(f"broken: {broken.name}, {broken.attempts[-1].error}")

    # The fix is an input here; mended code is taken just so. Nothing is downloaded again.
    fixed = invoices.replay(failed, inputs={"decimal": ","})
    print(f"total: {fixed.wait()}")
    for call in fixed.execution.checkpoints:
        print(f"  {call.name}: {call.replay}")
    print(client.executions.diff(fixed.exec_id).to_text())
