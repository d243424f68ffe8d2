"""A cached value whose files are deleted, by ZenML's own words; prints what further flows and a retry come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zenml.client import Client

from kitaru import FlowHandle, KitaruClient, checkpoint, flow
from kitaru.errors import KitaruError


@checkpoint
def expensive(x: int) -> dict[str, Any]:
    with Path("ran.txt").open("a") as file:
        file.write("ran\n")
    return {"x": (x,), "text": "t" * 5000}


@flow
def sized(x: int) -> int:
    return len(expensive(x)["text"])


@flow(cache=False)
def failing(x: int) -> int:
    size = len(expensive(x)["text"])
    if not Path("mended").exists():
        raise RuntimeError("not mended yet")
    return size


def delete(exec_id: str) -> str:
    client = Client()
    artifact = client.get_pipeline_run(exec_id).steps["expensive"].regular_outputs["output"]
    client.delete_artifact_version(artifact.id, delete_metadata=False, delete_from_artifact_store=True)
    return str(artifact.id)


def told(handle: FlowHandle[int]) -> str:
    try:
        return str(handle.wait(progress=False))
    except KitaruError as error:
        return str(error)


if __name__ == "__main__":
    first = sized.run(1)
    told(first)
    delete(first.exec_id)
    handles = [sized.run(1) for _ in range(1)]
    seen = [told(handles[0])]
    handles.append(sized.run(1))
    seen.append(told(handles[1]))
    logs = [[one.message for one in KitaruClient().executions.logs(h.exec_id, source="runner")] for h in handles]
    warned = [sum("a cached result is gone" in line for line in log) for log in logs]
    failed = failing.run(2)
    told(failed)
    artifact = delete(failed.exec_id)
    Path("mended").touch()
    again = told(KitaruClient().executions.retry(failed.exec_id))
    replayed = told(KitaruClient().executions.replay(failed.exec_id, at="expensive"))
    ran = len(Path("ran.txt").read_text().split())
    print(json.dumps([seen, warned, ran, again, artifact, failed.exec_id, replayed]))
