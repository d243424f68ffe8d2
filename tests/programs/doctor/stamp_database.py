"""Says of which revision the tables of a database are: its path and the revision are the arguments."""

from __future__ import annotations

import sqlite3
import sys

if __name__ == "__main__":
    with sqlite3.connect(sys.argv[1]) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", sys.argv[2:])
