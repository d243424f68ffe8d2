"""Checkpoints as a flow's body calls them: values, futures, maps, several outputs, names, caches, failures, context."""

from __future__ import annotations


def test_calls_return_values_and_futures_take_their_time(project):
    project.write(
        "main.py",
        """
        import time
        from pathlib import Path
        import pandas as pd
        from kitaru import KitaruTimeoutError, KitaruUsageError, checkpoint, flow, unmapped

        @checkpoint
        def number(x): return x

        @checkpoint
        def text(x): return f"text {x}"

        @checkpoint
        def add(a, b=10, *more, **named): return a + b + sum(more) + sum(named.values())

        @checkpoint
        def items(n): return list(range(n))

        @checkpoint
        def late(x, name):
            while not Path(name).exists(): time.sleep(0.01)
            return x

        @checkpoint
        def boom(x): raise LookupError(f"no {x}")

        @checkpoint
        def timed_out(): raise TimeoutError("the checkpoint's own")

        @checkpoint
        def seen(value): return repr(value)

        @checkpoint
        def total(value): return value["frame"]["a"].sum() + value["rest"][0] + value["rest"][1][0]

        def raises(kind, call, *words):
            try:
                call()
            except kind as error:
                assert type(error) is kind and all(word in str(error) for word in words), repr(error)
                return error
            raise AssertionError(f"no {kind}")

        @flow
        def f():
            for name in ("one", "two"): Path(name).unlink(missing_ok=True)

            # A call returns the value.
            assert number(3) + 1 == 4 and text(1).upper() == "TEXT 1" and [*items(3), 9][-1] == 9
            if number(5) > 3: reached = True
            assert reached and add(1) == 11 and add(1, 2, 3, k=4) == 10 and add(b=1, a=1) == 2
            raises(KitaruUsageError, lambda: add(), "add(a, b=10", "missing a required argument: 'a'")
            raises(KitaruUsageError, lambda: number(1, 2), "too many positional")

            # A future is waited for.
            future = late.submit(7, "one")
            assert not future.done() and future.name == "late"
            raises(KitaruTimeoutError, lambda: future.result(timeout=0.05), "late", "0.05 s")
            assert "pending" in repr(future)
            Path("one").touch()
            assert future.result() == 7 == future.result(timeout=1) and future.done() and future.exception() is None
            failed = boom.submit(1)
            assert isinstance(failed.exception(), LookupError)
            raises(LookupError, failed.result, "no 1")
            raises(TimeoutError, timed_out.submit().result, "own")  # and no KitaruTimeoutError

            # map and product
            assert number.map([1, 2]).results() == [1, 2]
            assert number.map(range(3)).results() == [0, 1, 2]
            assert number.map((1, 2)).results() == [1, 2]
            assert number.map(x * 2 for x in range(2)).results() == [0, 2]
            assert number.map(items(2)).results() == [0, 1]
            assert number.map(items.submit(2)).results() == [0, 1]
            first = number.map([4, 5])
            assert number.map(first).results() == [4, 5] and [f.result() for f in first] == [4, 5]
            assert add.map([1, 2], [3, 4]).results() == [4, 6]
            assert add.map([1, 2], b=[3, 4], k=5).results() == [9, 11]
            assert add.map([1, 2], 5).results() == [6, 7]
            assert seen.map([1, 2]).results() == ["1", "2"] and number.map([]).results() == []
            assert late.map([1], unmapped("one")).results() == [1] and late.map([1], "one").results() == [1]
            assert number.map([[1], [2]]).results() == [[1], [2]]
            assert add.product([1, 2], [10, 20]).results() == [11, 21, 12, 22]
            assert add.product([1], b=[2, 3]).results() == [3, 4] and add.product([1], []).results() == []
            raises(KitaruUsageError, lambda: add.map([1, 2], [1, 2, 3]), "[2, 3]", "unmapped", "product")
            raises(KitaruUsageError, lambda: number.map(3), "number.map", "submit")
            raises(KitaruUsageError, lambda: number.product("text"), "number.product", "submit")
            raises(KitaruUsageError, lambda: number.map({"a": 1}), "number.map")
            raises(KitaruUsageError, lambda: number.map(unmapped([1])), "number.map")

            # Futures are passed on, alone and among values.
            a, b = number.submit(1), number.submit(2)
            assert number(a) == 1 and add(a, b) == 3 and add(a, b=b, c=a) == 4 and add(*[a, b]) == 3
            assert seen([a, 5, (b, {"k": a, 7: [b]})]) == "[1, 5, (2, {'k': 1, 7: [2]})]"
            assert seen([[a, b], 3]) == "[[1, 2], 3]" and seen(((a,), [])) == "((1,), [])"
            assert seen({"x": a, (1, 2): b}) == "{'x': 1, (1, 2): 2}"
            assert seen({"frames": [pd.DataFrame({"a": [1]}), [a, b]]}).startswith("{'frames': [   a")
            assert seen([pd.DataFrame({"a": [1]}), [a, b]]).endswith("[1, 2]]")
            assert total({"frame": pd.DataFrame({"a": [1, 2]}), "rest": [a, (b,)]}) == 6
            assert seen(first) == "[4, 5]" and seen([first, first[0]]) == "[[4, 5], 4]"
            assert seen(number.submit([1, (2,)])) == "[1, (2,)]"
            assert seen([boom.submit(9).exception() is None]) == "[False]"
            raises(LookupError, lambda: number(boom.submit(3)), "no 3")
            raises(LookupError, lambda: number([1, boom.submit(4)]), "no 4")

            # They may stand in the flow's result, waited for or not.
            Path("two").touch()
            return {"one": a, "list": [late.submit(8, "two"), (b, 3)], "map": number.map([1, 2]), "frame": pd.DataFrame({"a": [1]})}

        @flow
        def future_alone(): return items.submit(2)

        @flow
        def futures_alone(): return number.map([1, 2])

        @flow
        def tuple_of(): return number.submit(1), number(2)

        if __name__ == "__main__":
            handles = [g.run(cache=False) for g in (f, future_alone, futures_alone, tuple_of)]
            result = handles[0].wait(progress=False)
            frame = result.pop("frame")
            assert frame["a"].tolist() == [1]
            print(result, *(h.wait(progress=False) for h in handles[1:]))
        """,
    )
    assert project.run("main.py").stdout == ("{'one': 1, 'list': [8, (2, 3)], 'map': [1, 2]} [0, 1] [1, 2] (1, 2)\n")


