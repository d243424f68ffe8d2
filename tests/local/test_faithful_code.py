"""The code of a flow is where its submitter had it: modules by their names, functions by their modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kitaru._core.code.modules import ref_of_script

if TYPE_CHECKING:
    from tests.conftest import Project


def put_into_repository(project: Project) -> Path:
    """Make a repository of ZenML's with a script in a folder of it, and return the folder."""
    (project.path / ".zen").mkdir()
    folder = project.path / "flows"
    folder.mkdir()
    for name in ("helping.py", "in_subfolder.py"):
        project.take(f"faithful/subfolder/{name}", name=f"flows/{name}")
    return folder


def test_a_script_in_a_folder_of_a_repository_has_one_name(project: Project) -> None:
    put_into_repository(project)
    seen = json.loads(project.run("flows/in_subfolder.py").stdout)
    assert seen == ["flows.in_subfolder", True, True, 1, True]
    run = project.kitaru("run", "flows/in_subfolder.py:in_subfolder")
    assert json.loads(run.stdout) == [["flows.in_subfolder", True, True, 2], None]


def test_what_is_packed_of_a_repository_is_imported_in_a_fresh_container(project: Project, tmp_path: Path) -> None:
    folder = put_into_repository(project)
    project.write(
        "flows/pack.py",
        """
        import json, os
        import in_subfolder
        from kitaru._core.code.modules import alias_main, locate
        from kitaru._zenml.submitting.packed_code import check, pack_code

        if __name__ == "__main__":
            alias_main()
            code = pack_code()
            check(in_subfolder.in_subfolder, locate(in_subfolder.in_subfolder.func), code, None)
            print(json.dumps([str(code.root), sorted(map(str, code.files)), code.import_path()]))
        """,
    )
    done = project.run("flows/pack.py")
    root, files, folders = json.loads(done.stdout.splitlines()[-1])
    assert "kitaru:" not in done.stderr
    assert folders == ["/app/code/flows", "/app/flows"]
    for name in files:
        target = tmp_path / "app" / "code" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((Path(root) / name).read_bytes())
    there = os.pathsep.join(str(tmp_path / one.lstrip("/")) for one in folders)
    code = "import flows.in_subfolder, sys; print(flows.in_subfolder.Helper.__module__, 'in_subfolder' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": there}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "app" / "code", env=env, text=True, capture_output=True, check=True
    )
    assert told.stdout.split() == ["helping", "False"]
    assert folder.is_dir()


@pytest.mark.parametrize("how", ["ZENML_CUSTOM_SOURCE_ROOT", "ZENML_REPOSITORY_PATH", ""])
def test_a_scripts_name_is_the_one_that_zenml_gives_it(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.utils import source_utils

    (tmp_path / ".zen").mkdir()
    file = tmp_path / "folder" / "deeper" / "script.py"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.chdir(tmp_path.parent if how else file.parent)
    if how:
        monkeypatch.setenv(how, str(tmp_path))
    monkeypatch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", os.environ.get("ZENML_CUSTOM_SOURCE_ROOT"))
    ref = ref_of_script(file)
    assert (ref.name, ref.root) == ("folder.deeper.script", source_utils.get_source_root())
    taken = tmp_path / "code" / "script.py"  # a module of Python itself hides the folder
    assert (ref_of_script(taken).name, ref_of_script(taken).root) == ("script", str(taken.parent))
    odd = tmp_path / "v1.2" / "script.py"
    assert (ref_of_script(odd).name, ref_of_script(odd).root) == ("script", str(odd.parent))
    assert ref_of_script(tmp_path / "run.v2.py").name == "run_v2"
    assert ref_of_script(tmp_path / "__main__.py").name == "__main_script__"


def test_what_containers_do_not_get_is_told_before_anything_is_built(project: Project) -> None:
    project.kitaru("stack", "create", "docker", "--type", "docker")
    inner = project.path / "inner"
    inner.mkdir()
    project.take("faithful/not_packed.py", name="inner/not_packed.py")
    project.take("faithful/not_packed.py", name="inner/not.packed.py")
    project.write("library/lent/__init__.py", "import owed")
    project.write("library/lent/lists.py", "NUMBERS = [1, 2]")
    project.write("library/owed.py", "")

    told = project.run("inner/not_packed.py")
    warnings = [line for line in told.stderr.splitlines() if line.startswith("kitaru: module")]
    [lent, owed] = sorted(warnings)
    assert (
        f"module 'lent', which 'not_packed' imports, is in {project.path / 'library' / 'lent'}, outside of {inner}"
        in lent
    )
    assert "zenml init" in lent
    assert "module 'owed', which 'lent' imports" in owed
    assert "PYTHONPATH" not in told.stdout

    named = project.run("inner/not.packed.py", check=False)
    assert f"do not get its file {inner / 'not.packed.py'}: no module is imported by that name" in named.stderr
    typed = project.run("-c", (inner / "not_packed.py").read_text(), check=False)
    assert "is defined in a notebook, a REPL, `python -c` or inside a function. Move it" in typed.stderr

    (project.path / ".zen").mkdir()  # as `zenml init` does: then both are packed, and found as here
    packed = project.run("inner/not_packed.py")
    assert "kitaru: module" not in packed.stderr
    assert 'ENV PYTHONPATH="/app/code/inner:/app/inner:/app/code/library:/app/library${PYTHONPATH' in packed.stdout

    project.write("../outside/lent_flows.py", "from kitaru import flow\n\n@flow\ndef lent_flow(): pass\n")
    lending = "import sys; sys.path.append('../outside'); import lent_flows; from kitaru.image import describe_image\n"
    own = project.run("-c", f"{lending}describe_image(lent_flows.lent_flow, stack='docker')")
    assert "module 'lent_flows', which '__main__' imports" in own.stderr


def test_functions_arrive_as_those_of_their_module(project: Project) -> None:
    project.take("faithful/locking.py", "faithful/functions.py")
    told, handed_out = json.loads(project.run("functions.py").stdout)
    assert told["search"] == [["got it", True], True]
    assert told["counted"] == [["traced it", True], True]
    assert told["of a module"] == [["it", True], True]
    assert told["partial"] == [["got it", False], False]
    assert told["class method"] == [["Client it", False], False]
    assert told["checkpoint"] == "GOT IT"
    assert told["guarded"] == [["guarded it", False], False]
    assert "method 'Client.get' cannot be pickled, because of attribute 'lock' of its object" in told["method"]
    assert "because of global 'LOCK', a value of type lock" in told["lambda"]
    assert "Input 'function' of flow 'calls'" in told["lambda"]
    assert handed_out == ["got it", "traced it", "Client it", "got it"]
