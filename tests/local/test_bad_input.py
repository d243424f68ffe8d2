"""Bad input gets an error that says what happened, why, and what to do next, and leaves nothing half-made."""

from __future__ import annotations

import json

from tests.mounts import run_with_mounts

# Each script collects what it is told into this, and checks all of it.
EXPECT = """
    import os, sys
    from pathlib import Path
    import kitaru
    from kitaru import checkpoint, flow

    def refused(call, kind, *parts):
        try:
            result = call()
        except kind as error:
            assert type(error) is kind, type(error)
            missing = [part for part in parts if part.lower() not in str(error).lower()]
            assert not missing, f"{missing} not in: {error}"
            return error
        raise AssertionError(f"nothing was raised, but {result!r} returned; expected {parts}")
"""


def executions(home):
    """Names of the directories of local runners."""
    folder = home.zenml / "kitaru" / "executions"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.exists() else []


def test_wrong_options_are_refused_at_every_door(project, home):
    project.write("expect.py", EXPECT)
    project.write(
        "main.py",
        """
        from expect import *

        Usage = kitaru.KitaruUsageError
        ran = []

        @flow
        def f(x: int = 1) -> int:
            return x

        for wrong in (-1, True, 1.5, "2", [1]):
            for where, call in {
                "@flow": lambda: flow(retries=wrong),
                ".run": lambda: f.run(retries=wrong),
                "with_options": lambda: f.with_options(retries=wrong),
                "configure": lambda: kitaru.configure(retries=wrong),
            }.items():
                refused(call, Usage, "retries", where, repr(wrong), "a whole number, 0 or more")
            refused(lambda: checkpoint(retries=wrong), Usage, "@checkpoint", "retries", repr(wrong))
        for option, wrong in {"cache": "yes", "stack": 7, "image": 3}.items():
            refused(lambda: f.run(**{option: wrong}), Usage, option, ".run", repr(wrong))
            refused(lambda: f.with_options(**{option: wrong}), Usage, option, "with_options", repr(wrong))
            refused(lambda: flow(**{option: wrong}), Usage, option, "@flow", repr(wrong))
            refused(lambda: kitaru.configure(**{option: wrong}), Usage, option, "configure", repr(wrong))

        # Arguments that do not fit the flow.
        refused(lambda: f.run(1, 2), Usage, "'f'", "too many positional arguments")
        refused(lambda: f.run(y=1), Usage, "'f'", "'y'")
        refused(lambda: f.run(1, x=2), Usage, "'f'", "'x'")
        refused(lambda: f(1), Usage, "f.run(...)", "f.func(...)")

        # Functions that cannot be a flow.
        for name in ("stack", "image", "cache", "retries"):
            scope = {}
            exec(f"def taken({name}): return 1", scope)
            refused(lambda: flow(scope["taken"]), Usage, "'taken'", repr(name), "Rename the parameter")

        def keywords(**options): return options
        assert flow(keywords)  # **options may be called like that, only named parameters clash

        class Body:
            def method(self): return 1
            @staticmethod
            def static(): return 1
        refused(lambda: flow(Body), Usage, "@flow", "function", "class")
        refused(lambda: flow(Body.method), Usage, "@flow", "method", "Body.method", "top level")
        refused(lambda: flow(Body().method), Usage, "@flow", "method", "top level")
        refused(lambda: flow(len), Usage, "@flow", "function", "len")
        refused(lambda: flow(lambda: 1), Usage, "@flow", "lambda", "def")
        refused(lambda: flow(f), Usage, "@flow", "already a flow")
        refused(lambda: flow("name"), Usage, "@flow", "function", "'name'")
        def generator(): yield 1
        refused(lambda: flow(generator), Usage, "'generator'", "generator", "return")
        async def agenerator(): yield 1
        refused(lambda: flow(agenerator), Usage, "'agenerator'", "generator", "return")
        assert flow(Body.static)  # a plain function that hangs on a class

        # The handle.
        Timeout = (-1, "x", True, float("nan"))
        handle = kitaru.FlowHandle("0a1b2c3d-0000-4000-8000-000000000000")
        for wrong in Timeout:
            refused(lambda: handle.wait(timeout=wrong), Usage, "timeout", repr(wrong), "seconds")
        for unknown in ("0a1b2c3d-0000-4000-8000-000000000000",):
            refused(lambda: kitaru.FlowHandle.from_id(unknown), Usage, unknown, "no execution", "zenml status")
            refused(lambda: kitaru.FlowHandle(unknown).status, Usage, unknown)
            refused(lambda: kitaru.FlowHandle(unknown).wait(), Usage, unknown)
        for nonsense in ("", "nonsense", "../../etc/passwd", None, 7):
            refused(lambda: kitaru.FlowHandle.from_id(nonsense), Usage, repr(nonsense), "id looks like")
        """,
    )
    project.run("main.py")
    assert executions(home) == []
    assert not home.processes()