def test_several_outputs_by_annotation(project):
    declarations = """
        from typing import Annotated, Any, NamedTuple, Optional, Tuple
        import decimal
        from kitaru import checkpoint, flow

        class Both(NamedTuple):
            a: int
            b: str

        @checkpoint
        def pair() -> tuple[int, str]: return 1, "a"

        @checkpoint
        def named() -> tuple[Annotated[int, "count"], Annotated[list[int], "rows"]]: return 2, [3]

        @checkpoint
        def old() -> Tuple[int, Optional[str]]: return 3, None

        @checkpoint
        def listed() -> tuple[int, int]:
            result = [1, 2]
            return result

        @checkpoint
        def variable() -> tuple[int, tuple[int, ...]]:
            def inner(): return 1, 2
            result = (1, (2,))
            return result

        @checkpoint
        def either(_, flag=False) -> tuple[int, int]:
            if flag:
                return 1, 2
            return [3, 4]

        @checkpoint
        def many() -> tuple[int, ...]: return (1, 2, 3)

        @checkpoint
        def one() -> Annotated[int, "answer"]: return 42

        @checkpoint
        def whole() -> Both: return Both(1, "b")

        @checkpoint
        def unknown() -> "tuple[Missing, int]": return 1, 2

        @checkpoint
        def nothing() -> None: pass

        @checkpoint
        def wrong() -> int: return "a string"

        @checkpoint
        def add(a, b): return (a, b)

        @flow(retries=1)
        def f():
            results = []
            for cp in (pair, named, old, listed, variable, many, one, whole, unknown, nothing, wrong):
                value = cp()
                assert add(value, 1) == (value, 1), (cp, value)
                assert add(cp.submit(), 1) == (value, 1), (cp, value)
                results.append(value)
            assert (either(0), either(0, True)) == ((3, 4), (1, 2))
            count, rows = named()
            assert add(count, rows) == (2, [3])
            if not Path("again").exists():
                Path("again").touch()
                Path("first").write_text(repr(results))
                raise RuntimeError("again")
            assert repr(results) == Path("first").read_text(), results
            return results

        if __name__ == "__main__":
            from pathlib import Path
            Path("again").unlink(missing_ok=True)
            handle = f.run(cache=False)
            print(handle.wait(progress=False))
            from zenml.client import Client
            steps = Client().get_pipeline_run(handle.exec_id).steps
            assert sorted(steps["named"].outputs) == ["count", "rows"], steps["named"].outputs
            assert list(steps["one"].outputs) == ["answer"] and not steps["nothing"].outputs
            assert len(steps["pair"].outputs) == 2 and len(steps["many"].outputs) == len(steps["unknown"].outputs) == 1
        from pathlib import Path
    """
    expected = "[(1, 'a'), (2, [3]), (3, None), [1, 2], (1, (2,)), (1, 2, 3), 42, Both(a=1, b='b'), (1, 2), None, 'a string']\n"
    project.write("main.py", declarations)
    assert project.run("main.py").stdout.splitlines(keepends=True)[0] == expected
    project.write("later.py", "\n        from __future__ import annotations\n" + declarations)
    assert project.run("later.py").stdout.splitlines(keepends=True)[0] == expected


