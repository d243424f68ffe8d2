"""What modules import, as their source says, and the one name of a script."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from kitaru._core.code.imports import imported_by

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_deeply_nested_source_imports_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("helping_one", "helping_two", "for_types"):
        (tmp_path / f"{name}.py").touch()
    branches = "".join(f"elif sys.argv == {number}:\n    pass\n" for number in range(300))
    file = tmp_path / "deep.py"
    file.write_text(
        f"import sys, typing\nNUMBER = {'1 + ' * 1500}1\nif sys.argv == 0:\n    pass\n{branches}"
        "else:\n    import helping_one\n"
        "if typing.TYPE_CHECKING:\n    import for_types\nelse:\n    import helping_two\n"
    )
    assert {module.name for module in imported_by("deep", file)} == {"helping_one", "helping_two"}


def test_a_script_keeps_its_name_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / ".zen").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "away.py").write_text(
        "import os\nfrom kitaru import flow\nfrom kitaru._core.code.modules import locate\n"
        "@flow\ndef f() -> None: ...\nos.chdir('/')\nprint(locate(f.func).name)\n"
    )
    done = subprocess.run([sys.executable, "flows/away.py"], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "flows.away"
