"""Files and folders as values: what they hold, what is refused, and how they are written."""

from __future__ import annotations

import copy
import os
import pickle
import socket
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter, ValidationError

from kitaru import File, Folder, KitaruBackendError, KitaruUsageError
from kitaru._core.identity.digests import digest
from kitaru._core.values.contents import Stored, by_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "plots"
    (root / "deep" / "empty").mkdir(parents=True)
    (root / "a b.txt").write_text("a")
    (root / "ü.txt").write_text("u")
    (root / os.fsdecode(b"\xff.txt")).write_text("no UTF-8")
    (root / "deep" / "run.sh").write_text("#!/bin/sh")
    (root / "deep" / "run.sh").chmod(0o700)
    (root / "link").symlink_to("deep/run.sh")
    return root


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): os.readlink(path)  # noqa: PTH115 - as text
        if path.is_symlink()
        else ("" if path.is_dir() else f"{path.read_text()} {os.access(path, os.X_OK)}")
        for path in sorted(root.rglob("*"))
    }


def test_a_folder_arrives_as_it_was_with_its_name(folder: Path) -> None:
    arrived = pickle.loads(pickle.dumps(Folder(folder)))
    assert arrived == Folder(folder)
    assert (arrived.name, arrived.path.name) == ("plots", "plots")
    assert arrived.path != folder
    assert tree(arrived.path) == tree(folder)
    assert hash(arrived) == hash(Folder(folder))


def test_a_file_arrives_as_it_was_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x00weights")
    path.chmod(0o755)
    arrived = pickle.loads(pickle.dumps({"file": File(path)}))["file"]
    assert arrived == File(str(path)) == copy.deepcopy(arrived)
    assert arrived.name == "model.pkl"
    with open(arrived, "rb") as file:  # noqa: PTH123 - that it can be used as a path is meant
        assert file.read() == b"\x00weights"
    assert os.access(arrived, os.X_OK)
    assert (arrived.size, len(arrived.digest)) == (8, 64)
    assert repr(File(path)) == f"File({str(path)!r})"


def test_one_that_has_changed_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    before = pickle.loads(pickle.dumps(File(path)))
    known = digest(before)
    assert digest(File(path)) == known
    path.write_text("2")
    assert File(path) != before
    assert digest(File(path)) != known
    before.path.write_text("3")  # a copy may be changed as well, and is then what it has become
    assert before.digest != pickle.loads(pickle.dumps(File(path))).digest
    assert digest(before) != known
    (tmp_path / "b.csv").write_text("2")
    assert File(tmp_path / "b.csv") != File(path)  # of another name


def test_the_same_files_are_the_same_folder_whenever_they_were_written(folder: Path, tmp_path: Path) -> None:
    before = Folder(folder).digest
    os.utime(folder / "a b.txt", (1, 1))
    assert Folder(folder).digest == before
    (folder / "a b.txt").rename(folder / "c.txt")
    assert Folder(folder).digest != before
    assert tmp_path


def test_for_a_process_of_this_machine_the_path_is_enough(folder: Path) -> None:
    with by_path():
        data = pickle.dumps(Folder(folder))
    assert b"no UTF-8" not in data
    assert pickle.loads(data).path == folder


def test_what_cannot_be_kept_is_refused_by_its_name(folder: Path, tmp_path: Path) -> None:
    for wrong, words in (
        (lambda: File(tmp_path / "none"), "There is no file"),
        (lambda: Folder(tmp_path / "none"), "There is no folder"),
        (lambda: File(folder), "Use kitaru.Folder"),
        (lambda: Folder(folder / "a b.txt"), "Use kitaru.File"),
        (lambda: File(3), "takes a path, not a int"),  # type: ignore[arg-type]
        (lambda: File(File(folder / "a b.txt")), "takes a path, not a File"),
    ):
        with pytest.raises(KitaruUsageError, match=words):
            wrong()
    (tmp_path / "outside").write_text("x")
    for target in ("../outside", str(tmp_path / "outside"), str(folder / "ü.txt")):
        (folder / "out").symlink_to(target)
        with pytest.raises(KitaruUsageError, match="leads out of the folder"):
            pickle.dumps(Folder(folder))
        (folder / "out").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s"))
        with pytest.raises(KitaruUsageError, match="neither a file nor a folder"):
            pickle.dumps(Folder(folder))
    (folder / "s").unlink()
    gone = File(folder / "a b.txt")
    gone.path.unlink()
    with pytest.raises(KitaruUsageError, match="There is no file"):
        pickle.dumps(gone)


def test_what_is_damaged_in_the_store_is_not_handed_out() -> None:
    for kind, data in ((File, b"other"), (File, b"")):
        stored = Stored("a.txt", "0" * 64, 5, executable=False, open=lambda data=data: BytesIO(data))  # type: ignore[misc]
        with pytest.raises(KitaruBackendError, match="damaged"):
            kind.from_store(stored).path  # noqa: B018 - a property that fetches


def test_an_argument_that_comes_as_text_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    adapter = TypeAdapter(File)
    assert adapter.validate_python(str(path)) == adapter.validate_json(f'"{path}"') == File(path)
    assert adapter.dump_python(File(path), mode="json") == {"name": "a.txt", "size": 1, "digest": File(path).digest}
    for wrong in (3, str(tmp_path), "nowhere"):
        with pytest.raises(ValidationError, match=r"kitaru\.(File|Folder)"):
            adapter.validate_python(wrong)


def test_a_link_to_the_folder_itself_is_kept(folder: Path) -> None:
    (folder / "here").symlink_to(".")
    assert (pickle.loads(pickle.dumps(Folder(folder))).path / "here").is_symlink()


def test_where_the_content_cannot_be_written_to_is_not_told_as_if_it_could_not_be_read(tmp_path: Path) -> None:
    class Full(BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    path = tmp_path / "a.txt"
    path.write_text("a")
    with pytest.raises(OSError, match="No space left"):
        File(path).copy_to(Full())
