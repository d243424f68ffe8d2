"""Two executions of a flow fail before its code is changed."""

from __future__ import annotations

from changing import changing
from outcomes import ended, out

if __name__ == "__main__":
    ids = [changing.run().exec_id for _ in range(2)]
    assert all(ended(e) == "failed: no" for e in ids), [ended(e) for e in ids]
    out(ids)
