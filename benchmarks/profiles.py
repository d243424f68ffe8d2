"""Say where the time goes that is left: of loading a runner, of a checkpoint, and of a cached one.

    python benchmarks/profiles.py
    python benchmarks/profiles.py --write docs/performance.md

Shares of a checkpoint come from cProfile, which makes Python code about twice as slow: they are shares, no times.
"""

from __future__ import annotations

import argparse
import json
import pstats
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import put_between, run

BEGIN, END = "<!-- profile: written by benchmarks/profiles.py -->", "<!-- end of profile -->"

# What a runner does before it can start a flow's body, in this order.
LOADING = """
import time; began = time.perf_counter()
import gc, json; gc.disable()
marks = []
def mark(what): marks.append((what, time.perf_counter() - began))
import zenml.client; mark("`import zenml.client`")
import kitaru._zenml.door.store; mark("the modules of ZenML's SQL store")
import kitaru._zenml.running.execute; mark("the modules that run pipelines, and Kitaru's own")
from kitaru._zenml.door.store import open_client
open_client(); mark("opening the store: its tables, its migrations, the project")
from zenml.client import Client
from kitaru._zenml.stacks.stacks import load_stack
load_stack(Client().active_stack_model); mark("the stack: its flavors, with what they import")
print("OUT" + json.dumps(marks))
"""

# Functions of ZenML's and Kitaru's that do not call one another, by what they do.
PARTS = {
    "compiling the step": [("invocations.py", "compile")],
    "looking for a cached step": [("cache_lookup.py", "find_cached_step")],
    "the step's row": [("steps.py", "begin")],
    "rows of logs": [("logs.py", "create")],
    "the output's artifact": [("step_runner.py", "_store_output_artifacts")],
    "metadata": [("publish_utils.py", "publish_step_run_metadata")],
    "the step's end": [("steps.py", "end")],
}

FLOWS = """
import cProfile, sys
from kitaru import checkpoint, flow

@checkpoint
def remembered(number: int) -> int:
    return number + 1

@checkpoint(cache=False)
def add_one(number: int) -> int:
    return number + 1

@flow
def profiled(which: str, file: str) -> None:
    called = {"hit": remembered, "checkpoint": add_one}[which]
    called(0)
    profile = cProfile.Profile()
    profile.enable()
    for number in range(100):
        called(number)
    profile.disable()
    profile.dump_stats(file)

if __name__ == "__main__":
    for which in ("hit", "hit", "checkpoint"):
        profiled.run(which, sys.argv[1] + which).wait(progress=False)
"""


def loading(home: Path) -> list[str]:
    """Return the table of what a runner's loading takes; the second of two runs counts."""
    run([sys.executable, "-c", LOADING], home)
    marks = json.loads(run([sys.executable, "-c", LOADING], home).rpartition("OUT")[2])
    before = [0.0, *(at for _, at in marks)]
    rows = [f"| {what} | {at - start:.2f} s |" for (what, at), start in zip(marks, before, strict=False)]
    return ["| Loading a runner | |", "| --- | --- |", *rows, f"| in all | {marks[-1][1]:.2f} s |"]


def checkpoints(home: Path) -> list[str]:
    """Return the table of where a checkpoint's time goes."""
    (home / "flows.py").write_text(FLOWS)
    run([sys.executable, "flows.py", str(home) + "/"], home)
    profiles = [pstats.Stats(str(home / which)) for which in ("checkpoint", "hit")]
    lines = ["| Share of the time of | a checkpoint | a cached one |", "| --- | --- | --- |"]
    shares = {what: [_share(profile, names) for profile in profiles] for what, names in PARTS.items()}
    shares["all else"] = [1 - sum(column) for column in zip(*shares.values(), strict=True)]
    return [*lines, *(f"| {what} | {' | '.join(f'{share:.0%}' for share in row)} |" for what, row in shares.items())]


def _share(profile: pstats.Stats, names: list[tuple[str, str]]) -> float:
    found: dict[tuple[str, int, str], Any] = profile.stats  # type: ignore[attr-defined]
    whole = sum(row[3] for (file, _, name), row in found.items() if (Path(file).name, name) == ("body.py", "call"))
    return sum(row[3] for (file, _, name), row in found.items() if (Path(file).name, name) in names) / whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="put the tables between the marks of this page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = [*loading(Path(folder)), "", *checkpoints(Path(folder))]
    print("\n".join(lines))
    if options.write:
        put_between(options.write, BEGIN, END, lines)


if __name__ == "__main__":
    main()
