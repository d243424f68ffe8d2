"""Calls of every form, each compiled by ZenML and from an earlier one; prints how many, and where they differ."""

from __future__ import annotations

import json
from typing import Any

from kitaru import checkpoint, flow
from kitaru._zenml.running import invocations
from kitaru._zenml.running.invocations import Compiler, Invocation

PLAIN: list[Any] = [
    0, -1, 2**80, 1.5, 1e300, True, None, "", "text", "ü\u2028\x00", [], {}, [1, [2, {"a": None}]], {"a": {"b": [1]}},
    "x" * 3000, {"default": 1, "title": "t"}, [None],
]  # fmt: skip
compared: list[list[str]] = []


class Both(Compiler):
    def compile(self, call: Invocation) -> Any:
        pattern = self._patterns.get(invocations._form(call))
        if pattern is not None:
            flow = self._runner.pipeline.configuration
            ours, zenml = invocations._filled(pattern, call, flow), self._by_zenml(call)
            same = ours.model_dump_json() == zenml.model_dump_json() and ours == zenml
            compared.append([call.name, "" if same else f"{ours!r}\n{zenml!r}"])
        return super().compile(call)


@checkpoint(cache=False)
def takes(value: Any, _other: Any = 1, *more: Any, **named: Any) -> Any:
    return value


@checkpoint(cache=False, retries=2, type="tool_call")
def made() -> int:
    return 1


@checkpoint(cache=False)
def pair(left: Any, right: Any) -> tuple[int, int]:
    return 1, 2


@flow(cache=False)
def all_forms() -> str:
    from kitaru._zenml.running import body as of_body

    body = __import__("kitaru._core.code.scope", fromlist=["current_body"]).current_body()
    assert isinstance(body, of_body.Body)
    body._compiler = Both(body._runner)
    for value in PLAIN:
        takes(value)
        takes(value, value, extra=value)
        pair(value, right=value)
    results = [made() for _ in range(3)]
    futures = [made.submit() for _ in range(3)]
    for given in (results, futures):
        for one in given:
            takes(one)
            takes([one, *given])
            takes({"a": one, "b": 1})
            takes(1, one, *given)
            pair(one, given)
            pair([], one)
    arrays = [b"1" * 20_000, b"2" * 20_000, {1, 2}, object]
    for value in arrays:
        takes(value)
        pair(value, 1)
    for both in (pair(1, 2), pair.submit(1, 2)):
        takes(both)
        pair(both, both)
    takes.map(range(3))
    return json.dumps(compared)


if __name__ == "__main__":
    print(all_forms.run().wait(progress=False))
