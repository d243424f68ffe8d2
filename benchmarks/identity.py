"""Measure what a checkpoint's call costs in one tree of Kitaru against another, and print the ratios.

    python benchmarks/identity.py /tmp/base .
    python benchmarks/identity.py /tmp/base . --rounds 5 --runner thread --cases trivial --json figures.json

Both trees run the same flow at the same time, each in a process, a home and a store of its own, and take turns call by
call: what else this machine does meets both alike. Who is first changes from call to call. A ratio under 1 means that the
new tree takes less. The median over all pairs of calls decides, as one call that was held up bends a mean.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bench import environment

import kitaru
from kitaru import checkpoint, flow

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = time.perf_counter
MB = 2**20
# Calls at the beginning of a flow that are not counted: they load what the kind of value needs.
WARM = 3


# -- what is measured -------------------------------------------------------------------------------------------------


def array(number: int) -> Any:
    import numpy as np

    # Two axes: where matplotlib is installed ZenML draws a histogram of one.
    return np.random.default_rng(number).random((MB // 4096, 512))


@dataclass(frozen=True)
class Case:
    """Calls of one kind.

    Attributes:
        what: What they are, for the table.
        make: Makes the argument of a call from its number, while no clock runs.
        calls: How many are counted.
        target: How much of the old cost they may be.
    """

    what: str
    make: Callable[[int], Any]
    calls: int
    target: float


CASES = {
    "trivial": Case("a trivial call", lambda number: number, 100, 1.05),
    "list": Case("1 MB of floats in a list", lambda number: [number + n / 7 for n in range(MB // 8)], 20, 1.2),
    "str": Case("a str of 1 MB", lambda number: f"{number:08}" * (MB // 8), 20, 1.2),
    "array": Case("a numpy array of 1 MB", array, 20, 1.2),
}


@checkpoint(cache=False)
def kind_of(value: Any) -> str:
    return type(value).__name__


@flow(cache=False)
def timed(case: str) -> None:
    reply("ready")
    for number in range(WARM + CASES[case].calls):
        sys.stdin.readline()  # its turn
        value = CASES[case].make(number)
        start = NOW()
        kind_of(value)
        reply(str(NOW() - start))


def reply(line: str) -> None:
    """Tell the process that compares; this one's output belongs to the flow."""
    os.write(int(sys.argv[2]), f"{line}\n".encode())


def measure(names: list[str]) -> None:
    """Make the calls of some cases when it is their turn, with the Kitaru that this process has imported."""
    reply(kitaru.__file__)
    for name in names:
        timed.run(name).wait(timeout=900, progress=False)


# -- one tree against the other ---------------------------------------------------------------------------------------

Figures = dict[str, list[list[float]]]


class Side:
    """A process that makes calls with the Kitaru of a tree."""

    def __init__(self, tree: Path, home: Path, runner: str, names: list[str]) -> None:
        """Start it, and see that it imports that tree.

        Args:
            tree: The tree.
            home: A folder to be made for it.
            runner: What ``KITARU_LOCAL_RUNNER`` is.
            names: The cases that are going to be measured.
        """
        home.mkdir()
        self._tree = tree
        self._log = home / "stderr.txt"
        env = {**environment(home), "PYTHONPATH": str(tree), "KITARU_LOCAL_RUNNER": runner, "KITARU_HOST": "off"}
        end, own_end = os.pipe()
        self._replies = os.fdopen(end)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "--measure", str(own_end), *names],
                cwd=home,
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                pass_fds=[own_end],
            )
        os.close(own_end)

    def __enter__(self) -> Self:
        imported = self.reply()
        if not Path(imported).is_relative_to(self._tree):
            self.close()
            raise SystemExit(f"{self._tree} was to be measured, and {imported} was imported.")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._process.wait()
        self.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._replies.close()

    def reply(self) -> str:
        """Wait for the next line that it says, and return it."""
        line = self._replies.readline()
        if not line:
            raise SystemExit(f"{self._tree} failed:\n{self._log.read_text(encoding='utf-8')}")
        return line.strip()

    def call(self) -> float:
        """Have it make a call, and return the seconds that took."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self.reply())


def one_round(trees: dict[str, Path], runner: str, names: list[str]) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of every counted call, by side and case."""
    times: dict[str, dict[str, list[float]]] = {side: defaultdict(list) for side in trees}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sides = {
            side: stack.enter_context(Side(tree, Path(folder) / side, runner, names)) for side, tree in trees.items()
        }
        for name in names:
            assert [side.reply() for side in sides.values()] == ["ready", "ready"]
            for number in range(WARM + CASES[name].calls):
                for side in sides if number % 2 else reversed(sides):
                    seconds = sides[side].call()
                    if number >= WARM:
                        times[side][name].append(seconds)
    return times


def table(figures: dict[str, Figures], names: list[str]) -> list[str]:
    lines = [
        "| What | Mean, old | Mean, new | Ratio of the means, by round | Median of the pairs | Fastest calls | Target |"
    ]
    lines.append("| --- " * 7 + "|")
    for name in names:
        old, new, case = figures["old"][name], figures["new"][name], CASES[name]
        ratios = [statistics.fmean(after) / statistics.fmean(before) for before, after in zip(old, new, strict=True)]
        befores, afters = list(chain.from_iterable(old)), list(chain.from_iterable(new))
        ratio = statistics.median(after / before for before, after in zip(befores, afters, strict=True))
        cells = [
            case.what,
            f"{statistics.fmean(befores) * 1000:.1f} ms",
            f"{statistics.fmean(afters) * 1000:.1f} ms",
            f"median {statistics.median(ratios):.3f}, min {min(ratios):.3f}, max {max(ratios):.3f}",
            f"{ratio:.3f}",
            f"{min(afters) / min(befores):.3f}",
            f"at most {case.target}{'' if ratio <= case.target else ' (missed)'}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def compare(options: argparse.Namespace) -> None:
    trees = {"old": options.old.resolve(), "new": options.new.resolve()}
    figures: dict[str, Figures] = {side: defaultdict(list) for side in trees}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} ...", file=sys.stderr, flush=True)
        for side, times in one_round(trees, options.runner, options.cases).items():
            for name, seconds in times.items():
                figures[side][name].append(seconds)
    rounds = "1 round" if options.rounds == 1 else f"{options.rounds} rounds"
    print(f"{rounds}, runner {options.runner}, {os.cpu_count()} CPUs.\n")
    print("\n".join(table(figures, options.cases)))
    if options.json:
        options.json.write_text(json.dumps(figures), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="the tree that is held against")
    parser.add_argument("new", type=Path, help="the tree that is measured")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of about two minutes each (default: 3)")
    parser.add_argument("--runner", choices=["inline", "thread"], default="inline", help="where the flows run")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="what is called (default: all)")
    parser.add_argument("--json", type=Path, help="write the seconds of every call there")
    compare(parser.parse_args())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[3:])
    else:
        main()
