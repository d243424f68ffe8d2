"""``kitaru init`` makes projects that run, from an installed wheel too, and overwrites nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kitaru import KitaruUsageError
from kitaru._core.images.shipped import templates_folder
from kitaru.templates import TEMPLATES, create_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, as an installation has it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("kitaru_zenml-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_projects_made_by_the_wheel_run_are_tested_and_are_typed(
    project: Project, installed: Path, eventually: Callable[..., object]
) -> None:
    env = {"PYTHONPATH": str(installed)}
    folders = {}
    for name, template in TEMPLATES.items():
        done = project.run("-m", "kitaru", "init", f"my {name}", "--template", name, env=env)
        next_commands = [f"  cd 'my {name}'", f"  python {template.program}", "  kitaru executions list"]
        assert done.stdout.splitlines()[-3:] == next_commands
        folders[name] = replace(project, path=project.path / f"my {name}")
        assert "passed" in folders[name].run("-m", "pytest", "-q", "-p", "no:cacheprovider", env=env).stdout
    (folders["batch"].path / "documents" / "broken.txt").write_bytes(b"\xff\xfe")
    runs = {name: folder.popen(TEMPLATES[name].program, env=env) for name, folder in folders.items()}

    def waiting() -> list[dict[str, str]]:
        return json.loads(project.kitaru("executions", "list", "--status", "waiting", "--output", "json").stdout)

    (asking,) = eventually(waiting, timeout=300, what="the agent's question")
    project.kitaru("executions", "input", asking["exec_id"], "--value", "yes")
    printed = {name: run.communicate(timeout=300)[0].splitlines() for name, run in runs.items()}
    assert printed["basic"][1:] == ["6 different words, most often 'flow'"]
    assert printed["agent"][1:] == ["published: 1969 - 1945 is 24; 1969-07-20 is Sunday"]
    assert printed["batch"][1] == "# 3 files, 45 words"
    assert "broken.txt: UnicodeDecodeError" in printed["batch"][-1]
    assert (folders["batch"].path / "report.md").read_text(encoding="utf-8").splitlines() == printed["batch"][1:]


def test_the_projects_pass_a_strict_type_checker(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-kitaru._zenml.*]\nfollow_imports = skip\n")
    files = [shutil.copy(path, tmp_path) for path in templates_folder().rglob("*.py")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *files], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_project_requires_kitaru_and_not_the_other_product(name: str, tmp_path: Path) -> None:
    made = create_project(tmp_path / "new", template=name)
    settings = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["dependencies"] == ["kitaru-zenml"]
    assert settings["tool"]["kitaru"] == {"cache": True}
    assert {".gitignore", "README.md", "pyproject.toml", made.program} <= set(made.files)


def test_no_file_is_overwritten_and_none_is_written_beside_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "documents").mkdir()
    with pytest.raises(KitaruUsageError, match=r"there is README.md already"):
        create_project(tmp_path, template="batch")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["README.md", "documents"]
    assert (tmp_path / "README.md").read_text() == "mine"
    with pytest.raises(KitaruUsageError, match="is a file"):
        create_project(tmp_path / "README.md")
    with pytest.raises(KitaruUsageError, match="Did you mean 'batch'"):
        create_project(tmp_path, template="bach")
