"""Tell what the run says of the one hook of an execution, and why that failed."""

from __future__ import annotations

import json
import sys
from typing import Any

from zenml.client import Client

from kitaru import KitaruClient

if __name__ == "__main__":
    metadata: dict[str, Any] = dict(Client().get_pipeline_run(sys.argv[1]).run_metadata)
    [hook] = [entry for name, entry in metadata.items() if name.startswith("kitaru_hook_")]
    failure = KitaruClient().executions.get(sys.argv[1]).failure
    print(json.dumps([[hook["state"], hook["calls"]], failure and failure.message]))
