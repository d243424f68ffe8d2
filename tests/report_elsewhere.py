"""What ``tests/programs/replay/report_elsewhere.py`` prints, against a server and on a cluster."""

from __future__ import annotations

VALUE = "THE BEST HAS 99 WORDS"
CALLS = {
    "fetch": ["reused", "equal"],
    "parse": ["reused", "equal"],
    "parse_2": ["reused", "equal"],
    "rank": ["overridden", "changed"],
    "write": ["run", "changed"],
    "publish": ["run", "changed"],
}
