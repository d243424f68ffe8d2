"""Runs a flow of a thousand checkpoints beside one of two hundred at once, and counts what is recorded."""

from __future__ import annotations

from heavy_flows import crowd, thousand

if __name__ == "__main__":
    handles = [crowd.run(), thousand.run()]
    assert handles[0].wait(timeout=800, progress=False) == 2 * sum(range(200))
    assert handles[1].wait(timeout=800, progress=False) == sum(range(1000))
    for handle, count in zip(handles, (200, 1000), strict=True):
        checkpoints = handle.execution.checkpoints
        assert len(checkpoints) == count, len(checkpoints)
        assert {(str(c.status), len(c.attempts)) for c in checkpoints} == {("completed", 1)}