def test_failures_are_the_bodys_business_until_nobody_looks(project):
    project.write(
        "main.py",
        """
        import time
        from pathlib import Path
        from kitaru import KitaruUserCodeError, checkpoint, flow

        @checkpoint
        def ok(x): return x

        @checkpoint
        def boom(x): raise LookupError(f"no {x}")

        @checkpoint(retries=2)
        def third_time(name):
            with Path(name).open("a") as file: file.write("x")
            if len(Path(name).read_text()) < 3: raise OSError("not yet")
            return "at last"

        @checkpoint(retries=1)
        def never():
            with Path("never").open("a") as file: file.write("x")
            raise OSError("never")

        @flow
        def caught():
            try: boom(1)
            except LookupError as error: first = str(error)
            try: boom.submit(2).result()
            except LookupError as error: second = str(error)
            future = boom.submit(3)
            assert isinstance(future.exception(), LookupError)
            third = [type(f.exception()).__name__ for f in boom.map([4, 5])]
            try: never()
            except OSError: pass
            return first, second, third, ok("after"), third_time("call"), third_time.submit("submit")

        @flow
        def nobody_looked():
            boom.submit("one")
            ok("fine")
            Path("went-on").touch()
            return ok("done")

        @flow
        def nobody_looked_at_a_dependent():
            ok.submit(boom.submit("two"))
            return ok("done")

        @flow
        def raised_again():
            try:
                boom("three")
            except LookupError as error:
                raise ValueError("worse") from error

        if __name__ == "__main__":
            handles = [g.run(cache=False) for g in (caught, nobody_looked, nobody_looked_at_a_dependent, raised_again)]
            print(handles[0].wait(progress=False))
            tries = {c.name: (len(c.attempts), c.status) for c in handles[0].execution.checkpoints}
            assert tries["third_time"] == tries["third_time_2"] == (3, "completed"), tries
            assert tries["never"] == (2, "failed") and tries["boom"] == (1, "failed"), tries
            assert Path("call").read_text() == Path("submit").read_text() == "xxx" and Path("never").read_text() == "xx"

            def error_of(handle):
                try: handle.wait(progress=False)
                except KitaruUserCodeError as error: return error
                raise AssertionError("it completed")

            error = error_of(handles[1])
            assert Path("went-on").exists() and error.checkpoint == "boom" and error.failure_origin == "checkpoint"
            assert error.exception_type == "builtins.LookupError" and error.exception_message == "no one", vars(error)
            error = error_of(handles[2])
            assert error.checkpoint == "boom" and "no two" in str(error), error
            error = error_of(handles[3])
            assert error.failure_origin == "flow" and error.checkpoint is None and error.exception_type == "builtins.ValueError"
            assert "LookupError: no three" in error.traceback and "direct cause" in error.traceback, error.traceback
        """,
    )
    assert (
        project.run("main.py").stdout
        == "('no 1', 'no 2', ['LookupError', 'LookupError'], 'after', 'at last', 'at last')\n"
    )


