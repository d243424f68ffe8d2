"""Run the fault tests and write what they saw into the table of docs/reliability.md.

Usage: python tests/crash/report.py [--only] [arguments for pytest]
With ``--only``, faults that were not run keep their rows; else the table holds what this run has seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.crash.faults import BEGIN, COLLECT, END, FAULTS, PAGE, Outcome, table  # noqa: E402

HEAD = "| Fault | What becomes of the execution | What lets it go on | Starts of each checkpoint |\n| --- | --- | --- | --- |"


def main(arguments: list[str]) -> int:
    only = "--only" in arguments
    rest = [argument for argument in arguments if argument != "--only"] or [str(ROOT / "tests" / "crash")]
    with tempfile.TemporaryDirectory() as collected:
        command = [sys.executable, "-m", "pytest", "-q", *rest]
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, COLLECT: collected}, check=False).returncode
        seen = [Outcome(**json.loads(file.read_text())) for file in sorted(Path(collected).iterdir())]
    rows = {FAULTS[outcome.fault]: outcome.row() for outcome in seen}
    if only:
        rows = {**{row.split(" | ")[0].removeprefix("| "): row for row in table()}, **rows}
    missing = [fault for fault in FAULTS.values() if fault not in rows]
    head, _, tail = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    body = "\n".join(rows[fault] for fault in FAULTS.values() if fault in rows)
    PAGE.write_text(f"{head}{BEGIN}\n{HEAD}\n{body}\n{END}{tail.partition(END)[2]}", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(seen)} rows written; missing: {missing or 'none'}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
