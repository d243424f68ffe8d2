"""Parts of results are passed on: which calls have edges to which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from artifact_edges import edges
from pydantic import BaseModel

from kitaru import checkpoint, flow
from kitaru.pictures import graph_mermaid


@dataclass
class Report:
    title: str
    rows: list[str]


class Answer(BaseModel):
    text: str
    number: int


@checkpoint(cache=False)
def fetch(count: int) -> list[dict[str, Any]]:
    return [{"id": 1000 + i, "text": f"text {i}"} for i in range(count)]


@checkpoint(cache=False)
def report(count: int) -> Report:
    return Report(f"title {count}", [f"row {i}" for i in range(count)])


@checkpoint(cache=False)
def model(count: int) -> Answer:
    return Answer(text=f"text of {count}", number=count)


@checkpoint(cache=False)
def const() -> list[str]:
    return ["same constant", "another"]


@checkpoint(cache=False)
def use(value: Any) -> str:
    return str(value)


@flow
def parts() -> None:
    rows, made, answer, constants = fetch(3), report(3), model(2), const()
    use(rows[1])
    use(made.title)
    use([made.rows[2], answer.text])
    use({"a": [rows[0]["text"], answer.number]})
    use([constants[0], "same constant"])
    use(rows)
    rows[2]["text"] = "changed"
    use(rows[2])
    use([rows[0], rows])
    use(rows[1]["id"])


if __name__ == "__main__":
    handle = parts.run()
    handle.wait(progress=False)
    order = {call.name: call.after for call in handle.execution.checkpoints if call.after}
    print(json.dumps([edges(handle.exec_id), order, graph_mermaid(handle.execution)]))
