"""Starts the flow that asks, and waits for it at a terminal, where its questions are answered."""

from __future__ import annotations

from steered_flows import asking

handle = asking.run()
print("id", handle.exec_id, flush=True)
print("result", handle.wait(), flush=True)
