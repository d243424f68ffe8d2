"""Signatures survive the decorators: right code passes a strict type checker, wrong code does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# What a user's project has: strict, and Kitaru as an installed package. What is behind Kitaru's public modules is not
# followed, as checking ZenML takes a minute and says nothing about them.
CONFIG = """
[mypy]
strict = true
show_error_codes = true
no_error_summary = true

[mypy-kitaru._zenml.*]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """What mypy says about each file, by line."""
    folder = tmp_path_factory.mktemp("mypy")
    (folder / "mypy.ini").write_text(CONFIG)
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", str(folder / "cache")]
    files = [str(HERE / "right.py"), str(HERE / "wrong.py")]
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert not done.stderr, done.stderr
    found: dict[str, dict[int, list[str]]] = {"right.py": {}, "wrong.py": {}}
    for line in done.stdout.splitlines():
        match = re.match(r"(?P<file>[^:]+):(?P<line>\d+): (?P<text>.*)", line)
        assert match, line
        found[Path(match["file"]).name].setdefault(int(match["line"]), []).append(match["text"])
    return found


def _expected(name: str, word: str) -> dict[int, str]:
    lines = (HERE / name).read_text().splitlines()
    marked = ((number, line.partition(f"# {word}: ")[2]) for number, line in enumerate(lines, 1))
    return {number: mark for number, mark in marked if mark}


def test_right_code_passes_and_has_the_types_it_says(messages):
    revealed = {
        line: [text.removeprefix('note: Revealed type is "').removesuffix('"') for text in texts]
        for line, texts in messages["right.py"].items()
    }
    assert revealed == {line: [mark] for line, mark in _expected("right.py", "revealed").items()}


def test_wrong_code_is_refused_where_it_is_wrong_and_nowhere_else(messages):
    errors = {
        line: sorted(re.findall(r"^error: .*\[([a-z-]+)\]$", "\n".join(texts), re.MULTILINE))
        for line, texts in messages["wrong.py"].items()
        if any(text.startswith("error: ") for text in texts)
    }
    assert errors == {line: mark.split(", ") for line, mark in _expected("wrong.py", "error").items()}
