"""A database of an earlier or a later ZenML: what only looks leaves it alone, and an upgrade has to be asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zenml
from alembic.script import ScriptDirectory

from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.conftest import Home, Project

MAIN = "print_one.py"
LOOKS = (
    ("status",),
    ("config", "show"),
    ("executions", "list"),
    ("stack", "list"),
    ("doctor",),
)


def stamp(home: Home, revision: str) -> None:
    """Say of which revision the tables are, as an earlier or later ZenML would have."""
    with closing(sqlite3.connect(home.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.fixture
def earlier(project: Project, home: Home) -> str:
    """The revision before the installed ZenML's own, of which the database of this home now is."""
    project.take(f"other_databases/{MAIN}")
    scripts = ScriptDirectory(str(Path(zenml.__file__).parent / "zen_stores" / "migrations"))
    head = scripts.get_revision("head")
    assert head is not None
    before = str(head.down_revision)
    stamp(home, before)
    return before


def test_what_only_looks_leaves_it_alone_and_says_what_upgrades_it(project: Project, home: Home, earlier: str) -> None:
    content = home.database.read_bytes()
    for command in LOOKS:
        done = project.kitaru(*command, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == (1 if command == ("doctor",) else 3), told
        assert f"is of an earlier ZenML, revision {earlier}," in " ".join(told.split())
        assert "`kitaru doctor --upgrade`" in " ".join(told.split())
    completed = project.kitaru(
        env={"_KITARU_COMPLETE": "bash_complete", "COMP_WORDS": "kitaru executions get ", "COMP_CWORD": "3"}
    )
    assert completed.stdout.strip() == ""
    # Without a terminal there is nobody to ask.
    done = project.run(MAIN, check=False)
    assert "`kitaru doctor --upgrade`" in done.stderr
    assert home.database.read_bytes() == content
    assert revision(home.database) == earlier


def test_doctor_upgrades_it_where_asked_and_keeps_a_copy(project: Project, home: Home, earlier: str) -> None:
    copy = home.database.with_name(f"zenml.db.{earlier}")
    done = project.kitaru("doctor", "--upgrade")
    assert done.stderr == f"The store is upgraded; as it was, it is in {copy}\n"
    assert (revision(copy), copy.stat().st_mode & 0o777) == (earlier, 0o600)
    assert revision(home.database) != earlier
    assert project.run(MAIN).stdout == "result 1\n"
    assert project.kitaru("doctor", "--upgrade").stderr == "The store needs no upgrade.\n"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_at_a_terminal_a_run_asks(answer: str, project: Project, home: Home, earlier: str) -> None:
    terminal = Terminal(project, MAIN)
    terminal.until("and upgrade it? [y/N]")
    terminal.type(f"{answer}\r")
    code, told = terminal.end()
    assert (code == 0, "result 1" in told, revision(home.database) != earlier) == ((answer == "y",) * 3)


def test_one_of_a_later_zenml_is_refused(project: Project, home: Home) -> None:
    stamp(home, "9.9.9")
    for command in LOOKS[:-1]:
        done = project.kitaru(*command, check=False)
        assert done.returncode == 3
        told = " ".join((done.stdout + done.stderr).split())
        assert "was made by a later ZenML, of revision 9.9.9" in told
        assert "ZENML_CONFIG_PATH" in told
    assert project.kitaru("doctor", "--upgrade", check=False).returncode == 3
    assert revision(home.database) == "9.9.9"
