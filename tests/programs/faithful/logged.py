"""Metadata that a training has at hand, and some that cannot be recorded; prints what was recorded, and the warnings."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
from zenml.metadata.metadata_types import Uri

import kitaru
from kitaru import KitaruClient, checkpoint, flow


@checkpoint(cache=False)
def train() -> str:
    kitaru.log(
        loss=np.float32(0.5), step=np.int64(3), worst=float("nan"), shape=(2, 3), at=Path("x"), page=Uri("https://x")
    )
    kitaru.log(lock=threading.Lock(), nothing=None, long="x" * 70_000, good=True)
    return "trained"


@flow(cache=False)
def training() -> str:
    kitaru.log(epochs=np.arange(2), losses={0: float("inf")})
    return train()


if __name__ == "__main__":
    handle = training.run()
    value = handle.wait(progress=False)
    execution = handle.execution
    lines = [entry.message for entry in KitaruClient().executions.logs(handle.exec_id, source="runner")]
    warnings = [line for line in lines if "has recorded nothing" in line]
    print(json.dumps([value, execution.metadata, execution.checkpoints[0].metadata, warnings]))
