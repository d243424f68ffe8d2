"""Measure Kitaru beside plain ZenML, in one run on one machine, and print the ratios.

    make bench
    python benchmarks/bench.py --repeat 5 --checkpoints 50

Every figure is the median over the repeats, each in a fresh process on a store of its own. A ratio under 1 means that
Kitaru is faster. Thin for now: what importing costs, and a flow of trivial checkpoints, one after another.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KITARU_FLOW = """
import time
from kitaru import checkpoint, flow

@checkpoint(cache=False)
def add_one(number: int) -> int:
    return number + 1

@flow
def chain(length: int) -> int:
    number = 0
    for _ in range(length):
        number = add_one(number)
    return number

if __name__ == "__main__":
    start = time.perf_counter()
    assert chain.run({count}).wait(progress=False) == {count}
    print(time.perf_counter() - start)
"""

ZENML_FLOW = """
import time
from zenml import pipeline, step

@step(enable_cache=False)
def add_one(number: int) -> int:
    return number + 1

@pipeline(dynamic=True)
def chain(length: int):
    number = 0
    for _ in range(length):
        number = add_one(number)

if __name__ == "__main__":
    start = time.perf_counter()
    chain(length={count})
    print(time.perf_counter() - start)
"""

IMPORT = "import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITARU_", "ZENML_"))}
    return {**kept, "HOME": str(home), "ZENML_CONFIG_PATH": str(home / "zenml"), "ZENML_ANALYTICS_OPT_IN": "false"}


def seconds(*command: str, home: Path) -> float:
    """Run Python and return the figure that it prints last."""
    arguments = [sys.executable, *command]
    done = subprocess.run(arguments, cwd=home, env=environment(home), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    return float(done.stdout.split()[-1])


def importing(module: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return seconds("-c", IMPORT.format(module=module), home=Path(folder))


def running(flow: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "chain.py").write_text(flow.replace("{count}", str(count)), encoding="utf-8")
        initialise = "from zenml.client import Client; Client().active_stack_model; print(0)"
        seconds("-c", initialise, home=home)  # creating the store is ZenML's, once in a machine's life
        return seconds("chain.py", home=home)


def report(what: str, kitaru: Callable[[], float], zenml: Callable[[], float], repeat: int) -> None:
    pairs = [(kitaru(), zenml()) for _ in range(repeat)]  # in turns, so that a busy machine disturbs both
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{what:<40} {ours:>8.3f} s {theirs:>8.3f} s {ours / theirs:>7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Kitaru beside plain ZenML.")
    parser.add_argument("--repeat", type=int, default=3, help="times that each figure is taken (default: 3)")
    parser.add_argument("--checkpoints", type=int, default=20, help="checkpoints of the longer flow (default: 20)")
    options = parser.parse_args()
    print(f"{'':<40} {'kitaru':>10} {'zenml':>10} {'ratio':>7}")
    report("import", lambda: importing("kitaru"), lambda: importing("zenml"), options.repeat)
    for count in (1, options.checkpoints):
        report(
            f"run to the end, {count} checkpoint{'s' if count > 1 else ''}",
            lambda count=count: running(KITARU_FLOW, count),
            lambda count=count: running(ZENML_FLOW, count),
            options.repeat,
        )


if __name__ == "__main__":
    main()
