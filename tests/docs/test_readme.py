"""The README is true: its Python runs, its quick start is the example, its commands exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


# What each Python block prints, in order. A block without an entry here fails the first test.
PRINTED = [
    "Kitaru runs anywhere ZenML does (5 words)",
    "20 completed",
    "page 1, page 2, page 4",
    "published: All about flows. {'tokens': {'in': 812, 'out': 96}}",
]


def test_every_python_block_is_run_by_a_test() -> None:
    assert len(blocks("python")) == len(PRINTED)


@pytest.mark.parametrize(("number", "expected"), list(enumerate(PRINTED)))
def test_python_blocks_run_and_print_what_they_promise(project: Project, number: int, expected: str) -> None:
    project.write("block.py", blocks("python")[number])
    assert project.run("block.py").stdout.splitlines()[-1] == expected


def test_the_quick_start_is_the_example() -> None:
    assert blocks("python")[0] == (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")


def test_the_settings_in_pyproject_are_accepted(project: Project) -> None:
    (example,) = blocks("toml")
    project.write("pyproject.toml", example)
    shown = project.kitaru("config", "show").stdout
    assert tomllib.loads(example)["tool"]["kitaru"]["image"]["base_image"] in shown
    assert "pyproject" in shown


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE)):
        assert re.search(rf"^{target}:.*## ", makefile, flags=re.MULTILINE), target


def test_the_files_it_names_exist() -> None:
    for name in set(re.findall(r"\b(?:examples|requirements)/\w+\.\w+", README)):
        assert (ROOT / name).is_file(), name
