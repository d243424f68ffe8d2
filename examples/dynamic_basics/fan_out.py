"""Five flows of many calls: map, product, unpack, unmapped, and parts of a large result, one by one or by the batch."""

from __future__ import annotations

from typing import Any

from kitaru import checkpoint, flow, unmapped


@checkpoint
def numbers(count: int) -> list[int]:
    return list(range(1, count + 1))


@checkpoint
def double(number: int) -> int:
    return 2 * number


@checkpoint
def add(first: int, second: int) -> int:
    return first + second


@checkpoint
def powers(number: int) -> tuple[int, int]:
    return number**2, number**3


@checkpoint
def weigh(number: int, weights: list[int]) -> int:
    return number * sum(weights)


@checkpoint
def total(values: list[Any]) -> int:
    return sum(values)


@flow
def mapped() -> list[int]:
    """A call for each element; sequences that are as long are taken together."""
    doubled = double.map(numbers(3))
    return add.map(doubled.results(), [10, 20, 30]).results()


@flow
def products() -> list[int]:
    """A call for each combination."""
    return add.product(numbers(2), [10, 20]).results()


@flow
def unpacked() -> list[int]:
    """Each output of many calls by itself."""
    squares, cubes = powers.map(numbers(3)).unpack()
    return [total(squares), total(cubes)]


@flow
def weighed() -> list[int]:
    """A list that every call gets whole."""
    return weigh.map(numbers(3), weights=unmapped([1, 10])).results()


@flow
def batched(size: int = 4) -> list[int]:
    """Parts of a large result: it is a value, which is indexed and sliced as values are."""
    values = numbers(10)
    last = double(values[-1])
    batches = [values[start : start + size] for start in range(0, len(values), size)]
    return [last, *total.map(batches).results()]


if __name__ == "__main__":
    for each in (mapped, products, unpacked, weighed, batched):
        print(each.name, each.run().wait(timeout=120))
