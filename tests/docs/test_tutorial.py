"""The tutorial is true: its files are written and its commands run, in order, as a reader does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Home

PAGE = "docs/tutorial.md"
ANYWHERE = ("1", "2", "3", "4", "5", "6", "9")
WITH_A_CLUSTER = ("1", "2", "7", "8")
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PLACEHOLDER = re.compile(r"\b(?P<id>[A-Z]+_ID)\b|\b(?P<time>TIME)\b|\b(?P<duration>DURATION)\b|(?P<more>\.\.\.)")
PATTERNS = {"time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "duration": r"[\d.]+ (?:ms|s|min)", "more": ".*"}
# What the page asks to be looked at again until it is so.
PATIENCE = {"kitaru executions list --status waiting": 300}
# As the page says, but without a network: the dependencies are those of the environment that the tests run in, which
# `reader` lends the new one, and the build needs hatchling, which is there too.
INSTALL = {"pip install .": "pip install --quiet --no-deps --no-build-isolation --no-index ."}
# "Put your own in the place of these": what the page has, and where the tests' own stands.
BASE_IMAGE = os.environ.get("KITARU_TESTS_BASE_IMAGE", "kitaru-testbed/python:3.11")
REGISTRY = os.environ.get("KITARU_TESTS_REGISTRY", "localhost:5000")


class Reader:
    """Somebody at a terminal: a folder, an environment that commands change, and the ids that were seen."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env
        self.ids: dict[str, str] = {}
        self.own: dict[str, str] = {}  # what stands on the page, and what this reader types instead

    def follow(self, *sections: str) -> None:
        """Do what sections of the page say, in the order of the page; each is named by its number."""
        found = [*blocks("python", PAGE), *blocks("console", PAGE)]
        for block in sorted(found, key=lambda block: block.line):
            if block.section.partition(".")[0] in sections:
                self.do(block)

    def do(self, block: Block) -> None:
        if block.title:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
            return
        for command, below in block.commands:
            shown = [line for line in below if line]
            deadline = time.monotonic() + PATIENCE.get(command, 0)
            while not self.matches(printed := self.run(command, failing=_fails(shown)), shown):
                if time.monotonic() > deadline:
                    pytest.fail(f"{block}: `{command}` printed\n{printed}\ninstead of\n" + "\n".join(shown))

    def run(self, command: str, *, failing: bool) -> str:
        """Run a command line in bash, which then tells where it is and what its environment has become."""
        for name, exec_id in self.ids.items():
            command = re.sub(rf"\b{name}\b", exec_id, command)
        for theirs, own in self.own.items():
            command = command.replace(theirs, own)
        after = self.folder / ".after"
        script = f'{INSTALL.get(command, command)}\ncode=$?\n{{ pwd; env -0; }} > "$AFTER"\nexit $code'
        env = {**self.env, "AFTER": str(after)}
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=600
        )
        assert (done.returncode != 0) == failing, f"{command}\n{done.stdout}\n{done.stderr}"
        folder, _, variables = after.read_text(encoding="utf-8").partition("\n")
        after.unlink()
        self.folder = Path(folder)
        self.env = dict(item.split("=", 1) for item in variables.split("\0") if item)
        return done.stdout + (done.stderr if failing else "")

    def matches(self, printed: str, shown: list[str]) -> bool:
        """Whether that is what the page shows, white space apart; ids that it shows first are learned from it."""
        pattern, new = "", set[str]()
        for line in shown:
            pattern += r"(?:.*\n)*?" if line == "..." else self.pattern(line, new) + r"\n"
        lines = "".join(f"{' '.join(line.split())}\n" for line in printed.splitlines() if line.strip())
        found = re.fullmatch(pattern, lines)
        if found and shown:
            self.ids.update(found.groupdict())
        return found is not None

    def pattern(self, line: str, new: set[str]) -> str:
        written, at = "", 0
        line = " ".join(line.split())
        for match in PLACEHOLDER.finditer(line):
            written += re.escape(line[at : match.start()])
            at = match.end()
            if name := match["id"]:
                if name in self.ids:
                    written += self.ids[name]
                else:
                    written += f"(?P={name})" if name in new else f"(?P<{name}>{UUID})"
                    new.add(name)
            else:
                written += PATTERNS[match.lastgroup or ""]
        return written + re.escape(line[at:])


def _fails(shown: list[str]) -> bool:
    return any(line.startswith("Error: ") for line in shown)


@pytest.fixture
def reader(empty_home: Home, tmp_path: Path) -> Reader:
    """Somebody in an empty home, in a fresh checkout, whose new environments find the packages of this one."""
    checkout = tmp_path / "kitaru"
    if (ROOT / ".git").exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True, timeout=300)
    else:
        kept = shutil.ignore_patterns(".venv", ".demo", "__pycache__", ".*_cache", "site")
        shutil.copytree(ROOT, checkout, ignore=kept)
    lent = tmp_path / "lent"
    lent.mkdir()
    # A folder in PYTHONPATH is searched, but its .pth files are not: Kitaru itself, installed here as editable, stays out.
    env = {**empty_home.env, "PYTHONPATH": sysconfig.get_paths()["purelib"], "KITARU_PROGRESS": "off"}
    # `python3` is the Python that this environment was made with, for a reader has no environment yet.
    (lent / "python3").symlink_to(Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"))
    paths = [path for path in env["PATH"].split(os.pathsep) if Path(path) != Path(sys.executable).parent]
    env["PATH"] = os.pathsep.join([str(lent), *paths])
    return Reader(checkout, env)


@pytest.mark.timeout(1800)  # some thirty commands, each a process that imports ZenML
def test_a_reader_gets_what_the_tutorial_shows(reader: Reader) -> None:
    reader.follow(*ANYWHERE)
    assert set(reader.ids) == {"EXEC_ID", "RUN_ID", "CRASH_ID", "FAILED_ID", "WAIT_ID", "REPLAY_ID"}
    assert Path(reader.env["VIRTUAL_ENV"]).parent.name == "kitaru"


@pytest.fixture
def namespace() -> Iterator[str]:
    """The name of a namespace that nobody has, and that is gone after the test."""
    name = f"kitaru-test-{uuid.uuid4().hex[:6]}"
    yield name
    subprocess.run(
        ["kubectl", "delete", "namespace", name, "--wait=false", "--ignore-not-found"], check=True, timeout=300
    )


@pytest.mark.docker
@pytest.mark.kubernetes
@pytest.mark.timeout(1200)  # two images are built
def test_a_reader_gets_there_in_containers_and_pods(reader: Reader, namespace: str) -> None:
    context = subprocess.run(
        ["kubectl", "config", "current-context"], check=True, capture_output=True, text=True, timeout=300
    ).stdout.strip()
    reader.own = {
        "python:3.11-slim": BASE_IMAGE,
        "context=kind-kind": f"context={context}",
        "namespace agents": f"namespace {namespace}",
        "namespace=agents": f"namespace={namespace}",
        "registry=localhost:5000": f"registry={REGISTRY}",
    }
    reader.follow(*WITH_A_CLUSTER)
    assert set(reader.ids) == {"EXEC_ID", "DOCKER_ID", "KUBE_ID"}


def test_every_section_with_commands_is_followed() -> None:
    sections = {block.section.partition(".")[0] for block in blocks("console", PAGE)}
    assert sections == {*ANYWHERE, *WITH_A_CLUSTER}
