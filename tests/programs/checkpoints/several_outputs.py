"""What checkpoints say that they return, and the outputs that ZenML records of it.

Without ``from __future__ import annotations``: the test runs a copy that has it, too.
"""

from pathlib import Path
from typing import Annotated, Any, NamedTuple, Optional, Tuple  # noqa: UP035 - the old words count, too

from zenml.client import Client

from kitaru import checkpoint, flow


class Both(NamedTuple):
    a: int
    b: str


@checkpoint
def pair() -> tuple[int, str]:
    return 1, "a"


@checkpoint
def named() -> tuple[Annotated[int, "count"], Annotated[list[int], "rows"]]:
    return 2, [3]


@checkpoint
def old() -> Tuple[int, Optional[str]]:  # noqa: UP006, UP045 - this is how it was written
    return 3, None


@checkpoint
def listed() -> tuple[int, int]:
    result = [1, 2]
    return result  # type: ignore[return-value]  # noqa: RET504 - no tuple, and not written out


@checkpoint
def variable() -> tuple[int, tuple[int, ...]]:
    def inner() -> tuple[int, int]:
        return 1, 2

    result = (1, (inner()[1],))
    return result  # noqa: RET504 - of a variable, ZenML records one output


@checkpoint
def either(_: int, flag: bool = False) -> tuple[int, int]:
    if flag:
        return 1, 2
    return [3, 4]  # type: ignore[return-value]


@checkpoint
def many() -> tuple[int, ...]:
    return (1, 2, 3)


@checkpoint
def one() -> Annotated[int, "answer"]:
    return 42


@checkpoint
def whole() -> Both:
    return Both(1, "b")


@checkpoint
def unknown() -> "tuple[Missing, int]":  # type: ignore[name-defined]  # noqa: F821 - there is no such name
    return 1, 2


@checkpoint
def nothing() -> None:
    pass


@checkpoint
def wrong() -> int:
    return "a string"  # type: ignore[return-value]


@checkpoint
def add(a: Any, b: Any) -> Any:
    return (a, b)


CHECKPOINTS: tuple[Any, ...] = (pair, named, old, listed, variable, many, one, whole, unknown, nothing, wrong)


@flow(retries=1)
def outputs() -> list[Any]:
    results = []
    for each in CHECKPOINTS:
        value = each()
        assert add(value, 1) == (value, 1), (each, value)
        assert add(each.submit(), 1) == (value, 1), (each, value)
        results.append(value)
    assert (either(0), either(0, True)) == ((3, 4), (1, 2))
    count, rows = named()
    assert add(count, rows) == (2, [3])
    if not Path("again").exists():
        Path("again").touch()
        Path("first").write_text(repr(results), encoding="utf-8")
        raise RuntimeError("again")
    assert repr(results) == Path("first").read_text(encoding="utf-8"), results
    return results


def main() -> None:
    Path("again").unlink(missing_ok=True)
    handle = outputs.run(cache=False)
    print(handle.wait(progress=False))
    steps = Client().get_pipeline_run(handle.exec_id).steps
    assert sorted(steps["named"].outputs) == ["count", "rows"], steps["named"].outputs
    assert list(steps["one"].outputs) == ["answer"]
    assert not steps["nothing"].outputs
    assert len(steps["pair"].outputs) == 2
    assert len(steps["many"].outputs) == 1
    assert len(steps["unknown"].outputs) == 1


if __name__ == "__main__":
    main()
