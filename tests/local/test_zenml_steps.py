"""Plain ZenML steps in a flow's body: beside checkpoints, with lineage both ways, and recovered like them."""

from __future__ import annotations

import json

STEPS = """
    import json
    import os
    import signal
    import sys
    from pathlib import Path
    from typing import Annotated

    import kitaru
    from zenml import step
    from zenml.config.retry_config import StepRetryConfig
    from kitaru import FlowHandle, KitaruClient, checkpoint, flow

    def ran(name):
        with Path("ran.txt").open("a") as file:
            file.write(name + "\\n")

    @step
    def load(n: int, start: int = 0) -> list[int]:
        ran("load")
        return list(range(start, n))

    @checkpoint
    def double(numbers: list[int]) -> list[int]:
        ran("double")
        return [2 * number for number in numbers]

    @step
    def total(numbers: list[int]) -> int:
        ran("total")
        return sum(numbers)

    @step
    def count(numbers: dict) -> int:
        return len(numbers["all"]) + numbers["more"]

    @checkpoint
    def one(n: int) -> int: return n

    @step
    def inc(n: int) -> int: return n + 1

    @step
    def split(numbers: list[int]) -> tuple[Annotated[list[int], "small"], Annotated[list[int], "large"]]:
        return [n for n in numbers if n < 3], [n for n in numbers if n >= 3]

    @checkpoint
    def keep(value): return value
"""

EDGES = """
    def edges(exec_id):
        '''For each call, the calls whose very artifacts it got.'''
        from zenml.client import Client
        steps = Client().get_pipeline_run(exec_id).steps
        made = {v.id: name for name, step in steps.items() for vs in step.outputs.values() for v in vs}
        listed = lambda vs: vs if isinstance(vs, list) else [vs]
        return {
            name: [made.get(v.id, "stored") for vs in step.inputs.values() for v in listed(vs)]
            for name, step in steps.items()
        }
"""


def test_steps_and_checkpoints_pass_on_artifacts_in_one_flow(project):
    project.write(
        "main.py",
        STEPS
        + EDGES
        + """
    @step(retry=StepRetryConfig(max_retries=1, delay=0))
    def flaky() -> int:
        ran("flaky")
        if Path("ran.txt").read_text().count("flaky") == 1:
            raise ValueError("not yet")
        return 5

    @step
    def broken() -> None:
        raise LookupError("no such thing")

    @step
    def nosy() -> str:
        kitaru.log(seen=True)
        try:
            double([1])
        except kitaru.KitaruContextError:
            return f"{inc(1)} inside"
        return "called"

    def mistakes():
        started = inc.submit(1)                      # inc_7
        found = []
        for mistake in (
            lambda: load(nn=3),
            lambda: inc(1, id="by_name"),
            lambda: inc(2, start_after=started),
        ):
            try:
                mistake()
            except kitaru.KitaruUsageError as error:
                found.append(str(error))
        return found

    @flow
    def mixed(n: int) -> dict:
        numbers = load(n)                            # ZenML's word: an artifact
        doubled = double(numbers)                    # Kitaru's: a value
        assert doubled == [0, 2, 4, 6, 8], doubled
        whole = total(doubled)
        text = total(numbers.load())                 # total_2: a loaded value is known
        few = count({"all": doubled, "more": 1})     # more than a list of artifacts: its values are stored
        small, large = split(doubled)
        keep([small, {"large": large}])
        ones = one.map([7, 8])
        both = total(ones)                           # total_3: a list of futures
        started = inc.submit(n=ones[0])
        later = keep(started)                        # keep_2: a future of ZenML's
        mapped = inc.map(doubled)                    # inc_2 to inc_6
        every = keep(mapped)                         # keep_3
        named = inc(1, id="by_name", after=started)
        try:
            broken()
        except LookupError as error:
            caught = str(error)
        return {
            "mistakes": mistakes(),
            "whole": whole, "text": text.load(), "few": few, "both": both, "later": later, "every": every,
            "mapped": mapped, "named": named, "caught": caught, "flaky": flaky(), "nosy": nosy(), "started": started,
        }

    if __name__ == "__main__":
        handle = mixed.run(5)
        value = handle.wait()
        execution = handle.execution
        calls = {call.name: call for call in execution.checkpoints}
        print(json.dumps([
            value, edges(handle.exec_id), calls["by_name"].parents, calls["nosy"].metadata, calls["count"].parents,
            [attempt.status for attempt in calls["flaky"].attempts], calls["broken"].status,
        ]))
        again = mixed.run(5)
        again.wait()
        print(json.dumps({c.name: c.status for c in again.execution.checkpoints}))
    """,
    )
    first, second = map(json.loads, project.run("main.py").stdout.splitlines()[-2:])
    value, edges, after, logged, parents, attempts, broken = first
    unknown, taken, start_after = value.pop("mistakes")
    assert unknown == "ZenML step 'load' cannot be called like this: got an unexpected keyword argument 'nn'."
    assert taken == "The id 'by_name' of a call of ZenML step 'inc' is taken: choose another."
    assert start_after.startswith("ZenML step 'inc': start_after is not there in a flow.")
    assert value == {
        "whole": 20,
        "text": 10,
        "few": 6,
        "both": 15,
        "later": 8,
        "every": [1, 3, 5, 7, 9],
        "mapped": [1, 3, 5, 7, 9],
        "named": 2,
        "caught": "no such thing",
        "flaky": 5,
        "nosy": "2 inside",
        "started": 8,
    }
    assert edges["double"] == ["load"]
    assert edges["total"] == ["double"]
    assert edges["total_2"] == ["load"]
    assert edges["total_3"] == ["one", "one_2"]
    assert edges["split"] == ["double"]
    assert edges["keep"] == ["split", "split"]
    assert edges["inc"] == ["one"]
    assert edges["keep_2"] == ["inc"]
    assert [edges[f"inc_{i}"] for i in range(2, 7)] == [["double"]] * 5
    assert edges["keep_3"] == [f"inc_{i}" for i in range(2, 7)]
    assert "inc" in after
    assert logged == {"seen": True}
    assert "double" in parents  # though its value was stored once more
    assert (attempts, broken) == (["failed", "completed"], "failed")
    assert {second[name] for name in ("load", "double", "total", "split", "keep", "inc_4")} == {"cached"}


