"""The project's own files: what is required, what is locked, and how it is called."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import kitaru

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
INTEGRATIONS = sorted((ROOT / "integrations").glob("*/pyproject.toml"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
PINS = [line for line in LOCK if not line.startswith("#")]

# The name on the package index is another product.
FOREIGN = "kitaru"

# Parts of the package that an extra is for, and the extra.
OPTIONAL = {
    "kitaru/_llm": "llm",
    "kitaru/_core/records/prices.py": "llm",
    "kitaru/_mcp": "mcp",
    "kitaru/_zenml": "kubernetes",
}


def required() -> list[Requirement]:
    project = PYPROJECT["project"]
    groups = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
        PYPROJECT["build-system"]["requires"],
        *(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"] for path in INTEGRATIONS),
    ]
    return [
        Requirement(line) for group in groups for line in group if isinstance(line, str)
    ]  # else: another group's name


def test_the_distribution_and_the_command_have_their_names() -> None:
    assert PYPROJECT["project"]["name"] == "kitaru-zenml"
    assert PYPROJECT["project"]["scripts"] == {
        "kitaru": "kitaru._cli.entry:main",
        "kitaru-mcp": "kitaru._mcp.main:main",
    }


def test_nothing_requires_the_other_product_of_the_same_name() -> None:
    names = {canonicalize_name(requirement.name) for requirement in required()}
    names |= {canonicalize_name(Requirement(pin).name) for pin in PINS}
    assert FOREIGN not in names


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "Makefile", "CHANGELOG.md", "pyproject.toml"),
        *(
            str(path.relative_to(ROOT))
            for room in ("docs", "integrations")
            for path in sorted((ROOT / room).rglob("*.md"))
        ),
    ],
)
def test_no_text_tells_people_to_install_the_other_product(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(
        r"\b(?:pip|uv|poetry|conda)\s+(?:\w+\s+)*?(?:install|add)\s+(?:-\S+\s+)*['\"]?kitaru(?![-\w])", text
    )


def imported(file: Path, known: Mapping[str, list[str]]) -> set[str]:
    """Return the distributions of what a file imports, at any place in it, where it is known which have a module."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.partition(".")[0])
    foreign = modules - sys.stdlib_module_names - {"kitaru"}
    return {canonicalize_name(name) for module in foreign for name in known.get(module, [module])}


def declared(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_what_the_package_imports_is_declared_and_what_is_declared_is_imported() -> None:
    project = PYPROJECT["project"]
    always, found, known = declared(project["dependencies"]), set(), packages_distributions()
    for file in sorted((ROOT / "kitaru").rglob("*.py")):
        path = file.relative_to(ROOT)
        if "_templates" in path.parts:  # programs of users
            continue
        extras = [extra for part, extra in OPTIONAL.items() if path.is_relative_to(part)]
        allowed = always.union(*(declared(project["optional-dependencies"][extra]) for extra in extras))
        needed = imported(file, known)
        assert needed <= allowed, f"{path} imports what pyproject.toml does not declare"
        found |= needed
    assert always <= found


def test_every_line_of_the_lock_is_an_exact_version_from_wherever_pip_is_set_up_to_look() -> None:
    assert PINS
    for pin in PINS:
        requirement = Requirement(pin)
        assert requirement.url is None
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], pin


def test_the_lock_satisfies_every_requirement_of_the_project() -> None:
    pins = {canonicalize_name(Requirement(pin).name): next(iter(Requirement(pin).specifier)).version for pin in PINS}
    pins["kitaru-zenml"] = PYPROJECT["project"]["version"]  # what integrations require, in this tree
    for requirement in required():
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not locked: run make lock"
        assert requirement.specifier.contains(pins[name]), (
            f"{name} {pins[name]} does not fit {requirement}: run make lock"
        )


def test_every_lint_rule_that_is_off_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.isort]")]
    rules = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert rules
    assert [line for line in rules if "# " not in line] == []


def test_the_package_knows_its_version() -> None:
    assert kitaru.__version__ == PYPROJECT["project"]["version"]


def test_the_version_has_an_entry_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {PYPROJECT['project']['version']}" in changelog
