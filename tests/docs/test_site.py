"""The site builds without a warning, and what is public stands in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import click
import pytest

import kitaru
from kitaru._cli.main import cli
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr.replace("WARNING: Location", "")
    return folder


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.text: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        if tag in ("script", "img", "link"):
            self.sources.append(found.get("src") or found.get("href") or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(site: Path, name: str) -> _Page:
    return _Page((site / name).read_text(encoding="utf-8"))


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    ids = page(site, "reference/python.html").ids | page(site, "reference/client.html").ids
    names = {identifier.rpartition(".")[2] for identifier in ids}
    errors = " ".join(page(site, "errors.html").text)
    missing = [name for name in kitaru.__all__ if name not in names and not re.search(rf"\b{name}\b", errors)]
    assert missing == []


def test_every_command_is_in_the_reference(site: Path) -> None:
    text = " ".join(page(site, "reference/cli.html").text)

    def commands(command: click.Command, path: str) -> list[str]:
        if not isinstance(command, click.Group):
            return [path]
        found = []
        for name in command.list_commands(click.Context(command)):
            each = command.get_command(click.Context(command), name)
            assert each is not None
            if not each.hidden:
                found += commands(each, f"{path} {name}")
        return found

    listed = commands(cli, "kitaru")
    assert len(listed) > 30
    assert [path for path in listed if f"Usage: {path} " not in text] == []
    overview = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [path for path in listed if not re.search(rf"^\| `{path}[ `]", overview, flags=re.MULTILINE)] == []


def test_the_help_of_a_command_keeps_its_lines(site: Path) -> None:
    text = "".join(page(site, "reference/cli.html").text)
    assert "\n  Examples:\n    kitaru executions get 0a1b2c3d\n    kitaru executions get 0a1b2c3d --result\n" in text


def test_no_markup_of_docstrings_is_left_on_a_page(site: Path) -> None:
    for name in ("reference/python.html", "reference/client.html"):
        text = "".join(page(site, name).text)
        left = re.search(r":(?:attr|class|data|exc|func|meth|mod):|doctest:", text)
        assert left is None, text[left.start() - 80 : left.end() + 80]
        assert 'class="example"' not in (site / name).read_text(encoding="utf-8"), "write Examples:, not Example:"


def test_the_pages_are_read_without_the_network(site: Path) -> None:
    for file in site.rglob("*.html"):
        outside = [source for source in _Page(file.read_text(encoding="utf-8")).sources if source.startswith("http")]
        assert outside == [], file.name


def test_every_error_has_its_cause_and_its_cure() -> None:
    from kitaru import errors

    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)
    assert sections == [name for name in sections if name in errors.__all__]
    assert set(sections) == {name for name in errors.__all__ if name.startswith("Kitaru")}
