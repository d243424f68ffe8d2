"""Steps and checkpoints on numbers, some of which note that they ran. Annotations are evaluated: ZenML reads them."""

from pathlib import Path
from typing import Annotated, Any

from zenml import step

from kitaru import checkpoint

RAN = Path("ran.txt")


def ran(name: str) -> None:
    with RAN.open("a", encoding="utf-8") as file:
        file.write(name + "\n")


def has_run_once(name: str) -> bool:
    """Whether this is the first time that it runs, which it has noted already."""
    return RAN.read_text(encoding="utf-8").count(name) == 1


@step
def load(n: int, start: int = 0) -> list[int]:
    ran("load")
    return list(range(start, n))


@checkpoint
def double(numbers: list[int]) -> list[int]:
    ran("double")
    return [2 * number for number in numbers]


@step
def total(numbers: list[int]) -> int:
    ran("total")
    return sum(numbers)


@step
def count(numbers: dict[str, Any]) -> int:
    more: int = numbers["more"]
    return len(numbers["all"]) + more


@checkpoint
def one(n: int) -> int:
    return n


@step
def inc(n: int) -> int:
    return n + 1


@step
def split(numbers: list[int]) -> tuple[Annotated[list[int], "small"], Annotated[list[int], "large"]]:
    return [n for n in numbers if n < 3], [n for n in numbers if n >= 3]


@checkpoint
def keep(value: Any) -> Any:
    return value
