"""What every test stands on: a home of its own, a project folder to run scripts in, and a way to wait without sleeping.

Tests drive Kitaru the way users do, from scripts in processes of their own: ZenML keeps its configuration and its
store in process-wide singletons, which no test may share with another.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import pytest

from kitaru._host import control
from tests import chromium, forced_replay, server_process
from tests.preloaded import PreloadedPython, can_run
from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "programs"

# Marked tests skip where what they need does not answer, except those named here, which must then fail: "docker,browser".
REQUIRED = frozenset(filter(None, os.environ.get("KITARU_TESTS_REQUIRE", "").split(",")))


# What `make test-replay` sets for every program that tests run.
FORCED = {name: value for name, value in os.environ.items() if name == "KITARU_FORCE_REPLAY"}


# -- a home of its own ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Home:
    """A temporary home with a ZenML store in it, and the environment that leads there."""

    path: Path

    @property
    def zenml(self) -> Path:
        return self.path / "zenml"

    @property
    def stores(self) -> Path:
        return self.path / "stores"

    @property
    def database(self) -> Path:
        return self.stores / "default_zen_store" / "zenml.db"

    @property
    def env(self) -> dict[str, str]:
        """The environment of a user in this home: nothing that Kitaru, ZenML or Claude Code reads leaks in."""
        foreign = ("KITARU_", "ZENML_", "ANTHROPIC_", "CLAUDE")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "HOME": str(self.path),
            "ZENML_CONFIG_PATH": str(self.zenml),
            "ZENML_LOCAL_STORES_PATH": str(self.stores),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **FORCED,
        }

    def processes(self) -> list[psutil.Process]:
        """Every live process that was started in this home, detached ones included; not the hosts, which serve many."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = self._has_started(process)
            except (psutil.Error, OSError):
                continue  # ended while we looked, or another user's
            if mine and process.pid != os.getpid():
                found.append(process)
        return found

    def _has_started(self, process: psutil.Process) -> bool:
        if process.status() == psutil.STATUS_ZOMBIE or process.name() == "kitaru-host":
            return False
        if process.name() == "kitaru-run":  # of a fork of a host, /proc tells the host's environment
            return Path(f"/proc/{process.pid}/fd/1").readlink().is_relative_to(self.path)
        return process.environ().get("HOME") == str(self.path)

    def end_processes(self) -> None:
        while processes := self.processes():  # a host starts others in the place of some, once
            for process in processes:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(processes, timeout=10)


