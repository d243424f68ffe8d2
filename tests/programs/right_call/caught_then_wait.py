"""A failure is caught and its customer left out; after that people are asked, and each answer starts another runner."""

from __future__ import annotations

from marks import answer_all, ending, once, ran, show

import kitaru
from kitaru import checkpoint, flow


@checkpoint(cache=False)
def look_up(customer: str) -> str:
    ran(f"look up {customer}")
    if customer == "B" and once("away"):
        raise LookupError("the directory does not answer, this once")
    return f"account of {customer}"


@checkpoint(cache=False)
def refund(account: str) -> str:
    ran(f"refund {account}")
    return f"refunded {account}"


@flow
def refunds(customers: list[str]) -> dict[str, str]:
    done = {}
    for customer in customers:
        try:
            account = look_up(customer)
        except LookupError as error:
            print(f"left out {customer}: {error}")
            continue
        metadata = {"customer": customer}
        if kitaru.wait(bool, name="ok", question="Refund this customer?", metadata=metadata, timeout=0):
            done[customer] = refund(account)
    return done


def main() -> None:
    handle = refunds.run(["A", "B", "C"])
    questions = answer_all(handle, lambda _: True)
    show(**ending(handle), questions=[question.metadata["customer"] for question in questions])


if __name__ == "__main__":
    main()
