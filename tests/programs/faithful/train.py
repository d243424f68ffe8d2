"""A training that asks in between: each checkpoint gives what it finds around it, and the last one needs a variable."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import kitaru
from kitaru import checkpoint, flow

if __name__ == "__main__":  # a runner does not come by here
    sys.path.append(os.environ["LIBRARY"])

import near  # type: ignore[import-not-found]

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--needs", default="PATH")
options = parser.parse_args()


def facts() -> dict[str, Any]:
    mask = os.umask(0)
    os.umask(mask)
    return {
        "argv": [*sys.argv[1:], options.model, options.epochs],
        "folder": str(Path.cwd()),
        "profile": os.environ.get("AWS_PROFILE"),
        "key": os.environ.get("API_KEY", "")[:5],
        "umask": mask,
        "near": near.__file__,
        "path": [entry for entry in sys.path if not entry.startswith(sys.prefix)],
    }


@checkpoint(cache=False)
def train() -> dict[str, Any]:
    return facts()


@checkpoint(cache=False)
def publish(variable: str) -> dict[str, Any]:
    if os.environ[variable].startswith("wrong"):
        raise PermissionError("refused")
    return facts()


@flow
def training() -> list[dict[str, Any]]:
    before = train()
    kitaru.wait(bool, name="ok", timeout=0)
    return [before, train(), publish(options.needs)]


if __name__ == "__main__":
    os.umask(0o027)
    sys.stdout.write(training.run().exec_id)