@pytest.fixture(scope="session")
def home_template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose ZenML store has been initialised once, which takes ZenML longer than all the rest of a test."""
    template = Home(tmp_path_factory.mktemp("home-template"))
    script = "from zenml.client import Client; Client().active_stack_model"
    subprocess.run([sys.executable, "-c", script], env=template.env, check=True, capture_output=True, timeout=300)
    return template


@pytest.fixture
def home(home_template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A fresh home with an initialised store; this process's own environment leads there too."""
    home = Home(tmp_path / "home")
    # Only config.yaml holds absolute paths: the default artifact store's is derived from the environment.
    shutil.copytree(home_template.stores, home.stores)
    home.zenml.mkdir()
    config = (home_template.zenml / "config.yaml").read_text()
    (home.zenml / "config.yaml").write_text(config.replace(str(home_template.path), str(home.path)))
    _enter(home, monkeypatch)
    yield home
    home.end_processes()


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home in which ZenML has never run."""
    home = Home(tmp_path / "empty-home")
    home.path.mkdir()
    _enter(home, monkeypatch)
    yield home
    home.end_processes()


def _enter(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    if "zenml" in sys.modules:  # a test used it in this process, whose singletons know that test's home
        from zenml.client import Client
        from zenml.config.global_config import GlobalConfiguration
        from zenml.stack import stack

        stack._STACK_CACHE.clear()
        Client._reset_instance()
        GlobalConfiguration._reset_instance()
    env = home.env
    for name in set(os.environ) - set(env):
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)


# -- a project to run scripts in --------------------------------------------------------------------------------------


@dataclass
class Project:
    """A user's project folder: write Python files into it and run them in the test's home."""

    path: Path
    home: Home
    python: PreloadedPython
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, content: str) -> Path:
        """Write a file, its common indentation removed."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
        return path

    def take(self, *programs: str | Path, name: str | None = None) -> Path:
        """Copy programs into the folder, and return the path of the last one.

        Args:
            *programs: The files, as paths below ``tests/programs``, ``"right_call/ids.py"``, or as absolute paths.
            name: What the last one is called in the folder; None keeps its name.
        """
        for program in programs:
            source = PROGRAMS / program
            path = self.path / (name if name is not None and program == programs[-1] else source.name)
            shutil.copy(source, path)
        return path

    def run(
        self,
        *args: str | Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
        check: bool = True,
        stdin: str | None = None,
        loads: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python *args`` to its end and give what it printed; a failure shows both streams, unless unchecked.

        The program is a fork of a Python that has loaded Kitaru and ZenML, unless it ``loads`` them itself.
        """
        command, env = [*map(str, args)], env or {}
        if loads or not can_run(command, env):
            code, stdout, stderr = self._run_anew(command, env, stdin, timeout)
        else:
            code, stdout, stderr = self.python.run(command, self.path, {**self.home.env, **env}, stdin, timeout)
        told = f"--- stdout\n{stdout}\n--- stderr\n{stderr}"
        if code is None:
            pytest.fail(f"{args} still ran after {timeout} s\n{told}")
        if check and code != 0:
            pytest.fail(f"{args} exited with {code}\n{told}")
        return subprocess.CompletedProcess(command, code, stdout, stderr)

    def _run_anew(
        self, command: list[str], env: Mapping[str, str], stdin: str | None, timeout: float
    ) -> tuple[int | None, str, str]:
        process = self.popen(*command, env=env, stdin=stdin is not None)
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            return None, *process.communicate()
        return process.returncode, stdout, stderr

    def kitaru(self, *args: str | Path, **options) -> subprocess.CompletedProcess[str]:
        """Run the ``kitaru`` command; takes the options of ``run``."""
        return self.run(Path(sys.executable).with_name("kitaru"), *args, **options)

    @staticmethod
    def asking(running: subprocess.Popen[str]) -> str:
        """Read what a program says on stderr until it says how to answer; give the id of the execution that asks."""
        assert running.stderr is not None
        return next(found[1] for line in running.stderr if (found := re.search(r"kitaru executions input (\S+)", line)))

    def popen(
        self, *args: str | Path, env: Mapping[str, str] | None = None, stdin: bool = False
    ) -> subprocess.Popen[str]:
        """Start ``python *args`` and go on; it is killed at the end of the test if it still runs."""
        process = subprocess.Popen(
            [sys.executable, *map(str, args)],
            cwd=self.path,
            env={**self.home.env, **(env or {})},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
                stream.close()


@pytest.fixture(scope="session")
def preloaded_python(home_template: Home) -> Iterator[PreloadedPython]:
    """A Python that has loaded Kitaru and ZenML, and runs programs in forks of itself."""
    with PreloadedPython(home_template.env) as python:
        yield python


@pytest.fixture
def project(home: Home, tmp_path: Path, preloaded_python: PreloadedPython) -> Iterator[Project]:
    """An empty project folder whose scripts run in a fresh home."""
    project = Project(tmp_path / "project", home, preloaded_python)
    project.path.mkdir()
    yield project
    project.close()


# -- a server ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def zenml_server(home_template: Home, tmp_path: Path) -> Iterator[ServerProcess]:
    """A real ZenML server of this test alone, which it may stop and start again."""
    with ServerProcess(tmp_path, home_template.stores) as server:
        yield server


@pytest.fixture(scope="session")
def shared_server(home_template: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A real ZenML server for tests that leave it running, and look at nothing but their own executions."""
    with ServerProcess(tmp_path_factory.mktemp("shared-server"), home_template.stores) as server:
        yield server


# -- waiting ----------------------------------------------------------------------------------------------------------


def _eventually(predicate: Callable[[], T], timeout: float = 300, what: str = "the condition") -> T:
    """Poll until the predicate is true and give what it returned; fail after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    pause = 0.01
    while not (value := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {timeout} s; it is now {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return value


@pytest.fixture
def own_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host of this test's own, which it may kill."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield
    for host in control.running():
        control.end(host)


@pytest.fixture
def eventually() -> Callable[..., object]:
    """``eventually(predicate, timeout=300, what="...")``: wait for a condition instead of sleeping for a fixed time."""
    return _eventually


# -- what is not everywhere -------------------------------------------------------------------------------------------


@functools.cache
def _missing_docker() -> str | None:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=10)
        client.ping()
        client.close()
    except DockerException as error:
        return f"no Docker engine answers: {error}"
    return None


@functools.cache
def _missing_kubernetes() -> str | None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return "no kubectl is installed"
    try:
        subprocess.run([kubectl, "get", "nodes"], check=True, capture_output=True, text=True, timeout=300)
    except subprocess.CalledProcessError as error:
        return f"no Kubernetes cluster answers: {error.stderr.strip().splitlines()[-1:]}"
    except subprocess.TimeoutExpired:
        return "no Kubernetes cluster answers within 20 s"
    return None


@functools.cache
def _missing_index() -> str | None:
    pins = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    smallest = next(pin for pin in pins if pin.startswith("iniconfig=="))
    options = ["--quiet", "--no-deps", "--no-cache-dir", "--retries", "1", "--timeout", "20"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, smallest]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1:]}"
    return None


MISSING = {
    "index": _missing_index,
    "docker": _missing_docker,
    "kubernetes": _missing_kubernetes,
    "browser": chromium.missing,
    "server": server_process.missing,
}


def pytest_configure(config: pytest.Config) -> None:
    """Let hosts have their sockets in a folder of these tests alone, and end them with the tests."""
    folder = tempfile.mkdtemp(prefix="run-")
    os.environ["XDG_RUNTIME_DIR"] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder))
    config.add_cleanup(functools.partial(_end_hosts, folder))


def _end_hosts(folder: str) -> None:
    os.environ["XDG_RUNTIME_DIR"] = folder
    for host in control.running():
        control.end(host)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if FORCED and (reason := forced_replay.reason(item.nodeid)) is not None:
        pytest.skip(reason)
    for marker, missing in MISSING.items():
        if item.get_closest_marker(marker) is None or (reason := missing()) is None:
            continue
        if marker in REQUIRED:
            pytest.fail(f"{marker} is required by KITARU_TESTS_REQUIRE, but {reason}")
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the logs of the runners that worked for it, for their output goes to files."""
    report = yield
    home = getattr(item, "funcargs", {}).get("home")
    if report.failed and isinstance(home, Home):
        for log in sorted(home.path.rglob("runner.log")):
            text = log.read_text(encoding="utf-8", errors="replace")
            report.sections.append((f"log {log.relative_to(home.path)}", text[-8000:]))
    return report
