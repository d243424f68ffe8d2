"""Runs the flow ``cached`` again, and prints which of its checkpoints did not come from the cache."""

from __future__ import annotations

import cached_calls

if __name__ == "__main__":
    handle = cached_calls.cached.run()
    handle.wait(progress=False)
    print(sorted(call.name for call in handle.execution.checkpoints if call.status != "cached"))
