"""Reads everything about an execution, then a value of it; prints whether ZenML was loaded after each."""

from __future__ import annotations

import json
import sys

from kitaru import FlowHandle, KitaruClient, checkpoint, flow


@checkpoint
def double(number: int) -> int:
    return 2 * number


@flow
def doubled() -> int:
    return double(21)


if __name__ == "__main__":
    handle = doubled.run()
    handle.wait(timeout=300, progress=False)
    execution = handle.execution
    client = KitaruClient()
    (listed,) = client.executions.list(flow="doubled")
    again = FlowHandle.from_id(listed.exec_id[:8])
    latest = client.executions.latest()
    assert latest is not None
    assert again.exec_id == latest.exec_id == execution.exec_id
    assert again.get() == client.executions.result(handle.exec_id) == 42
    assert client.artifacts.list(handle.exec_id) == list(execution.artifacts)
    assert client.artifacts.get(execution.artifacts[0].id).uri == execution.artifacts[0].uri
    seen = [execution.status, "zenml" in sys.modules]
    artifact = next(one for one in execution.artifacts if one.kind == "output")
    print(json.dumps([*seen, artifact.load(), "zenml" in sys.modules]))
