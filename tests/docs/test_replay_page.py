"""The page about replays is true: its program runs, and its words are those of the interface."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru._cli.diffing import diff
from kitaru._cli.replaying import replay, replay_many
from kitaru.flows import ReplayKeywords

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def test_its_program_prints_what_it_says(project: Project) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    project.write("article.py", program)
    lines = project.run("article.py").stdout.splitlines()
    assert lines[:7] == [
        "owls are old!",
        "owls are everywhere.",
        "fetch skipped reused",
        "score skipped reused",
        "score_2 skipped overridden",
        "score_3 completed run",
        "pick completed run",
    ]
    assert "  score_2: changed" in lines


def test_it_names_every_argument_and_only_options_that_exist() -> None:
    assert len(ReplayKeywords.__optional_keys__) == 9
    for name in ReplayKeywords.__optional_keys__:
        assert f"{name}=" in PAGE, name
    known = {option for command in (replay, replay_many, diff) for p in command.params for option in p.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) <= known


def test_the_examples_it_names_exist() -> None:
    for name in re.findall(r"examples/\w+\.py", PAGE):
        assert (ROOT / name).is_file()