def test_settings_that_are_wrong_name_their_layer_and_start_nothing(project, home):
    project.write("expect.py", EXPECT)
    project.write(
        "work.py",
        """
        from kitaru import checkpoint, flow

        @checkpoint
        def one() -> int:
            return 1

        @flow
        def f() -> int:
            return one()

        @flow(stack="nowhere")
        def elsewhere() -> int:
            return one()

        @flow
        def takes(first, second=None, *rest, **more):
            return 1
        """,
    )
    project.write(
        "main.py",
        """
        import threading
        from expect import *
        from work import elsewhere, f, takes

        Usage, Stack = kitaru.KitaruUsageError, kitaru.KitaruStackError
        os.environ["KITARU_PROGRESS"] = "off"

        # An unknown stack: what exists, and the layer that named it.
        known = ("'nowhere'", "Existing stacks: default", "kitaru stack list")
        refused(lambda: f.run(stack="nowhere"), Stack, ".run(stack=)", *known)
        refused(elsewhere.run, Stack, "@flow(stack=)", *known)
        refused(f.with_options(stack="nowhere").run, Stack, "with_options(stack=)", *known)
        kitaru.configure(stack="nowhere")
        refused(f.run, Stack, "configure(stack=)", *known)
        kitaru.configure(stack=None)
        os.environ["KITARU_STACK"] = "nowhere"
        refused(f.run, Stack, "KITARU_STACK", *known)
        del os.environ["KITARU_STACK"]
        pyproject = Path("pyproject.toml")
        pyproject.write_text('[tool.kitaru]\\nstack = "nowhere"\\n')
        refused(f.run, Stack, str(pyproject.resolve()), "[tool.kitaru]", *known)
        # A prefix of a name is no name.
        pyproject.unlink()
        refused(lambda: f.run(stack="def"), Stack, "'def'", ".run(stack=)")

        # Malformed variables.
        for variable, text, *parts in (
            ("KITARU_RETRIES", "-1", "a whole number, 0 or more"),
            ("KITARU_RETRIES", "two", "a whole number"),
            ("KITARU_RETRIES", "1.5", "a whole number"),
            ("KITARU_CACHE", "maybe", "true, false"),
            ("KITARU_IMAGE", '{"base_image": ', "JSON"),
            ("KITARU_IMAGE", '{"base_imag": "x"}', "base_imag", "base_image"),
            ("KITARU_LOCAL_RUNNER", "fork", "process, thread or inline"),
        ):
            os.environ[variable] = text
            refused(f.run, Usage, variable, *parts)
            del os.environ[variable]
        os.environ["KITARU_PROGRESS"] = "loud"
        refused(lambda: kitaru.FlowHandle("0a1b2c3d-0000-4000-8000-000000000000").wait(), Usage, "KITARU_PROGRESS", "'loud'")
        os.environ["KITARU_PROGRESS"] = "off"

        # A broken pyproject.toml.
        for text, *parts in (
            ("[tool.kitaru\\n", "not valid TOML", "line 1"),
            ("[tool.kitaru]\\nretries = -1\\n", "retries", "-1"),
            ("[tool.kitaru]\\nretrys = 1\\n", "retrys", "retries"),
            ("[tool]\\nkitaru = 3\\n", "must be a table"),
        ):
            pyproject.write_text(text)
            refused(f.run, Usage, str(pyproject.resolve()), *parts)
        pyproject.write_bytes(b"\\xff\\xfe")
        refused(f.run, Usage, str(pyproject.resolve()), "cannot be read")
        pyproject.unlink()

        # Inputs that cannot be stored.
        lock = threading.Lock()
        refused(lambda: takes.run(lock), Usage, "'first'", "'takes'", "lock", "cannot be")
        refused(lambda: takes.run(1, second={"a": lock}), Usage, "'second'", "'takes'")
        refused(lambda: takes.run(1, 2, lock), Usage, "'rest'", "'takes'")
        refused(lambda: takes.run(1, extra=lock), Usage, "'more'", "'takes'")
        refused(lambda: takes.run(x for x in "ab"), Usage, "'first'", "generator")

        class Hostile:
            def __reduce__(self):
                raise RuntimeError("not me")
        refused(lambda: takes.run(Hostile()), Usage, "'first'", "not me")

        from zenml.client import Client
        assert Client().list_pipeline_runs().total == 0, "something was submitted"

        # A stack that cannot run flows, or that is not whole.
        from zenml.enums import StackComponentType
        client = Client()
        for flavor in ("airflow", "kubeflow"):
            made = client.create_stack_component(
                name=flavor, flavor=flavor, component_type=StackComponentType.ORCHESTRATOR, configuration={}
            )
            client.create_stack(
                name=f"on_{flavor}",
                components={StackComponentType.ORCHESTRATOR: made.id, StackComponentType.ARTIFACT_STORE: "default"},
            )
        refused(
            lambda: f.run(stack="on_airflow"), Stack, "'on_airflow'", "'airflow'", "dynamic pipelines", "local_docker"
        )
        told = refused(lambda: f.run(stack="on_kubeflow"), Stack, "'on_kubeflow'", "zenml integration install kubeflow")
        assert "\\n" not in str(told), told
        assert client.list_pipeline_runs().total == 0
        assert client.active_stack_model.name == "default"

        # After all that the same process can still run a flow.
        assert f.run().wait() == 1
        """,
    )
    project.run("main.py")
    assert len(executions(home)) == 1


