"""A flow runs in the background, and any process can pick up its result."""

from __future__ import annotations

SLEEPY = """
    import sys, time
    from pathlib import Path
    from kitaru import FlowHandle, KitaruStateError, checkpoint, flow

    @checkpoint
    def nap(seconds: float) -> str:
        while not Path("go").exists():
            time.sleep(0.02)
        return f"slept {seconds}"

    @flow
    def sleepy(seconds: float = 5.0) -> str:
        return nap(seconds)
"""


def test_run_returns_before_the_flow_ends_and_another_process_gets_the_result(project):
    project.write("sleepy.py", SLEEPY)
    project.write(
        "submit.py",
        """
        from sleepy import sleepy
        from kitaru import KitaruStateError

        handle = sleepy.run(2.5)
        assert handle.status in ("pending", "running"), handle.status
        try:
            handle.get()
        except KitaruStateError as error:
            assert "wait()" in str(error)
        else:
            raise AssertionError("get() gave a value of an unfinished execution")
        print(handle.exec_id)
        """,
    )
    exec_id = project.run("submit.py").stdout.strip()
    project.write("go", "")
    project.write(
        "collect.py",
        """
        import sys
        from kitaru import FlowHandle
        handle = FlowHandle.from_id(sys.argv[1])
        print(handle.wait(timeout=300))
        assert handle.status == "completed" and handle.status.is_successful
        assert handle.get() == handle.wait()
        """,
    )
    assert project.run("collect.py", exec_id).stdout == "slept 2.5\n"


def test_wait_times_out_and_the_flow_goes_on(project):
    project.write("sleepy.py", SLEEPY)
    project.write(
        "main.py",
        """
        from pathlib import Path
        from sleepy import sleepy
        from kitaru import KitaruTimeoutError

        handle = sleepy.run()
        try:
            handle.wait(timeout=0.2)
        except TimeoutError as error:
            assert isinstance(error, KitaruTimeoutError)
            assert handle.exec_id in str(error)
        else:
            raise AssertionError("no timeout")
        Path("go").touch()
        print(handle.wait())
        """,
    )
    assert project.run("main.py").stdout == "slept 5.0\n"


def test_nothing_is_left_running_and_no_zombie_stays(project, home, eventually):
    project.write(
        "main.py",
        """
        import psutil, time
        from kitaru import checkpoint, flow

        @checkpoint
        def one(): return 1

        @flow
        def f(): return one()

        if __name__ == "__main__":
            print(f.run().wait())
            deadline = time.monotonic() + 20
            while psutil.Process().children() and time.monotonic() < deadline:
                time.sleep(0.05)
            print(psutil.Process().children())
        """,
    )
    assert project.run("main.py").stdout == "1\n[]\n"
    eventually(lambda: not home.processes(), what="the end of every process")


def test_a_script_that_starts_its_flow_at_top_level_starts_it_once(project):
    project.write(
        "script.py",
        """
        from pathlib import Path
        from kitaru import checkpoint, flow

        @checkpoint
        def one() -> int:
            return 1

        @flow
        def f() -> int:
            return one() + 1

        handle = f.run()
        with Path("runs.txt").open("a") as file:
            print(handle.exec_id, file=file)
        print(handle.wait())
        """,
    )
    assert project.run("script.py").stdout == "2\n"
    # The runner imports the script too, and sees the very execution that it is running.
    assert len(set((project.path / "runs.txt").read_text().split())) == 1


def test_a_module_of_a_package_runs_with_its_relative_imports(project):
    project.write("pkg/__init__.py", "")
    project.write("pkg/helpers.py", "def shout(text): return text.upper()")
    project.write(
        "pkg/mod.py",
        """
        from dataclasses import dataclass
        from kitaru import checkpoint, flow
        from .helpers import shout

        @dataclass
        class Note:
            text: str

        @checkpoint
        def cry(note: Note) -> Note:
            assert isinstance(note, Note)
            return Note(shout(note.text))

        @flow
        def f(note: Note) -> Note:
            assert isinstance(note, Note)
            return cry(note)

        if __name__ == "__main__":
            result = f.run(Note("hello")).wait()
            assert isinstance(result, Note), type(result)
            print(result.text)
        """,
    )
    assert project.run("-m", "pkg.mod").stdout == "HELLO\n"


def test_a_flow_without_a_module_runs_in_a_thread_and_says_so(project):
    code = """
from kitaru import flow, checkpoint

@checkpoint
def add(a, b):
    return a + b

@flow
def f(n):
    return add(n, 1)

print(f.run(1).wait(progress=False))
print(f.run(2).wait(progress=False))
"""
    done = project.run("-c", code)
    assert done.stdout == "2\n3\n"
    assert done.stderr.count("runs in a thread of this process") == 1


def test_inline_mode_blocks_and_runs_in_the_same_process(project):
    project.write(
        "main.py",
        """
        import os
        from kitaru import checkpoint, flow

        @checkpoint
        def pid() -> int:
            return os.getpid()

        @flow
        def f() -> int:
            return pid()

        if __name__ == "__main__":
            handle = f.run()
            assert handle.status == "completed"
            assert handle.get() == os.getpid()
        """,
    )
    project.run("main.py", env={"KITARU_LOCAL_RUNNER": "inline"})


def test_inputs_of_every_kind_arrive_as_they_were(project):
    project.write(
        "main.py",
        """
        from dataclasses import dataclass
        from datetime import date
        from pydantic import BaseModel, SecretStr
        from kitaru import checkpoint, flow

        class Config(BaseModel):
            depth: int = 3
            tags: tuple[str, ...] = ()
            key: SecretStr = SecretStr("")

        @dataclass
        class Point:
            x: int
            y: int

        @checkpoint
        def describe(*args, **kwargs):
            return {"args": args, "kwargs": kwargs}

        @flow
        def f(config: Config, point, when=date(2024, 1, 2), *rest, id: str = "x", **more):
            assert isinstance(config, Config) and isinstance(point, Point), (type(config), type(point))
            assert config.key.get_secret_value() == "hidden"
            return config, point, when, rest, id, more, describe(1, *rest, id=id, **more)

        if __name__ == "__main__":
            values = f.run(Config(tags=("a",), key=SecretStr("hidden")), Point(1, 2), date(2020, 5, 6), {1, 2}, (3, 4), id="me", extra={1: "one"}).wait()
            config, point, when, rest, id, more, described = values
            assert isinstance(config, Config) and config.tags == ("a",), config
            assert point == Point(1, 2) and when == date(2020, 5, 6)
            assert rest == ({1, 2}, (3, 4)) and id == "me" and more == {"extra": {1: "one"}}, (rest, id, more)
            assert described == {"args": (1, {1, 2}, (3, 4)), "kwargs": {"id": "me", "extra": {1: "one"}}}, described
        """,
    )
    project.run("main.py")
