"""The first use of Kitaru in a program that has threads: one of them loads ZenML, and the others wait for it."""

from __future__ import annotations

import json

PROGRAM = """
    import json, sys, threading
    from concurrent.futures import ThreadPoolExecutor

    import kitaru
    from kitaru import KitaruClient, checkpoint, flow

    @checkpoint(cache=False)
    def double(x: int) -> int:
        return x * 2

    @flow(cache=False)
    def doubled(x: int) -> int:
        return double(x)

    if __name__ == "__main__":
        executions = KitaruClient().executions
        firsts = [
            lambda: doubled.run(21).wait(timeout=300, progress=False),
            lambda: executions.list(flow="another"),
            lambda: list(executions.pending_waits()),
            lambda: executions.recover(),
            lambda: kitaru.current_stack().name,
            lambda: [stack.name for stack in kitaru.list_stacks()],
            lambda: kitaru.list_secrets(),
            lambda: kitaru.list_models(),
        ]
        together = threading.Barrier(len(firsts))

        def first(use):
            together.wait()
            return use()

        sys.setswitchinterval(1e-5)  # threads take turns in the middle of imports, and not only every 5 ms
        with ThreadPoolExecutor(len(firsts)) as pool:
            futures = [pool.submit(first, use) for use in firsts]
        print(json.dumps([future.result() for future in futures]))
"""


def test_eight_threads_that_use_kitaru_first_in_eight_ways(project):
    project.write("main.py", PROGRAM)
    done = project.run("main.py", timeout=400, loads=True)
    assert json.loads(done.stdout) == [42, [], [], [], "default", ["default"], [], []]
