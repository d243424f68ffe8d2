"""Checkpoints that one factory makes; two lines of the body change places before the execution is retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marks import ending, is_marked, mark, ran, show

from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import Checkpoint


def source(name: str) -> Checkpoint[[], str]:
    @checkpoint(cache=False)
    def load() -> str:
        ran(f"load {name}")
        return f"rows of {name}"

    return load


load_prices, load_stock = source("prices"), source("stock")


@checkpoint(cache=False)
def join(prices: str, stock: str) -> dict[str, str]:
    ran("join")
    if not is_marked("edited"):
        raise ConnectionError("there is something to be put right")
    return {"prices": prices, "stock": stock}


@flow
def joined() -> dict[str, str]:
    if is_marked("edited"):
        stock = load_stock()
        prices = load_prices()
    else:
        prices = load_prices()
        stock = load_stock()
    return join(prices, stock)


def main() -> None:
    handle = joined.run()
    failed = ending(handle)["status"]
    mark("edited")
    show(first=failed, **ending(KitaruClient().executions.retry(handle.exec_id)))


if __name__ == "__main__":
    main()