def test_a_flow_that_the_runner_cannot_import_fails_with_the_reason(project, home):
    project.write("expect.py", EXPECT)
    project.write(
        "only_here.py",
        """
        import sys
        from kitaru import flow

        if "worker" in sys.argv:
            raise RuntimeError("no licence for this machine")

        @flow
        def f() -> int:
            return 1
        """,
    )
    project.write(
        "exits.py",
        """
        import sys
        from kitaru import flow

        if "worker" in sys.argv:
            sys.exit(3)

        @flow
        def f() -> int:
            return 1
        """,
    )
    plain = "from kitaru import flow\n\n@flow\ndef f() -> int:\n    return 1\n"
    project.write("deleted.py", plain)
    # A file that is gone by the time the runner looks for it.
    project.write("gone/inner.py", plain)
    project.write(
        "gone/__init__.py",
        """
        import sys
        from pathlib import Path

        if "worker" in sys.argv:
            Path(__file__).with_name("inner.py").unlink()
        """,
    )
    project.write(
        "main.py",
        """
        from expect import *

        if __name__ == "__main__":
            import deleted, exits, gone.inner, only_here

            @flow
            def hidden() -> int:
                return 1

            Path("deleted.py").unlink()
            refused(deleted.f.run, kitaru.KitaruUsageError, "'f'", "deleted.py", "is not there any more")
            handles = {
                "RuntimeError": (only_here.f.run(), "no licence for this machine"),
                "SystemExit": (exits.f.run(), "3"),
                "KitaruUsageError": (hidden.run(), '`if __name__ == "__main__":`'),
                "ModuleNotFoundError": (gone.inner.f.run(), "gone.inner"),
            }
            for kind, (handle, text) in handles.items():
                error = refused(lambda: handle.wait(timeout=300), kitaru.KitaruUserCodeError, text, handle.exec_id, kind)
                assert error.failure_origin == "import", error.failure_origin
                assert error.exception_type.rpartition(".")[2] == kind, error.exception_type
                assert handle.status == "failed" and handle.execution.status_reason
                assert "kitaru executions retry" in error.recovery
            failed = handles["RuntimeError"][0]
            assert "only_here.py" in refused(failed.get, kitaru.KitaruUserCodeError).traceback

            # What is told of the next attempt is its own failure.
            Path("only_here.py").write_text("raise LookupError('another one')")
            kitaru.KitaruClient().executions.retry(failed.exec_id)
            error = refused(lambda: failed.wait(timeout=300), kitaru.KitaruUserCodeError, "another one")
            assert "LookupError" in error.exception_type, error.exception_type
        """,
    )
    project.run("main.py")


