"""Command lines that Kitaru prints can be pasted into a shell, whatever the values in them."""

from __future__ import annotations

import ast
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from kitaru._cli import target
from kitaru._terminal import asking as _asking
from kitaru._zenml.servers import checkup
from kitaru._zenml.stacks import stack_creation
from kitaru.errors import KitaruStackError, KitaruUsageError
from kitaru.models import PendingWait

PACKAGE = Path(__file__).resolve().parents[2] / "kitaru"

# What a printed command line may hold as it is: ids, and what Kitaru itself has made up.
SAFE = {
    "_DISTRIBUTION", "_OTHER_PRODUCT", "containers[0].short_id", "event['exec_id']", "exec_id", "execution.exec_id",
    "integration", "orchestrator_flavor(model)", "port + 1", "run.id", "run_id", "self._exec_id", "self._summary.exec_id",
}  # fmt: skip
COMMAND = re.compile(r"(?:^|[\s`(])(?:kitaru|zenml|docker|kubectl|pip|mv|cp) [a-z-]+ ([^`(]* )?$")


def test_values_in_printed_command_lines_are_quoted() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    bare = [
        f"{file.relative_to(PACKAGE)}:{line}: {value}" for file in files for line, value in values_in_commands(file)
    ]
    assert [value for value in bare if value.partition(": ")[2] not in SAFE] == []


def values_in_commands(file: Path):
    """Yield the line and the expression of each value that a text puts into a command line without quoting it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                before += part.value
                continue
            value = ast.unparse(part.value)
            if COMMAND.search(before) and not value.startswith(("quote(", "shlex.")):
                yield node.lineno, value
            before += "value"


ODD = ["don't", "two words", '{"a": "it\'s"}', "$HOME", "`id`"]


def waits_for(choice: str) -> PendingWait:
    return PendingWait(
        name="the 'name", question=None, json_schema={"const": choice}, metadata={}, asked_at=datetime(2026, 1, 31, tzinfo=UTC)
    )  # fmt: skip


@pytest.mark.parametrize("choice", ODD)
def test_the_shown_answer_reaches_the_command_as_it_is(choice: str) -> None:
    command = _asking.how_to_answer("0a1b", waits_for(choice)).partition("   (")[0]
    assert shlex.split(command) == ["kitaru", "executions", "input", "0a1b", "--value", choice]
    assert shlex.split(_asking.how_to_answer_ahead(waits_for(choice))) == ["--answer", f"the 'name={choice}"]


def test_the_flow_that_is_meant_can_be_run_from_a_folder_with_a_space(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two words").mkdir()
    (tmp_path / "two words" / "spaced.py").write_text("from kitaru import flow\n@flow\ndef survey() -> None: ...\n")
    with pytest.raises(KitaruUsageError) as raised:
        target.load_flow("two words/spaced.py")
    command = str(raised.value).partition("Name the flow: ")[2].removesuffix(".")
    assert shlex.split(command) == ["kitaru", "run", "two words/spaced.py:survey"]


def test_a_stack_of_two_words_can_be_deleted_as_told() -> None:
    client = SimpleNamespace(list_stacks=lambda **_: SimpleNamespace(total=1))
    with pytest.raises(KitaruStackError) as raised:
        stack_creation._refuse_taken(client, "my stack")
    command = str(raised.value).split("`")[1]
    assert shlex.split(command) == ["kitaru", "stack", "delete", "my stack"]


def test_a_broken_database_below_a_folder_of_two_words_can_be_moved_away_as_told(tmp_path) -> None:
    path = tmp_path / "two words" / "zenml.db"
    path.parent.mkdir()
    path.write_text("no database " * 100)
    finding = checkup._examined(path)
    assert finding is not None
    assert shlex.split(finding.cure.split("`")[1]) == ["mv", str(path), f"{path}.broken"]
