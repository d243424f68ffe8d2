"""What a checkpoint gets is what the body holds now, and an unchanged result keeps its edge to where it came from."""

from __future__ import annotations

CHECKPOINTS = """
    import sys
    from dataclasses import dataclass, field
    from pathlib import Path
    from typing import Annotated
    import numpy as np
    import pandas as pd
    from pydantic import BaseModel
    from kitaru import checkpoint, flow, unmapped

    class Report(BaseModel):
        title: str
        lines: list[str] = []

    @dataclass
    class Box:
        items: list = field(default_factory=list)

    VALUES = {
        "list": lambda: [1, 2, 3],
        "dict": lambda: {"a": [1]},
        "text": lambda: "a text",
        "bytes": lambda: b"some bytes",
        "number": lambda: 12345,
        "float": lambda: 2.5,
        "tuple": lambda: (1, 2),
        "set": lambda: {1, 2},
        "model": lambda: Report(title="t"),
        "box": lambda: Box([1]),
        "array": lambda: np.arange(3),
        "frame": lambda: pd.DataFrame({"a": [1, 2]}),
    }
    SHARED = {"shared": [1]}
"""

EDGES = """
    def edges(exec_id):
        '''For each checkpoint, the calls whose very artifacts it got, by input.'''
        from zenml.client import Client
        steps = Client().get_pipeline_run(exec_id).steps
        made = {v.id: name for name, step in steps.items() for vs in step.outputs.values() for v in vs}
        return {
            name: {
                key: [made.get(v.id, "stored") for v in (vs if isinstance(vs, list) else [vs])]
                for key, vs in step.inputs.items()
            }
            for name, step in steps.items()
        }
"""


def test_an_unchanged_result_is_passed_on_by_its_artifact(project):
    project.write(
        "main.py",
        CHECKPOINTS
        + EDGES
        + """
    @checkpoint
    def make(kind): return VALUES[kind]()

    @checkpoint
    def take(value): return type(value).__name__

    @checkpoint
    def take_all(**values): return sorted(values)

    @checkpoint
    def pair() -> tuple[Annotated[list, "left"], Annotated[dict, "right"]]: return [1, 2], {"a": 1}

    @checkpoint
    def small(value): return value

    @checkpoint
    def shared(): return SHARED

    @checkpoint
    def again(): return SHARED

    @checkpoint
    def silent() -> None: return None

    @flow
    def f(given):
        for kind in VALUES:                                  # make, make_2, ... and take, take_2, ...
            take(make(kind))
        a, b, c = make("list"), make("dict"), make("text")    # make_13, make_14, make_15
        take([a, {"x": b, "y": (c, 7)}])                      # take_13: containers of results
        left, right = pair()
        take(left)                                            # take_14
        take({"r": right, "l": [left]})                       # take_15
        take(pair.submit())                                   # take_16: a future of several outputs
        take([make.submit("list"), a, silent.submit()])       # take_17: make_16
        take_all(one=a, two=make.submit("text"))              # take_all: make_17
        for value in (None, True, 1, "", "x", b"", ()):
            take(small(value))                                # take_18 to take_24: shared by Python
        first = shared()
        again()
        take(first)                                           # take_25
        take(given)                                           # take_26: the flow's own input
        take(given)                                           # take_27
        take([a[0], a])                                       # take_28
        make.map(["list", "dict"])                            # make_18, make_19
        results = make.map(["text", "list"])                  # make_20, make_21
        take.map(results)                                     # take_29, take_30
        take(results)                                         # take_31
        return {"a": a, "nested": [b, results]}

    @flow
    def whole(): return make("frame")

    if __name__ == "__main__":
        handle = f.run(VALUES["frame"](), cache=False)
        result = handle.wait(progress=False)
        assert result == {"a": [1, 2, 3], "nested": [{"a": [1]}, ["a text", [1, 2, 3]]]}, result
        found = edges(handle.exec_id)
        for i in range(1, 13):
            name, source = ("take", "make") if i == 1 else (f"take_{i}", f"make_{i}")
            assert found[name] == {"value": [source]}, (name, found[name])
        assert found["take_13"]["value"] == ["make_13", "make_14", "make_15"], found["take_13"]
        assert found["take_14"] == {"value": ["pair"]}
        assert found["take_15"]["value"] == ["pair", "pair"]
        assert found["take_16"]["value"] == ["pair_2", "pair_2"]
        assert found["take_17"]["value"] == ["make_16", "make_13"], found["take_17"]
        assert found["take_all"]["values"] == ["make_13", "make_17"], found["take_all"]
        for i in range(18, 25):
            assert "small" not in str(found[f"take_{i}"]), found[f"take_{i}"]
        assert found["take_25"]["value"][0] in ("shared", "again"), found["take_25"]
        assert found["take_26"] == found["take_27"] == {"value": ["stored"]}
        assert found["take_28"]["value"] == ["make_13"]
        assert found["take_29"] == {"value": ["make_20"]} and found["take_30"] == {"value": ["make_21"]}
        assert found["take_31"] == {"value": ["make_20", "make_21"]}
        parents = {c.name: c.parents for c in handle.execution.checkpoints}
        assert set(parents["take_13"]) >= {"make_13", "make_14", "make_15"}

        from zenml.client import Client
        # The result of a flow that is a checkpoint's result is that artifact: no second upload.
        handle = whole.run(cache=False)
        assert handle.wait(progress=False).equals(VALUES["frame"]())
        run = Client().get_pipeline_run(handle.exec_id)
        [output] = run.outputs.values()
        assert [output.id] == [v.id for v in run.steps["make"].outputs["output"]]

        # Only what the body made itself was stored as an input.
        uploads = [v for v in Client().list_artifact_versions(size=1000).items if v.artifact.name.startswith("kitaru_")]
        print(sorted({v.artifact.name.split("_")[1] for v in uploads}), len(uploads))
    """,
    )
    # The flow's frame and its result; three tuples of constants or single characters; what (one) is beside results.
    assert project.run("main.py").stdout == "['flow', 'input', 'result'] 6\n"


