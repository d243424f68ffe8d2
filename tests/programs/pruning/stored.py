"""Flows that store values of every kind: outputs, inputs, what is saved, what was raised, files, and a result."""

from __future__ import annotations

from pathlib import Path

import kitaru
from kitaru import File, checkpoint, flow

HERE = Path(__file__).parent


@checkpoint
def size_of(file: File) -> int:
    kitaru.save("note", {"name": "n"})
    print("measured")
    return file.path.stat().st_size


@checkpoint
def fail(n: int) -> int:
    raise ValueError(f"no {n}")


@flow
def measure(file: File, others: set[int]) -> dict[str, object]:
    try:
        fail(1)
    except ValueError as error:
        return {"size": size_of(file), "why": str(error), "others": others, "more": object}
    return {}


@flow
def count(n: int) -> int:
    return n


@flow
def breaks(works: bool) -> bool:
    return bool(1 / works)


def start(text: str) -> str:
    path = HERE / "data.txt"
    path.write_text(text, encoding="utf-8")
    handle = measure.run(File(path), {1, 2})
    handle.wait(timeout=120)
    return handle.exec_id
