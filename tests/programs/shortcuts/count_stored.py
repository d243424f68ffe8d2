"""Runs the flow that hands values on; prints its result, and how many artifacts are bytes."""

from __future__ import annotations

from handing_over import handing

from kitaru import KitaruClient

if __name__ == "__main__":
    handle = handing.run()
    result = handle.wait(timeout=300, progress=False)
    artifacts = KitaruClient().artifacts.list(handle.exec_id)
    print(result)
    print(sum(artifact.type == "builtins.bytes" for artifact in artifacts))