def test_a_changed_value_is_passed_as_it_is_now_and_never_a_stale_one(project):
    project.write(
        "main.py",
        CHECKPOINTS
        + EDGES
        + """
    import os, time

    @checkpoint
    def make(kind): return VALUES[kind]()

    @checkpoint
    def show(value):
        if isinstance(value, pd.DataFrame): return value["a"].tolist()
        return str(value)

    @checkpoint
    def show_late(value):
        while not Path("go").exists(): time.sleep(0.01)
        return str(value)

    @checkpoint
    def first_then(value, _after): return str(value)

    def change(kind, value):
        match kind:
            case "list": value.append(4)
            case "dict": value["a"].append(2)
            case "set": value.add(3)
            case "model": value.lines.append("more")
            case "box": value.items[0] = 2
            case "array": value[0] = 9
            case "frame": value.loc[0, "a"] = 9
            case _: return False
        return True

    @flow
    def f():
        Path("go").unlink(missing_ok=True)
        for kind in VALUES:
            value = make(kind)
            before = show(value)
            if change(kind, value):
                after = show(value)
                assert after != before, (kind, before, after)
                expected = value["a"].tolist() if kind == "frame" else str(value)
                assert after == expected, (kind, after, expected)
                nested = show([{"deep": value}, 1])
                assert repr(value) in nested, (kind, nested)

        # What happens to a value after submit() does not reach the checkpoint, started or not.
        values = [make(kind) for kind in ("list", "dict", "box")]
        blocked = [show_late.submit([i]) for i in range(60)]  # every thread is busy
        late = [show_late.submit(value) for value in values]
        mixed = show_late.submit([blocked[0], values[0], {"own": values[1]}])
        plain = [1, [2]]
        own = show_late.submit(plain)
        wanted = [str(value) for value in values]
        plain[1].append(3)
        change("list", values[0]), change("dict", values[1]), change("box", values[2])
        Path("go").touch()
        assert [future.result() for future in late] == wanted, [f.result() for f in late]
        assert own.result() == "[1, [2]]"
        assert mixed.result() == "['[0]', [1, 2, 3], {'own': {'a': [1]}}]", mixed.result()

        # Changed, and changed back: equal to what was stored, which may then be passed on.
        value = make("list")
        value.append(4); value.pop()
        assert show(value) == "[1, 2, 3]"
        # An id that Python has given to another value.
        for i in range(20):
            value = make("list")
            value = [i, "other"]
            assert show(value) == str([i, "other"])
        return value

    if __name__ == "__main__":
        print(f.run(cache=False).wait(progress=False))
    """,
    )
    assert project.run("main.py", env={"KITARU_CONCURRENCY": "4"}).stdout == "[19, 'other']\n"