def test_a_completed_step_is_not_run_again_whatever_ends_the_attempt(project):
    project.write(
        "main.py",
        STEPS
        + """
    @checkpoint
    def stumble(how: str, numbers: list[int]) -> int:
        ran("stumble")
        if Path("ran.txt").read_text().count("stumble") == 1:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError("the first time")
        return sum(numbers)

    @flow(cache=False, retries=1)
    def mixed(how: str) -> int:
        started = load.submit(4)
        numbers = load(3)
        found = total.map(started) if how == "map" else [total(numbers)]
        return stumble(how, numbers) + len(found)

    if __name__ == "__main__":
        for how in ("raise", "kill"):
            Path("ran.txt").unlink(missing_ok=True)
            print(mixed.run(how).wait(progress=False), sorted(Path("ran.txt").read_text().split()))
    """,
    )
    expected = "4 ['load', 'load', 'stumble', 'stumble', 'total']"
    assert project.run("main.py").stdout.splitlines()[-2:] == [expected, expected]


def test_a_failed_step_is_tried_again_and_replayed_like_a_checkpoint(project):
    project.write(
        "main.py",
        STEPS
        + """
    @step
    def fails_first(numbers: list[int]) -> int:
        ran("fails_first")
        if Path("ran.txt").read_text().count("fails_first") == 1:
            raise ValueError("the first time")
        return len(numbers)

    @step
    def lost(n: int) -> int:
        raise RuntimeError(f"nobody looks at {n}")

    @flow(cache=False)
    def mixed(n: int = 3, careless: bool = False) -> int:
        if careless:
            lost.submit(n)
            return 1
        numbers = load(n)
        return fails_first(numbers, id="named").load() + one(1)

    if __name__ == "__main__":
        client = KitaruClient()
        handle = mixed.run()
        for attempt in range(2):
            try:
                print(handle.wait(progress=False))
            except kitaru.KitaruUserCodeError as error:
                print(error.checkpoint, error.exception_type, error.exception_message)
                client.executions.retry(handle.exec_id)
        print(sorted(Path("ran.txt").read_text().split()))
        replay = mixed.replay(handle.exec_id, at="one", outputs={"named": 9})
        print(replay.wait(progress=False), [(c.name, c.replay) for c in replay.execution.checkpoints])
        try:
            mixed.run(careless=True).wait(progress=False)
        except kitaru.KitaruUserCodeError as error:
            print(error.checkpoint, error.exception_message)
    """,
    )
    assert project.run("main.py").stdout.splitlines()[-5:] == [
        "named builtins.ValueError the first time",
        "4",
        "['fails_first', 'fails_first', 'load']",
        "10 [('load', 'reused'), ('named', 'overridden'), ('one', 'run')]",
        "lost nobody looks at 3",
    ]


def test_materializers_of_zenmls_integrations_are_there_and_load_no_library_that_nobody_uses(project):
    project.write(
        "main.py",
        """
        import sys
        from zenml import step
        from kitaru import checkpoint, flow

        def libraries():
            from kitaru._zenml.door.installed import LIBRARIES
            return sorted(set(LIBRARIES.values()) & set(sys.modules))

        @checkpoint(cache=False)
        def loaded() -> list[str]:
            return libraries()

        @step(enable_cache=False)
        def fit():
            from sklearn.linear_model import LinearRegression
            return LinearRegression().fit([[1], [2]], [2, 4])

        @checkpoint(cache=False)
        def tree():
            from sklearn.tree import DecisionTreeRegressor
            return DecisionTreeRegressor().fit([[1], [2]], [2, 4])

        @flow(cache=False)
        def training() -> list[str]:
            before = loaded()
            model = fit()
            assert round(model.load().predict([[3]])[0]) == 6 == tree().predict([[2]])[0] + 2
            return before

        if __name__ == "__main__":
            handle = training.run()
            print(libraries(), handle.wait(timeout=300))
            from zenml.client import Client
            for name, ran in sorted(Client().get_pipeline_run(handle.exec_id).steps.items()):
                print(name, ran.outputs["output"][0].materializer.import_path.rpartition(".")[2])
        """,
    )
    *_, first, fitted, _, grown = project.run("main.py").stdout.splitlines()
    assert first == "[] []"
    assert (fitted, grown) == ("fit SklearnMaterializer", "tree SklearnMaterializer")