# -- disks that refuse ------------------------------------------------------------------------------------------------


FLOW = """
    import sys, time
    from pathlib import Path
    from kitaru import checkpoint, flow

    @checkpoint
    def one() -> int:
        return 1

    @checkpoint
    def patient() -> int:
        Path("in-checkpoint").touch()
        while not Path("go").exists():
            time.sleep(0.02)
        return 2

    @flow
    def f(text: str = "") -> int:
        return one()

    @flow
    def slow() -> int:
        return one() + patient()
"""


def test_a_read_only_home_is_refused_with_what_to_do(project, home):
    project.write("expect.py", EXPECT)
    project.write("work.py", FLOW)
    project.write(
        "main.py",
        """
        from expect import *
        import psutil
        from work import f

        for call in (f.run, lambda: f.run("x" * 10_000), lambda: f.run(retries=2)):
            error = refused(call, kitaru.KitaruBackendError, "read-only", "rights")
            print(error)
            assert error.__cause__ is not None
        assert not psutil.Process().children(recursive=True)
        """,
    )
    script = 'mount --bind "$HOME" "$HOME" && mount -o remount,ro,bind "$HOME" && "$PYTHON" main.py'
    done = run_with_mounts(project, script)
    assert str(home.path) in done.stdout
    assert executions(home) == []


def test_a_full_disk_is_refused_with_what_to_do_and_an_execution_on_it_ends_with_the_reason(project, home):
    project.write("expect.py", EXPECT)
    project.write("work.py", FLOW)
    project.write(
        "fill.py",
        """
        import os
        from pathlib import Path

        ballast = Path(os.environ["HOME"]) / "ballast"

        def fill():
            with ballast.open("ab", buffering=0) as file:
                for size in (65536, 4096, 1):
                    try:
                        while True:
                            file.write(b"0" * size)
                    except OSError:
                        pass
        """,
    )
    project.write(
        "main.py",
        """
        from expect import *
        import json, time
        import psutil
        from fill import ballast, fill
        from work import f, slow

        base = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions"

        # Before the submission: it is refused, and nothing is left.
        fill()
        for call in (f.run, lambda: f.run("x" * 10_000)):
            error = refused(call, kitaru.KitaruBackendError)
            assert "disk" in str(error) or "space" in str(error), error
            print(error)
        assert not psutil.Process().children(recursive=True)
        assert not base.exists() or not list(base.iterdir()), list(base.iterdir())
        ballast.unlink()

        # In the middle of a run: it ends, and a later look says why.
        handle = slow.run()
        while not Path("in-checkpoint").exists():
            time.sleep(0.02)
        fill()
        Path("go").touch()
        state = json.loads((base / handle.exec_id / "runner.json").read_text())
        processes = [psutil.Process(p["pid"]) for p in state["processes"] if psutil.pid_exists(p["pid"])]
        gone, alive = psutil.wait_procs(processes, timeout=300)
        assert not alive, f"still there on a full disk: {alive}"
        ballast.unlink()
        try:
            value = handle.wait(timeout=300)
        except kitaru.KitaruExecutionError as error:
            print(type(error).__name__, error)
            assert "full" in str(error) or "space" in str(error), error
        else:
            raise AssertionError(f"it completed with {value}")
        assert f.run().wait() == 1
        """,
    )
    script = """
        mkdir "$HOME.copy" && cp -a "$HOME/." "$HOME.copy" && mount -t tmpfs -o size=24m none "$HOME"
        cp -a "$HOME.copy/." "$HOME" && "$PYTHON" main.py
    """
    done = run_with_mounts(project, script)
    json.dumps(done.stdout)
