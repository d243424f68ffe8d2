"""A script that reads its command line at its top level, as training scripts do; fails the first time."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from kitaru import checkpoint, flow

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--epochs", type=int, default=1)
args = parser.parse_args()


@checkpoint(cache=False)
def train() -> list[Any]:
    if not Path("mended").exists():
        raise RuntimeError("not mended yet")
    return [args.model, args.epochs, sys.argv[1:]]


@flow
def experiment() -> list[Any]:
    return train()


if __name__ == "__main__":
    handle = experiment.run()
    try:
        print(json.dumps(handle.wait(progress=False)))
    except Exception:  # noqa: BLE001 - the id is what counts
        print(handle.exec_id)
