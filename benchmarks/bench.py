"""Measure Kitaru beside plain ZenML, in one run on one machine, and print the ratios.

    make bench
    python benchmarks/bench.py --rounds 3 --json figures.json
    python benchmarks/bench.py --against figures.json
    python benchmarks/bench.py --write docs/performance.md

Each round does the same work in Kitaru and in plain ZenML, in turn, each in a home and on a store of its own that
has been used once. A figure is the median over everything that was measured; the spread beside it goes from the tenth
to the ninetieth hundredth. A ratio under 1 means that Kitaru takes less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
BEGIN, END = "<!-- figures: written by benchmarks/bench.py -->", "<!-- end of figures -->"
Figures = dict[str, list[float]]

# Commands that the host runs, and how the figures of those are named that do without it.
READING = ("executions list", "executions get", "executions logs", "stack list", "stack current", "status")
NO_HOST = ", no host"
# What is run from outside, several times a round, as whole processes.
COMMANDS = {
    "import click": [sys.executable, "-c", "import click"],
    "import zenml": [sys.executable, "-c", "import zenml"],
    "import kitaru": [sys.executable, "-c", "import kitaru"],
    "kitaru --help": [str(BIN / "kitaru"), "--help"],
    "kitaru --version": [str(BIN / "kitaru"), "--version"],
    **{f"kitaru {command}": [str(BIN / "kitaru"), *command.split()] for command in READING},
    **{f"kitaru {command}{NO_HOST}": [str(BIN / "kitaru"), *command.split()] for command in READING[:2]},
    "zenml pipeline runs list": [str(BIN / "zenml"), "pipeline", "runs", "list"],
    "zenml stack list": [str(BIN / "zenml"), "stack", "list"],
}


@dataclass(frozen=True)
class Row:
    """A line of the table: a figure of Kitaru's, what it is held against, and how much of that it may be."""

    what: str
    ours: str
    theirs: str | None
    target: float
    unit: str = "s"


ROWS = (
    Row("`import kitaru` / `import click`", "import kitaru", "import click", 1.5),
    Row("`import kitaru` / `import zenml`", "import kitaru", "import zenml", 0.1),
    Row("`kitaru --help` / `import click`", "kitaru --help", "import click", 3),
    Row("`kitaru --version` / `import click`", "kitaru --version", "import click", 3),
    *(
        Row(f"`kitaru {command}` / `zenml pipeline runs list`", f"kitaru {command}", "zenml pipeline runs list", 0.1)
        for command in READING
    ),
    *(
        Row(
            f"`kitaru {command}`{NO_HOST} / `zenml pipeline runs list`",
            f"kitaru {command}{NO_HOST}",
            "zenml pipeline runs list",
            1.0,
        )
        for command in READING[:2]
    ),
    Row("a script of two checkpoints to its result, cold", "cold script", "zenml cold script", 0.3),
    Row("`.run()` until it returns, first in a cold program", "cold run, first", None, 0.3),
    Row("the same, later in that program", "cold run, later", None, 0.3),
    Row(
        "`.run()` until the first checkpoint starts, first in a cold program", "cold first checkpoint, first", None, 0.4
    ),
    Row("the same, later in that program", "cold first checkpoint, later", None, 0.4),
    Row("`.run()` until it returns, where ZenML is loaded", "run", "zenml run", 0.35),
    Row("the same until the first checkpoint starts", "first checkpoint", None, 0.4),
    Row("a trivial checkpoint", "checkpoint", "zenml checkpoint", 0.25),
    Row("a cached checkpoint", "cached checkpoint", "zenml cached checkpoint", 0.12),
    Row("8 checkpoints that compute, in processes / inline", "computing, processes", "computing, inline", 0.6),
    Row("a trivial checkpoint in a process / inline", "checkpoint in a process", "checkpoint", 2.0),
    Row("50 concurrent checkpoints of 0.2 s", "50 at once", "zenml 50 at once", 0.15),
    *(
        Row(f"{what}, {when} / a plain value", f"{what}, {when}", "plain input", target)
        for what in ("a 5 MB array made in the body", "a 5 MB array of a list", "a 5 MB frame made in the body")
        for when, target in (("the first time", 3), ("later", 1.5))
    ),
    Row("the last 50 of {length} checkpoints / number 6 to 55", "last checkpoints", "checkpoint number 10", 1.15),
    Row(
        "peak memory, {length} checkpoints / 10",
        "worker bytes, {length} checkpoints",
        "worker bytes, 10 checkpoints",
        1.5,
        "MB",
    ),
    Row("`handle.status`, warm", "status", None, 0.010),
    Row("memory of the host, with nothing to do", "host bytes", None, 200, "MB"),
    Row("its CPU in ten seconds", "host CPU", None, 0.05),
    Row("`wait()` returns after the end", "wait() after the end", None, 0.3),
    Row("an answer until the flow goes on", "answer", None, 0.5),
    Row("50 MB made, and handed to five checkpoints", "50 MB to 5", "zenml 50 MB to 5", 1.0),
)


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITARU_", "ZENML_"))}
    return {**kept, "HOME": str(home), "ZENML_CONFIG_PATH": str(home / "zenml"), "ZENML_ANALYTICS_OPT_IN": "false"}


