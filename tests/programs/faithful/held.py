"""A flow that is held until it may go on, and tells what it finds around it each time that it runs."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from kitaru import checkpoint, flow

HERE = Path(__file__).resolve().parent


@checkpoint(cache=False)
def hold() -> str:
    found = [sys.argv[1:], str(Path.cwd()), os.environ.get("AWS_PROFILE"), os.environ.get("API_KEY", "")[:5]]
    with (HERE / "found").open("a") as file:
        file.write(f"{json.dumps(found)}\n")
    while not (HERE / "go").exists():
        time.sleep(0.05)
    return "through"


@flow(retries=1)
def held() -> str:
    return hold()


if __name__ == "__main__":
    sys.stdout.write(held.run().exec_id)
