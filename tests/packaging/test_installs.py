"""Integrations in environments of their own: what ``pip install`` brings there, and what it leaves out.

Everything comes from the package index, in the versions of the lock; Kitaru and the integrations come from this tree.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.index

ROOT = Path(__file__).resolve().parents[2]
INTEGRATIONS = ROOT / "integrations"

# What people build agents with; and which of it each integration brings: its framework, and what that itself needs.
LIBRARIES = frozenset(
    {
        "anthropic",
        "claude-agent-sdk",
        "langchain",
        "langchain-core",
        "langgraph",
        "mcp",
        "openai",
        "openai-agents",
        "pydantic-ai",
        "pydantic-ai-slim",
    }
)
BROUGHT = {
    "kitaru_claude_agent_sdk": {"claude-agent-sdk", "mcp"},
    "kitaru_langgraph": {"langgraph", "langchain-core"},
    "kitaru_openai_agents": {"openai-agents", "openai", "mcp"},
    "kitaru_pydantic_ai": {"pydantic-ai-slim"},
}
INSTALLED = """
import importlib.metadata, json
print(json.dumps([[one.metadata["Name"], one.requires or []] for one in importlib.metadata.distributions()]))
"""


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment without pip, and a folder of wheels, all that can be installed into it."""

    path: Path
    wheels: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    def pip(self, *args: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", self.python, *args]
        done = subprocess.run(command, env=without_further_links(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"pip {args}\n{done.stdout}\n{done.stderr}"

    def install(self, *args: str) -> None:
        # Byte code is made of what is imported, and of nothing else.
        self.pip("install", "--quiet", "--no-compile", "--no-index", "--find-links", str(self.wheels), *args)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code that sees this environment and nothing of the tests'."""
        command = [self.python, "-I", "-c", code]
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=False)

    def distributions(self) -> dict[str, list[Requirement]]:
        """What is installed, and what each requires."""
        installed = json.loads(self.run(INSTALLED).stdout)
        return {canonicalize_name(name): [Requirement(line) for line in lines] for name, lines in installed}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of this tree, and with all that they require."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip"]
    ours = [ROOT, *(INTEGRATIONS / name for name in BROUGHT)]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, *ours], check=True)
    # The name on the index is another product: whatever asked for it would be refused here.
    constraints = folder / "constraints.txt"
    constraints.write_text((ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8") + "kitaru<0\n")
    subprocess.run([*pip, "download", "-q", "-d", folder, "-c", constraints, *folder.glob("*.whl")], check=True)
    return folder


def test_an_integration_brings_its_framework_and_nothing_else(wheels: Path, tmp_path: Path) -> None:
    assert set(BROUGHT) == {path.parent.name for path in INTEGRATIONS.glob("*/pyproject.toml")}
    assert list(wheels.glob("kitaru-*")) == []
    for name, brought in BROUGHT.items():
        environment = Environment(tmp_path / name, wheels)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment.path], check=True)
        environment.install(*as_the_readme_says(name, wheels))

        own = name.replace("_", "-")
        frameworks = [line for line in dependencies(name) if Requirement(line).name != "kitaru-zenml"]
        installed = environment.distributions()
        assert set(installed) & LIBRARIES == brought, name
        assert needed(["kitaru-zenml"], installed) & LIBRARIES == set()
        assert set(installed) == {own} | needed(["kitaru-zenml", *frameworks], installed), name

        imported = environment.run(f"import {name}; print({name}.__file__)")
        assert imported.stdout.startswith(str(environment.path)), imported.stderr

        environment.pip("uninstall", "--quiet", "--yes", *(Requirement(line).name for line in frameworks))
        refused = environment.run(f"import {name}")
        assert refused.returncode == 1
        [told] = re.findall(r"pip install '(.*)'$", refused.stderr, flags=re.MULTILINE)
        assert told in frameworks  # which is what has just been installed


def without_further_links() -> dict[str, str]:
    """The environment, with no other places that pip would look at."""
    return {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}


def as_the_readme_says(name: str, wheels: Path) -> list[str]:
    """What the README tells pip to install, its folders replaced by the wheels that were made of them."""
    text = (INTEGRATIONS / name / "README.md").read_text(encoding="utf-8")
    told = re.search(r"^\$ pip install (.*)$", text, flags=re.MULTILINE)
    assert told, f"the README of {name} does not say how to install it"
    folders = [(ROOT / argument).resolve() for argument in shlex.split(told[1], comments=True)]
    assert folders == [ROOT, INTEGRATIONS / name]
    return [str(wheel) for prefix in ("kitaru_zenml", name) for wheel in wheels.glob(f"{prefix}-*.whl")]


def dependencies(name: str) -> list[str]:
    """The requirements of an integration, as they are written down."""
    text = (INTEGRATIONS / name / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["dependencies"]


def needed(lines: list[str], installed: dict[str, list[Requirement]]) -> set[str]:
    """The distributions that requirements lead to, directly or not."""
    seen: set[tuple[str, str]] = set()
    wanted = [(Requirement(line), "") for line in lines]
    while wanted:
        requirement, extra = wanted.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for chosen in {"", *requirement.extras}:
            if (name, chosen) not in seen:
                seen.add((name, chosen))
                wanted += [(further, chosen) for further in installed[name]]
    return {name for name, _ in seen}
