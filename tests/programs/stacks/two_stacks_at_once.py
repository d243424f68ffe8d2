"""Threads submit a flow to two stacks at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from located import located

from kitaru import create_stack

if __name__ == "__main__":
    for name in ("left", "right"):
        create_stack(name, "local")
    with ThreadPoolExecutor(4) as pool:
        handles = list(pool.map(lambda name: located.run(stack=name), ["left", "right"] * 2))
    print(json.dumps([[handle.wait(), handle.execution.stack_name] for handle in handles]))
