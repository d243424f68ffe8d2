"""A checkpoint that uses what a team has stored by ZenML, and registers what is there already."""

from __future__ import annotations

import json
from pathlib import Path

from zenml import load_artifact, register_artifact, save_artifact
from zenml.client import Client

from kitaru import checkpoint, flow


@checkpoint
def use(folder: str) -> int:
    register_artifact(folder, "dataset")
    return int(load_artifact("weights"))


@flow
def using(folder: str) -> int:
    return use(folder)


if __name__ == "__main__":
    save_artifact(3, "weights")
    data = Path(Client().active_stack.artifact_store.path, "data")
    data.mkdir()
    (data / "rows.csv").write_text("1\n", encoding="utf-8")
    handle = using.run(str(data))
    handle.wait(timeout=120)
    print(json.dumps(handle.exec_id))
