"""An execution fails, whose runner may meet a crash point after that."""

from __future__ import annotations

from mortal_flows import three
from outcomes import ended, out

if __name__ == "__main__":
    handle = three.run("second raise")
    out((handle.exec_id, ended(handle.exec_id)))
