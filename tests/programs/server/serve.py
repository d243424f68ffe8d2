"""Use the service of the page about servers, as ``service.py``: start the flow, and ask for its status."""

from __future__ import annotations

from service import start, status  # type: ignore[import-not-found]  # the page has it

from kitaru import FlowHandle

if __name__ == "__main__":
    exec_id = start("monday")
    assert status(exec_id) in ("pending", "running", "completed")  # it may have been that quick
    FlowHandle.from_id(exec_id).wait(timeout=300)
    print(status(exec_id))
