"""Many processes share one SQLite store, from the very first use of it on."""

from __future__ import annotations

import pytest

PROCESSES = 8


@pytest.fixture
def home(empty_home):
    """The first use of the store is part of the race, so that the project's home is empty."""
    return empty_home


def test_eight_processes_that_submit_at_once_all_complete_on_a_store_that_none_has_used_before(project):
    project.take("concurrent_processes/squares_at_once.py")
    processes = [project.popen("squares_at_once.py", str(number), stdin=True) for number in range(PROCESSES)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=350) for process in processes]
    printed = []
    for number, (process, (out, err)) in enumerate(zip(processes, outcomes, strict=True)):
        assert process.returncode == 0, err
        expected = sum(x * x for x in range(number, number + 3))
        printed.append(out.splitlines()[-1].split())  # before that ZenML tells of its first use
        assert printed[-1][1:] == [str(expected), "completed"], (out, err)
        assert "database is locked" not in err
        assert "Traceback" not in err
    assert len({exec_id for exec_id, *_ in printed}) == PROCESSES
    logs = [log.read_text(errors="replace") for log in project.home.path.rglob("runner.log")]
    assert len(logs) == PROCESSES
    for log in logs:
        assert "database is locked" not in log
        assert "Traceback" not in log, log
