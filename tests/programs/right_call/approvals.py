"""Two chains that each ask a person about a payment: the small one is approved, the large one refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from marks import answer_all, ending, mark, ran, show, until

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from kitaru import PendingWait

LARGE, SMALL = "1,000,000 to account X", "5 to account Y"
# As Any: the type of wait() does not say that async code awaits what it returns.
YES_OR_NO: Any = bool


@checkpoint(cache=False)
async def prepare(payment: str) -> str:
    ran(f"prepare {payment}")
    if payment == LARGE:
        await until(f"question about {SMALL}")
    return f"draft of {payment}"


@checkpoint(cache=False)
async def pay(payment: str) -> str:
    ran(f"pay {payment}")
    return "paid"


async def settle(payment: str) -> tuple[str, str]:
    metadata = {"payment": payment, "draft": await prepare(payment)}
    mark(f"question about {payment}")
    approved = await kitaru.wait(YES_OR_NO, name="approve", question="Pay this?", metadata=metadata, timeout=0)
    return payment, await pay(payment) if approved else "refused"


@flow
async def payments() -> list[tuple[str, str]]:
    return await asyncio.gather(*map(settle, (LARGE, SMALL)))


def is_small(question: PendingWait) -> bool:
    return bool(question.metadata["payment"] == SMALL)


def main() -> None:
    handle = payments.run()
    questions = answer_all(handle, is_small)
    show(**ending(handle), answers=[(question.metadata, is_small(question)) for question in questions])


if __name__ == "__main__":
    main()
