"""Models with versions, and what ZenML's cache is told; prints what was seen of each at work."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from zenml import Model
from zenml.client import Client
from zenml.config import CachePolicy
from zenml.utils.time_utils import utc_now

from kitaru import FlowHandle, checkpoint, flow


def times(name: str) -> int:
    """Count a run of a checkpoint, and return how many there have been."""
    file = Path(f"{name}.count")
    file.write_text(file.read_text() + "x" if file.exists() else "x")
    return len(file.read_text())


@checkpoint
def short() -> int:
    return times("short")


@checkpoint(zenml={"cache_policy": {"expires_after": 3600, "ignored_inputs": ["note"]}})
def kept(n: int, note: str) -> int:
    return n + times("kept")


@checkpoint(zenml={"cache_policy": CachePolicy(include_step_parameters=False, expires_after=3600)})
def same(n: int) -> int:
    return n


@checkpoint(zenml={"model": {"name": "part", "version": "for_{region}"}, "substitutions": {"region": "north"}})
def fit(n: int) -> int:
    return n


@flow(zenml={"model": Model(name="whole"), "cache_policy": {"expires_after": 1}})
def fitted(n: int, note: str) -> list[int]:
    return [short(), kept(1, note), kept(n, note), same(n)]


@flow
def part(n: int) -> int:
    return fit(n)


def statuses(handle: FlowHandle[Any]) -> dict[str, str]:
    return {call.name: str(call.status) for call in handle.execution.checkpoints}


def links(name: str, version: str) -> list[str]:
    client = Client()
    found = client.get_model_version(name, version)
    return sorted(
        f"{link.artifact_version.artifact.name} {link.artifact_version.version}"
        for link in client.list_model_version_artifact_links(model_version_id=found.id).items
    )


if __name__ == "__main__":
    first = fitted.run(10, "one")
    values = [first.wait(timeout=180)]
    expires = Client().get_pipeline_run(first.exec_id).steps["short"].cache_expires_at
    assert expires is not None
    while utc_now() <= expires:
        time.sleep(0.05)
    second = fitted.run(20, "two")
    values.append(second.wait(timeout=180))
    part.run(1).wait(timeout=180)
    models = {name: [v.name for v in Client().list_model_versions(model=name).items] for name in ("whole", "part")}
    print(
        json.dumps(
            {
                "values": values,
                "second": statuses(second),
                "versions": models,
                "links": [links("whole", "1"), links("whole", "2"), links("part", "for_north")],
                "runs": [Client().get_pipeline_run(one.exec_id).model_version.name for one in (first, second)],  # type: ignore[union-attr]  # each has one
            }
        )
    )