def run(command: list[str], home: Path, **env: str) -> str:
    env = {**environment(home), **env}
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def measured(script: str, home: Path, length: int) -> Figures:
    """Run one side's work and return its figures by name."""
    home.mkdir()
    out = run([sys.executable, str(HERE / script), str(length)], home)
    found = json.loads(out.rpartition("OUT")[2])
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def cold(script: str, home: Path) -> tuple[float, Figures]:
    """Run a script that has loaded nothing; returns when it had its result, in seconds, and what else it measured."""
    start = time.time()
    out = run([sys.executable, str(HERE / script)], home)
    (line,) = (line for line in out.splitlines() if line.startswith("RESULT"))
    told = json.loads(out.partition("OUT")[2] or "{}")
    return float(line.split()[1]) - start, {
        f"{name}, {when}": values
        for name, (first, *later) in told.items()
        for when, values in (("first", [first]), ("later", later))
    }


def cold_programs(folder: Path, figures: Figures) -> None:
    for script, name in (("cold_kitaru.py", "cold script"), ("cold_zenml.py", "zenml cold script")):
        home = folder / name.replace("cold script", "cold").replace(" ", "_")
        home.mkdir()
        cold(script, home)  # starts the host, and makes the store
        for _ in range(3):
            took, more = cold(script, home)
            for what, values in {name: [took], **more}.items():
                figures[what] += values


def idle_host(home: Path, figures: Figures) -> None:
    """Measure what the host costs that serves this environment."""
    hosts = json.loads(run([str(BIN / "kitaru"), "host", "status", "--output", "json"], home))
    (host,) = (psutil.Process(host["pid"]) for host in hosts if host["serves_this_process"])
    before = sum(host.cpu_times()[:2])
    time.sleep(10)
    figures["host CPU"].append(sum(host.cpu_times()[:2]) - before)
    figures["host bytes"].append(host.memory_info().rss / 1024)


def one_round(folder: Path, length: int) -> Figures:
    figures: Figures = defaultdict(list)
    cold_programs(folder, figures)
    idle_host(folder / "cold", figures)
    for name, values in measured("kitaru_side.py", folder / "kitaru", length).items():
        figures[name] += values
    for name, values in measured("zenml_side.py", folder / "zenml", min(length, 100)).items():
        figures[f"zenml {name}"] += values
    listed = json.loads(run([str(BIN / "kitaru"), "executions", "list", "--output", "json"], folder / "kitaru"))
    for _ in range(3):
        for name, command in COMMANDS.items():
            home = folder / ("zenml" if name.startswith("zenml") else "kitaru")
            arguments = [*command, listed[0]["exec_id"]] if command[-1] in {"get", "logs"} else command
            env = {"KITARU_HOST": "off"} if name.endswith(NO_HOST) else {}
            start = time.perf_counter()
            run(arguments, home, **env)
            figures[name].append(time.perf_counter() - start)
    return figures


def table(figures: Figures, length: int, before: Figures | None) -> list[str]:
    head = "| What | Kitaru | Spread | Beside it | Ratio | Target |"
    lines = [head + (" Ratio before |" if before else ""), "| --- " * (6 + bool(before)) + "|"]
    for row in ROWS:
        ratio, ours, theirs = values_of(row, figures, length)
        column = [value / _scale(row) for value in figures[row.ours.format(length=length)]]
        cells = [
            row.what.format(length=length),
            _shown(ours, row.unit),
            f"{_shown(_share(column, 0.1), row.unit)} to {_shown(_share(column, 0.9), row.unit)}",
            "" if theirs is None else _shown(theirs, row.unit),
            "" if theirs is None else f"{ratio:.2f}",
            f"at most {_shown(row.target, row.unit) if theirs is None else row.target}{'' if ratio <= row.target else ' (missed)'}",
        ]
        if before:
            earlier = values_of(row, before, length)[0] if row.ours.format(length=length) in before else None
            cells.append("" if earlier is None else f"{earlier:.3g}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def values_of(row: Row, figures: Figures, length: int) -> tuple[float, float, float | None]:
    """Return the ratio, or the figure itself where it stands alone; the figure; and what it is held against."""
    ours = statistics.median(figures[row.ours.format(length=length)]) / _scale(row)
    if row.theirs is None:
        return ours, ours, None
    theirs = statistics.median(figures[row.theirs.format(length=length)]) / _scale(row)
    return ours / theirs, ours, theirs


def _scale(row: Row) -> float:
    return 1024.0 if row.unit == "MB" else 1.0  # getrusage(2) counts kibibytes


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _shown(value: float, unit: str) -> str:
    if unit == "MB":
        return f"{value:.0f} MB"
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"  # noqa: PLR2004


def put_between(page: Path, begin: str, end: str, lines: list[str]) -> None:
    """Write lines into a page, between two marks."""
    text = page.read_text(encoding="utf-8")
    page.write_text(
        "\n".join([text.partition(begin)[0] + begin, *lines, end + text.partition(end)[2]]), encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of about two minutes each (default: 3)")
    parser.add_argument("--checkpoints", type=int, default=1000, help="checkpoints of the longest flow (default: 1000)")
    parser.add_argument("--json", type=Path, help="write every measured value there")
    parser.add_argument("--against", type=Path, help="show the ratios of an earlier --json beside")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this page")
    options = parser.parse_args()
    figures: Figures = defaultdict(list)
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for name, values in one_round(Path(folder), options.checkpoints).items():
                figures[name] += values
    before = json.loads(options.against.read_text(encoding="utf-8")) if options.against else None
    lines = table(figures, options.checkpoints, before)
    print("\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps(figures), encoding="utf-8")
    if options.write:
        rounds = "1 round" if options.rounds == 1 else f"{options.rounds} rounds"
        about = f"{rounds} on {os.cpu_count()} CPUs, Python {platform.python_version()}."
        put_between(options.write, BEGIN, END, [about, "", *lines])


if __name__ == "__main__":
    main()
