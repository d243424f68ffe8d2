"""Many executions, many checkpoints, many at once: on one SQLite store, none lost and none stuck."""

from __future__ import annotations

import json

FLOWS = """
    import sys, threading
    from concurrent.futures import ThreadPoolExecutor
    from kitaru import FlowHandle, KitaruClient, checkpoint, flow

    @checkpoint(cache=False)
    def add(x: int, y: int) -> int:
        return x + y

    @flow(cache=False)
    def ten(start: int) -> int:
        for _ in range(10):
            start = add(start, 1)
        return start

    @flow(cache=False)
    def thousand() -> int:
        total = 0
        for number in range(1000):
            total = add(total, number)
        return total

    @flow(cache=False)
    def crowd() -> int:
        return sum(future.result() for future in [add.submit(n, n) for n in range(200)])
"""
EXECUTIONS = 50
AT_A_TIME = 8


def test_fifty_executions_eight_at_a_time_beside_a_reader(project, home):
    project.write("load.py", FLOWS)
    project.write(
        "main.py",
        f"""
        import json
        from load import *

        executions = KitaruClient().executions
        over = threading.Event()
        seen, looks = set(), []

        def read():
            while not over.is_set():
                listed = executions.list(limit=200)
                looks.append(len(listed))
                seen.update(str(execution.status) for execution in listed)
                over.wait(0.1)

        def one(number):
            handle = ten.run(number)
            return handle.exec_id, handle.wait(timeout=300, progress=False)

        with ThreadPoolExecutor({AT_A_TIME} + 1) as pool:
            reader = pool.submit(read)
            try:
                done = list(pool.map(one, range({EXECUTIONS})))
            finally:
                over.set()
            reader.result()
        listed = executions.list(limit=200)
        assert sorted(exec_id for exec_id, _ in done) == sorted(e.exec_id for e in listed)
        print(json.dumps([[value for _, value in done], sorted({{str(e.status) for e in listed}}), looks, sorted(seen)]))
        """,
    )
    done = project.run("main.py", timeout=800)
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
    project.write("load.py", FLOWS)
    project.write(
        "main.py",
        """
        from load import *

        handles = [crowd.run(), thousand.run()]
        assert handles[0].wait(timeout=800, progress=False) == 2 * sum(range(200))
        assert handles[1].wait(timeout=800, progress=False) == sum(range(1000))
        for handle, count in zip(handles, (200, 1000)):
            checkpoints = handle.execution.checkpoints
            assert len(checkpoints) == count, len(checkpoints)
            assert {(str(c.status), len(c.attempts)) for c in checkpoints} == {("completed", 1)}
        """,
    )
    project.run("main.py", timeout=850)
