"""Gives the same values to one checkpoint after another, which change what they get; prints what each has seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from kitaru import checkpoint, flow


@checkpoint(cache=False)
def change(value: Any, number: int) -> list[Any]:
    if isinstance(value, pd.DataFrame):
        value[f"new {number}"] = number
        return [str(column) for column in value.columns]
    if isinstance(value, np.ndarray):
        value += 1
        return value.tolist()  # type: ignore[no-any-return]
    if isinstance(value, dict):
        value["array"] += number
        return value["array"].tolist()  # type: ignore[no-any-return]
    return [Path(value).read_text()]


@flow(cache=False)
def again() -> list[Any]:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    array, held = np.zeros(2), {"array": np.ones(1)}
    seen = [change(value, number) for value in (frame, array, held) for number in (1, 2)]
    seen += [future.result() for future in [change.submit(frame, number) for number in (3, 4)]]
    frame["b"] = 1.0
    array += 5
    held["array"] += 10
    seen += [change(value, 5) for value in (frame, array, held)]
    seen += [list(frame.columns), array.tolist(), held["array"].tolist()]
    file = Path("read.txt").absolute()
    for text in ("first", "second"):  # it stands for the file, which changes
        file.write_text(text)
        seen.append(change(file, 6))
    return seen


if __name__ == "__main__":
    result = again.run().wait(progress=False)
    from zenml.client import Client

    stored = Client().list_artifact_versions(artifact="startswith:kitaru_input", size=100).total
    print(json.dumps([result, stored]))