def test_factories_names_and_the_cache(project):
    project.write(
        "main.py",
        """
        import sys, uuid
        from dataclasses import dataclass
        from pathlib import Path
        import pandas as pd
        from pydantic import BaseModel
        from kitaru import checkpoint, flow

        class A(BaseModel):
            x: int

        class B(BaseModel):
            x: int

        def scaler(factor, offset=None):
            @checkpoint
            def scale(x): return x * factor + (offset or [0])[0]
            return scale

        double, triple = scaler(2), scaler(3)

        def recursive():
            @checkpoint
            def again(n): return n if n == 0 else again.func(n - 1)
            return again

        @checkpoint
        def fresh(*args, **kwargs): return uuid.uuid4().hex

        @checkpoint(cache=False)
        def always(x): return uuid.uuid4().hex

        @checkpoint(cache=True)
        def kept(x): return uuid.uuid4().hex

        @checkpoint
        def fresh_2(): return uuid.uuid4().hex

        @checkpoint
        def grow(x): return x + [1]

        @checkpoint
        def edited(x):
            return uuid.uuid4().hex  # version 1

        @flow
        def names():
            made = [scaler(n)(10) for n in (4, 5)]
            return double(10), triple(10), made, scaler(1, [7])(1), recursive()(3), [cp(2) for cp in (double, triple)]

        @flow
        def cached(marks=()):
            return {
                "none": fresh(), "int": fresh(1), "str": fresh("1"), "True": fresh(True), "float": fresh(1.0),
                "None": fresh(None), "text None": fresh("None"),
                "split": fresh(a="1b", b=""), "unsplit": fresh(a="1", b="b"),
                "list": fresh([1, 2]), "tuple": fresh((1, 2)), "set": fresh({1, 2}), "strs": fresh(["1", "2"]),
                "model a": fresh(A(x=1)), "model b": fresh(B(x=1)), "frame": fresh(pd.DataFrame({"a": [1]})),
                "big": fresh("x" * 10_000), "bytes": fresh(b"xy"), "chain": fresh(grow(grow([0]))),
                "other name": fresh_2(), "always": always(1), "kept": kept(1), "edited": edited(1),
                "future": fresh([grow.submit([5]), 2]), "shape": fresh((grow.submit([5]), 2)),
            }

        if __name__ == "__main__":
            handle = names.run()
            print(handle.wait(progress=False))
            print([c.name for c in handle.execution.checkpoints])
            first = cached.run()
            one = first.wait(progress=False)
            assert len(set(one.values())) == len(one), sorted(one, key=one.get)
            assert [c.status for c in first.execution.checkpoints].count("cached") == 1, "grow([5]) twice"
            second = cached.run()
            two = second.wait(progress=False)
            assert {name for name in one if one[name] != two[name]} == {"always"}, (one, two)
            states = {c.name: c.status for c in second.execution.checkpoints}
            assert states["always"] == "completed" and states["fresh"] == states["kept"] == "cached", states
            three = cached.run(cache=False).wait(progress=False)
            assert {name for name in one if one[name] == three[name]} == {"kept"}, (one, three)
            print("cached")
        """,
    )
    out = project.run("main.py").stdout.splitlines()
    assert out[0] == "(20, 30, [40, 50], 8, 0, [4, 6])"
    assert out[1] == str(["scale", "scale_2", "scale_3", "scale_4", "scale_5", "again", "scale_6", "scale_7"])
    assert out[2] == "cached"
    # Changed code is another checkpoint, and only that one runs again.
    source = (project.path / "main.py").read_text()
    (project.path / "main.py").write_text(source.replace("# version 1", "# version 2"))
    project.write(
        "after.py",
        """
        import main
        handle = main.cached.run()
        handle.wait(progress=False)
        print(sorted(c.name for c in handle.execution.checkpoints if c.status != "cached"))
        """,
    )
    assert project.run("after.py").stdout == "['always', 'edited']\n"


