"""Inputs of every kind - models, classes, positional and named ones - arrive in the body as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, SecretStr

from kitaru import checkpoint, flow

NEW_YEAR = date(2024, 1, 2)


class Config(BaseModel):
    depth: int = 3
    tags: tuple[str, ...] = ()
    key: SecretStr = SecretStr("")


@dataclass
class Point:
    x: int
    y: int


@checkpoint
def describe(*args: Any, **kwargs: Any) -> Any:
    return {"args": args, "kwargs": kwargs}


@flow
def returned(
    config: Config,
    point: Any,
    when: Any = NEW_YEAR,
    *rest: Any,
    id: str = "x",  # noqa: A002 - users may name theirs like this
    **more: Any,
) -> Any:
    assert isinstance(config, Config), type(config)
    assert isinstance(point, Point), type(point)
    assert config.key.get_secret_value() == "hidden"
    return config, point, when, rest, id, more, describe(1, *rest, id=id, **more)


def main() -> None:
    given = Config(tags=("a",), key=SecretStr("hidden"))
    handle = returned.run(given, Point(1, 2), date(2020, 5, 6), {1, 2}, (3, 4), id="me", extra={1: "one"})
    config, point, when, rest, name, more, described = handle.wait()
    assert isinstance(config, Config), config
    assert config.tags == ("a",), config
    assert point == Point(1, 2)
    assert when == date(2020, 5, 6)
    assert rest == ({1, 2}, (3, 4)), rest
    assert name == "me", name
    assert more == {"extra": {1: "one"}}, more
    assert described == {"args": (1, {1, 2}, (3, 4)), "kwargs": {"id": "me", "extra": {1: "one"}}}, described


if __name__ == "__main__":
    main()
