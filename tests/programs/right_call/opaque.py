"""Arguments of which no two processes make the same pickle: objects that hold a lambda, which holds a set of texts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from marks import ending, once, ran, show

from kitaru import KitaruClient, checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

CITIES = ["Bern", "Lima", "Oslo", "Riga", "Rome"]


class Rule:
    """What is taken."""

    def __init__(self, takes: Callable[[str], bool]) -> None:
        self.takes = takes


def among(text: str) -> Rule:
    cities = set(text.split())
    return Rule(lambda city: city in cities)


@checkpoint(cache=False)
def sift(rule: Rule) -> list[str]:
    cities = [city for city in CITIES if rule.takes(city)]
    ran(f"sift {' '.join(cities)}")
    return cities


@checkpoint(cache=False)
def publish(rows: list[list[str]]) -> list[list[str]]:
    ran("publish")
    if once("publish"):
        raise ConnectionError("this once")
    return rows


@flow
def sifted() -> list[list[str]]:
    return publish([sift(among("Oslo Rome Bern")), sift(among("Riga Lima Paris"))])


def main() -> None:
    os.environ["PYTHONHASHSEED"] = "1"
    handle = sifted.run()
    failed = ending(handle)["status"]
    os.environ["PYTHONHASHSEED"] = "2"  # of the runner that goes on
    show(first=failed, **ending(KitaruClient().executions.retry(handle.exec_id, env="current")))


if __name__ == "__main__":
    main()