def test_calls_in_the_wrong_place_say_where_they_belong(project):
    project.write(
        "main.py",
        """
        import threading
        from kitaru import KitaruContextError, KitaruUsageError, checkpoint, flow

        @checkpoint
        def inner(): return 1

        @checkpoint
        def outer(how):
            call = {"call": inner, "submit": inner.submit, "map": lambda: inner.map([1]), "func": inner.func}[how]
            return call()

        @flow
        def other(): return 1

        def raises(kind, call, *words):
            try:
                call()
            except kind as error:
                assert all(word in str(error) for word in words), str(error)
                return
            raise AssertionError(f"no {kind}")

        @flow
        def f():
            for how in ("call", "submit", "map"):
                raises(KitaruContextError, lambda: outer(how), "'inner'", "inside checkpoint 'outer", "inner.func(")
            assert outer("func") == 1
            raises(KitaruContextError, other.run, "other.run(...)", "body of a flow", "inside a checkpoint", "other.func")
            raises(KitaruUsageError, other, "other.run(...).wait()")
            found = []
            def user_thread():
                try: inner()
                except KitaruContextError as error: found.append(str(error))
            thread = threading.Thread(target=user_thread)
            thread.start()
            thread.join()
            assert "thread" in found[0] and "inner.submit" in found[0], found
            return inner()

        class Holder:
            @checkpoint
            def method(self): return 1

        if __name__ == "__main__":
            for call in (inner, inner.submit, lambda: inner.map([1]), lambda: inner.product([1])):
                raises(KitaruContextError, call, "'inner'", "outside a flow", "@flow", ".run(", "inner.func(")
            raises(KitaruUsageError, lambda: Holder().method(), "'method'", "method", "function")
            raises(KitaruUsageError, f, "'f'", "f.run(...).wait()")
            assert inner.func() == 1 and other.func() == 1
            print(f.run().wait(progress=False))
        """,
    )
    assert project.run("main.py").stdout == "1\n"


def test_what_a_plain_zenml_step_in_the_body_returns_can_be_passed_on_and_returned(project):
    project.write(
        "main.py",
        """
        from zenml import step
        from kitaru import checkpoint, flow

        @step
        def number(x: int) -> int:
            return x + 1

        @checkpoint
        def show(value):
            return repr(value)

        @flow
        def passed_on():
            artifact = number(1)  # a plain step gives ZenML's reference to its output, here as in ZenML
            return show(artifact), show([artifact, 5]), [artifact, artifact.load()]

        @flow
        def returned():
            return number(2)

        if __name__ == "__main__":
            handle = passed_on.run(cache=False)
            print(handle.wait(progress=False), returned.run(cache=False).wait(progress=False))
            print({c.name: c.parents for c in handle.execution.checkpoints})
        """,
    )
    out = project.run("main.py", env={"KITARU_LOCAL_RUNNER": "inline"}).stdout.splitlines()
    assert out[-2] == "('2', '[2, 5]', [2, 2]) 3"
    assert out[-1] == "{'number': (), 'show': ('number',), 'show_2': ('number', 'show')}"


def test_a_checkpoint_takes_more_results_than_zenml_keeps_at_hand(project):
    """ZenML keeps a hundred steps for the inputs of later ones, here three, and drops those that it is about to use."""
    project.write(
        "main.py",
        """
        from kitaru import checkpoint, flow

        @checkpoint
        def text(n): return f"text {n}"

        @checkpoint
        def joined(texts): return " ".join(texts)

        @flow
        def f():
            first = text(0)
            futures = [text.submit(n) for n in range(1, 8)]
            both = [joined.submit([first, *futures]), joined.submit([first, *(future.result() for future in futures)])]
            return [future.result() for future in both]

        if __name__ == "__main__":
            handle = f.run()
            whole = " ".join(f"text {n}" for n in range(8))
            assert handle.wait(progress=False) == [whole, whole]
            parents = {call.name: call.parents for call in handle.execution.checkpoints}
            assert len(parents["joined"]) == len(parents["joined_2"]) == 8, parents
        """,
    )
    project.run("main.py", env={"ZENML_EXECUTION_CONTEXT_STEP_RUN_CACHE_SIZE": "3"})
