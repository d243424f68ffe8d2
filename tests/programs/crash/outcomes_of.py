"""Print how executions ended."""

from __future__ import annotations

import sys

from outcomes import ended, out

if __name__ == "__main__":
    out([[ended(exec_id) for exec_id in sys.argv[1:]]])
