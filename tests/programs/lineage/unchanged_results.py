"""Results that are passed on as they are: alone, in containers, as futures, and as the flow's own result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from artifact_edges import edges
from passed_values import VALUES

from kitaru import checkpoint, flow

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SHARED = {"shared": [1]}


@checkpoint
def make(kind: str) -> Any:
    return VALUES[kind]()


@checkpoint
def take(value: object) -> str:
    return type(value).__name__


@checkpoint
def take_all(**values: object) -> list[str]:
    return sorted(values)


@checkpoint
def pair() -> tuple[Annotated[list[int], "left"], Annotated[dict[str, int], "right"]]:
    return [1, 2], {"a": 1}


@checkpoint
def small(value: object) -> object:
    return value


@checkpoint
def shared() -> dict[str, list[int]]:
    return SHARED


@checkpoint
def again() -> dict[str, list[int]]:
    return SHARED


@checkpoint
def silent() -> None:
    pass


@flow
def passing(given: pd.DataFrame) -> dict[str, Any]:
    for kind in VALUES:  # make, make_2, ... and take, take_2, ...
        take(make(kind))
    a, b, c = make("list"), make("dict"), make("text")  # make_13, make_14, make_15
    take([a, {"x": b, "y": (c, 7)}])  # take_13: containers of results
    left, right = pair()
    take(left)  # take_14
    take({"r": right, "l": [left]})  # take_15
    take(pair.submit())  # take_16: a future of several outputs
    take([make.submit("list"), a, silent.submit()])  # take_17: make_16
    take_all(one=a, two=make.submit("text"))  # take_all: make_17
    for value in (None, True, 1, "", "x", b"", ()):
        take(small(value))  # take_18 to take_24: shared by Python
    first = shared()
    again()
    take(first)  # take_25
    take(given)  # take_26: the flow's own input
    take(given)  # take_27
    take([a[0], a])  # take_28
    make.map(["list", "dict"])  # make_18, make_19
    results = make.map(["text", "list"])  # make_20, make_21
    take.map(results)  # take_29, take_30
    take(results)  # take_31
    return {"a": a, "nested": [b, results]}


@flow
def whole() -> pd.DataFrame:
    return make("frame")


def main() -> None:
    handle = passing.run(VALUES["frame"](), cache=False)
    result = handle.wait(progress=False)
    assert result == {"a": [1, 2, 3], "nested": [{"a": [1]}, ["a text", [1, 2, 3]]]}, result
    parents = {call.name: call.parents for call in handle.execution.checkpoints}
    whole_handle = whole.run(cache=False)
    is_whole = whole_handle.wait(progress=False).equals(VALUES["frame"]())

    from zenml.client import Client

    run = Client().get_pipeline_run(whole_handle.exec_id)
    versions = Client().list_artifact_versions(size=1000).items
    facts = {
        "edges": edges(handle.exec_id),
        "parents of take_13": parents["take_13"],
        "whole": is_whole,
        "outputs of whole": [str(output.id) for output in run.outputs.values()],
        "outputs of its make": [str(output.id) for output in run.steps["make"].outputs["output"]],
        "uploads": [version.artifact.name for version in versions if version.artifact.name.startswith("kitaru_")],
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
