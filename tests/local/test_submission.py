"""One execution for one key, whoever asks for it; from the program ``tests/programs/submission/orders.py``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kitaru import KitaruClient

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # pydantic's, of ZenML's own filters


@pytest.fixture
def orders(project: Project) -> Project:
    project.take("submission/orders.py")
    return project


def shipped(project, *arguments, **options):
    return project.run("orders.py", *arguments, **options).stdout.split()[-2:]


def snapshots(home):
    with closing(sqlite3.connect(home.database)) as database:
        return database.execute("select count(*) from pipeline_snapshot").fetchone()[0]


def test_eight_processes_with_one_key_have_one_execution(orders, home):
    programs = [orders.popen("orders.py", "order-42", "7", *(["loaded"] if n % 2 else [])) for n in range(8)]
    printed = [program.communicate(timeout=300) for program in programs]
    assert [program.returncode for program in programs] == [0] * 8, printed
    answers = {out.strip() for out, _ in printed}
    assert len(answers) == 1, answers
    (exec_id,) = [one.exec_id for one in KitaruClient().executions.list()]
    assert answers == {f"OUT {exec_id} 7"}
    assert len(list(orders.path.glob("*.packed"))) == 1
    assert snapshots(home) == 1  # those of the others are gone

    execution = KitaruClient().executions.get(exec_id)
    assert execution.idempotency_key == "order-42"
    assert "order-42" in orders.kitaru("executions", "get", exec_id).stdout
    # With other arguments: told which, and no value of them.
    refused = orders.run("orders.py", "order-42", "8", "geheim", "", check=False)
    assert "KitaruUsageError" in refused.stderr
    assert f"{exec_id} (completed), which was started with other arguments: order, password differ." in refused.stderr
    assert "geheim" not in refused.stderr.partition("KitaruUsageError")[2]
    # The flow of another module that has the same name.
    orders.write("other.py", "from kitaru import flow\n@flow\ndef ship(order: int) -> int:\n    return order\n")
    refused = orders.kitaru(
        "run", "other.py:ship", "--input", '{"order": 7}', "--idempotency-key", "order-42", check=False
    )
    assert refused.returncode == 2
    assert "another flow of the same name: orders:ship, and this one is other:ship" in refused.stderr
    # A key that is free again, and one that differs in what ZenML's names leave out.
    KitaruClient().executions.delete(exec_id)
    again, value = shipped(orders, "order-42", "8")
    assert (again != exec_id, value) == (True, "8")
    assert shipped(orders, "order 42", "9")[1] == "9"


def test_an_execution_whose_submission_was_cut_off_is_started_by_the_next(orders):
    armed = orders.write("armed", "submitter, created")
    dead = orders.popen("orders.py", "a", "1", "loaded", env={"KITARU_CRASH_POINT": str(armed)})
    assert dead.wait(timeout=300) != 0
    exec_id, value = shipped(orders, "a", "1", loads=True)
    assert value == "1"
    assert [one.exec_id for one in KitaruClient().executions.list()] == [exec_id]


def test_a_failed_execution_stays_what_its_key_gives(orders):
    orders.write("fails.py", "from kitaru import flow\n@flow\ndef fails() -> None:\n    raise ValueError('no')\n")
    command = ("run", "fails.py:fails", "--idempotency-key", "once", "--output", "json")
    first, second = (json.loads(orders.kitaru(*command, check=False).stdout) for _ in range(2))
    assert first["status"] == "failed"
    assert first == second
