"""Many executions, many checkpoints, many at once: on one SQLite store, none lost and none stuck."""

from __future__ import annotations

import json

EXECUTIONS = 50
AT_A_TIME = 8


def test_fifty_executions_eight_at_a_time_beside_a_reader(project, home):
    project.take("load/heavy_flows.py", "load/many_executions.py")
    done = project.run("many_executions.py", str(EXECUTIONS), str(AT_A_TIME), timeout=800)
    values, statuses, looks, seen = json.loads(done.stdout.splitlines()[-1])
    assert values == [number + 10 for number in range(EXECUTIONS)]
    assert statuses == ["completed"]
    assert max(looks) == EXECUTIONS
    assert looks == sorted(looks), "an execution that was listed was missing later"
    assert set(seen) <= {"pending", "running", "completed"}
    assert "locked" not in done.stderr
    logs = [log.read_text() for log in home.zenml.rglob("runner.log")]
    assert len(logs) == EXECUTIONS
    assert not [log for log in logs if "locked" in log or "Traceback" in log]


def test_a_flow_of_a_thousand_checkpoints_and_one_of_two_hundred_at_once(project):
    project.take("load/heavy_flows.py", "load/many_checkpoints.py")
    project.run("many_checkpoints.py", timeout=850)
