"""The Python on the pages runs, and their settings are accepted.

The blocks of a page are one program, in their order. A block right below a comment that begins with ``not run`` needs
what tests do not have everywhere; the comment says what.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, blocks, pages

if TYPE_CHECKING:
    from tests.conftest import Project

# Pages whose code is run elsewhere, with what it prints.
ELSEWHERE = {
    "README.md": "test_readme.py",
    "docs/replay.md": "test_replay_page.py",
    "docs/dashboard.md": "test_dashboard_page.py",
    "docs/tutorial.md": "test_tutorial.py",
    "docs/agents.md": "../local/test_llm.py",
    "docs/howto/servers.md": "../server/test_servers_page.py",
    **{
        str(file.parents[1].relative_to(ROOT) / "README.md"): f"../../{file.relative_to(ROOT)}"
        for file in ROOT.glob("integrations/*/tests/test_conformance.py")
    },
}
PAGES = [page for page in pages() if page not in ELSEWHERE and any(block.runs for block in blocks("python", page))]


def test_what_is_run_elsewhere_has_a_test_there() -> None:
    assert all((Path(__file__).parent / test).is_file() for test in ELSEWHERE.values())
    assert set(ELSEWHERE) <= set(pages())


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(project: Project, page: str) -> None:
    code = [block.text for block in blocks("python", page) if block.runs and block.title is None]
    assert code
    project.write("page.py", "\n\n".join(code))
    project.run("page.py", timeout=300)


@pytest.mark.parametrize("block", [pytest.param(block, id=str(block)) for block in blocks("toml")])
def test_settings_are_accepted(project: Project, block) -> None:
    assert "kitaru" in tomllib.loads(block.text)["tool"]
    project.write("pyproject.toml", block.text)
    assert "pyproject" in project.kitaru("config", "show").stdout


def test_what_is_not_run_says_why() -> None:
    left_out = [block for block in blocks("python") if not block.runs]
    assert all("needs" in block.above for block in left_out)
    assert len(left_out) <= 2


def test_no_block_escapes_the_tests() -> None:
    for language in ("python", "console", "toml"):
        written = sum(
            len(re.findall(rf"^\s*(?:```|~~~)\s*{language}\b", text, re.MULTILINE)) for text in pages().values()
        )
        assert len(blocks(language)) == written, "an indented block is found by no test"
    assert {block.page for block in blocks("python") if block.title} <= {"docs/tutorial.md"}, (
        "files are written there only"
    )
