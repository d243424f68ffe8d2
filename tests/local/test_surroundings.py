"""An execution keeps what it was started in, whoever lets it go on from wherever, and writes no secret down."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from kitaru._core.code.modules import import_path
from kitaru._core.process import files, surroundings
from kitaru._core.process.kept_secrets import Secrets
from kitaru._core.process.surroundings import Surroundings
from kitaru._host import control
from kitaru._host.memory import Memory
from kitaru._runner import restoring

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Home, Project

KEY = "right-marked-4711"
URL = "postgres://app:marked-0815@db/app"
GIVEN = ["resnet", "--epochs", "50"]


class Elsewhere:
    """Another folder, and another environment."""

    def __init__(self, project: Project) -> None:
        self.folder = project.path.parent / "elsewhere"
        self.folder.mkdir()
        self._project = project
        self._env = {**project.home.env, "AWS_PROFILE": "other"}

    def kitaru(self, *args: str, **env: str) -> str:
        """Run a command there, and give what it says on stdout and stderr."""
        command = [str(Path(sys.executable).with_name("kitaru")), "executions", *args]
        _, out, err = self._project.python.run(command, self.folder, {**self._env, **env}, None, 300)
        return out + err


@pytest.fixture
def elsewhere(project: Project) -> Elsewhere:
    return Elsewhere(project)


def start(project: Project, *args: str, **env: str) -> str:
    """Start the training, and give its id once it waits."""
    project.take("faithful/train.py")
    project.write("library/near.py", "")
    library = {"LIBRARY": str(project.path / "library"), "AWS_PROFILE": "research"}
    return project.run("train.py", *GIVEN, *args, env={**library, **env}).stdout.split()[-1]


def result(project: Project, exec_id: str) -> list[dict[str, Any]]:
    script = f"import json; from kitaru import FlowHandle; print(json.dumps(FlowHandle({exec_id!r}).get()))"
    found: list[dict[str, Any]] = json.loads(project.run("-c", script).stdout)
    return found


def until_it_waits(project: Project, exec_id: str, eventually: Callable[..., object]) -> None:
    script = f"from kitaru import FlowHandle; print(FlowHandle({exec_id!r}).status)"
    eventually(lambda: project.run("-c", script).stdout == "waiting\n", what="the question")
    eventually(lambda: not project.home.processes(), what="the end of the runner")


def test_what_is_answered_elsewhere_goes_on_where_it_was_started(
    project: Project, elsewhere: Elsewhere, eventually: Callable[..., object]
) -> None:
    exec_id = start(project, "--needs", "ONLY_THERE", API_KEY=KEY)
    until_it_waits(project, exec_id, eventually)
    elsewhere.kitaru("input", exec_id, "--value", "true", ONLY_THERE="1")
    failed = elsewhere.kitaru("watch", exec_id)
    assert "KeyError: 'ONLY_THERE'" in failed
    assert "ONLY_THERE: set otherwise where the execution was let go on" in failed
    assert "API_KEY" not in failed, "the host has had it"

    elsewhere.kitaru("retry", exec_id, "--env", "current", ONLY_THERE="1")
    before, after, there = result(project, exec_id)
    assert before == after
    library = str(project.path / "library")
    assert before["argv"] == [*GIVEN, "--needs", "ONLY_THERE", "resnet", 50]
    assert (before["folder"], before["profile"], before["key"]) == (str(project.path), "research", "right")
    assert (before["umask"], before["near"]) == (0o027, f"{library}/near.py")
    assert [before["path"][0], before["path"][-1]] == [str(project.path), library]
    assert there["argv"] == before["argv"]
    assert (there["folder"], there["profile"], there["key"]) == (str(elsewhere.folder), "other", "")
    assert there["umask"] != 0o027


def test_a_secret_is_kept_by_name_and_told_where_it_lacks(project: Project, home: Home, elsewhere: Elsewhere) -> None:
    key = "right-marked-0817"  # no host sees it, as the flow is started in the program itself
    here = {"KITARU_LOCAL_RUNNER": "inline", "API_KEY": key, "DB": URL, "INNER": "marked-0816"}
    exec_id = start(project, "--needs", "API_KEY", **here, KITARU_SENSITIVE_VARIABLES="IN*, OTHER")
    kept = home.zenml / "kitaru" / "executions" / exec_id / files.SURROUNDINGS
    assert sorted(set(json.loads(kept.read_text())["secrets"]["hashes"]) & set(here)) == ["API_KEY", "DB", "INNER"]
    assert kept.stat().st_mode & 0o777 == 0o600

    elsewhere.kitaru("input", exec_id, "--value", "true")
    lacking = "API_KEY, DB, INNER: set when the execution was started, and not set now"
    failed = elsewhere.kitaru("watch", exec_id)
    assert "KeyError: 'API_KEY'" in failed
    assert lacking in failed
    assert lacking in elsewhere.kitaru("get", exec_id)
    assert lacking in elsewhere.kitaru("logs", exec_id, "--source", "runner")

    rest = {"DB": URL, "INNER": "marked-0816"}
    refused = elsewhere.kitaru("retry", exec_id, API_KEY="wrong", **rest)
    assert "API_KEY: not the value that was set when the execution was started" in refused
    assert refused.count("INNER") == 1, "in the log, of the time before"
    elsewhere.kitaru("retry", exec_id, API_KEY=key, **rest)
    assert [found["key"] for found in result(project, exec_id)] == ["right", "", "right"]
    assert not kept.exists(), "it never goes on"
    for file in filter(Path.is_file, home.path.rglob("*")):
        assert not [text for text in (key, "marked-0815", "marked-0816") if text.encode() in file.read_bytes()], file


def test_what_is_lost_goes_on_where_it_was_started(
    project: Project, home: Home, elsewhere: Elsewhere, own_host: None, eventually: Callable[..., object]
) -> None:
    project.take("faithful/held.py")
    exec_id = project.run("held.py", "x", env={"AWS_PROFILE": "research", "API_KEY": KEY}).stdout.split()[-1]
    found = project.path / "found"

    def attempts() -> list[Any]:
        return [json.loads(line) for line in found.read_text().splitlines()] if found.exists() else []

    def lose() -> None:
        state = files.read(home.zenml / "kitaru" / "executions" / exec_id / files.STATE)
        processes = [psutil.Process(process["pid"]) for process in state["processes"]]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=300)

    eventually(lambda: len(attempts()) == 1, what="the checkpoint")
    for host in control.running():
        control.end(host)
    lose()
    script = "from kitaru import KitaruClient; KitaruClient().executions.list()"
    project.run("-c", script, env={"AWS_PROFILE": "other"}, loads=True)  # it starts a host, which looks after it
    eventually(lambda: len(attempts()) == 2, what="the second attempt")
    lose()
    eventually(lambda: exec_id in elsewhere.kitaru("recover", API_KEY=KEY), what="its recovery")
    eventually(lambda: len(attempts()) == 3, what="the third attempt")
    (project.path / "go").touch()
    started_in = [["x"], str(project.path), "research"]
    assert attempts() == [[*started_in, "right"], [*started_in, ""], [*started_in, "right"]]
    assert "API_KEY: set when the execution was started" in elsewhere.kitaru("logs", exec_id, "--source", "runner")


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("OPENAI_API_KEY", "x", True),
        ("mysql_pwd", "x", True),
        ("SMTP_PASS", "x", True),
        ("OLDPWD", "/home/me", False),
        ("PATH", "/opt/donkey:/usr/bin", False),
        ("DATABASE_URL", URL, True),
        ("INDEX", "https://oauth2accesstoken@index/simple", True),
        ("PAGE", "https://host:8080/page?a=b", False),
        ("ORIGIN", "ssh://git@host/repository", False),
        ("DSN", "host=db user=app password=x", True),
        ("STORAGE", "AccountName=a;AccountKey=eA==", True),
        ("CONFIG", '{"api_key": "x"}', True),
        ("OTEL_HEADERS", "authorization=Basic eDp5", True),
        ("MINE", "x", True),
        ("GH_PAT", "x", True),
        ("REDISCLI_AUTH", "x", True),
        ("HEADER", "Bearer abc", True),
        ("REGISTRY", '{"auths": {"r": {"auth": "eDp5"}}}', True),
        ("COPY", "the value of s3cret-value is in it", True),
        ("SSH_AUTH_SOCK", "/tmp/agent", False),
        ("PATH", "/usr/bin:/opt/s3cret-value/bin", False),
        ("CONDA", "/opt/sk-learn/bin", False),
        ("LEVEL", "basic things", False),
        ("ZENML_PIPELINE_API_TOKEN_EXPIRATION", "3600", False),
    ],
)
def test_which_variables_hold_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, is_secret: bool
) -> None:
    monkeypatch.setenv("API_KEY", "s3cret-value")
    monkeypatch.setenv(name, value)
    here = Surroundings.here([], Path("start.py"), ["mi*"])
    assert (name in here.secrets.hashes) is is_secret
    assert here.env.get(name) == (None if is_secret else value)


def test_a_secret_among_the_arguments_is_kept_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "s3cret-value")
    monkeypatch.setattr("sys.argv", ["x", "--key=s3cret-value", "$API_KEY"])
    here = Surroundings.here([], Path("start.py"))
    assert "s3cret-value" not in str(here)
    assert here.arguments({"API_KEY": "s3cret-value"}) == ["x", "--key=s3cret-value", "$API_KEY"]
    assert here.arguments({})[2] == "$API_KEY"


def test_a_secret_may_look_like_a_path_and_a_path_to_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"A.KEY": "/eA+b64/secret=", "KEY_FILE": str(tmp_path), "BESIDE": f"{tmp_path}/x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COPY", "--key=/eA+b64/secret=")
    monkeypatch.setattr("sys.argv", ["x", "--key=/eA+b64/secret="])
    here = Surroundings.here([], Path("start.py"))
    assert {"A.KEY", "COPY"} <= set(here.secrets.hashes)
    assert here.env["BESIDE"] == f"{tmp_path}/x"
    assert "eA+b64" not in str(here)
    assert here.arguments(os.environ) == ["x", "--key=/eA+b64/secret="]


def test_an_upgraded_interpreter_has_its_own_library(tmp_path: Path) -> None:
    gone = ["/mine", "/usr/lib/python3.99", "/usr/lib/python3.99/lib-dynload", "/mine/too"]
    surroundings.write(tmp_path, Surroundings.here(gone, Path("start.py")))
    path = restoring.go_on(tmp_path, [], renews=False).surroundings.path
    library = [entry for entry in import_path() if "python" in Path(entry).name or entry.endswith("-packages")]
    assert path[0] == "/mine"
    assert path[-1] == "/mine/too"
    assert "/usr/lib/python3.99" not in path
    assert set(library) & set(path)
    assert Path(os.__file__).parent in map(Path, path)


def test_the_python_environment_of_the_start_counts_as_long_as_it_is_there(tmp_path: Path) -> None:
    other = (str(tmp_path / "python"), str(tmp_path), str(tmp_path / "start.py"))
    here = Surroundings.here(["/kept"], Path("start.py"))
    surroundings.write(tmp_path, replace(here, python=other))
    without = restoring.go_on(tmp_path, ["/needed"], renews=False)
    assert (without.is_own_python, without.python[0]) == (True, sys.executable)
    assert without.surroundings.path == [*import_path(), "/needed"]
    for file in (other[0], other[2]):
        Path(file).touch()
    with_it = restoring.go_on(tmp_path, ["/needed"], renews=False)
    assert (with_it.is_own_python, with_it.python) == (False, (other[0], other[2]))
    assert with_it.surroundings.path == ["/kept"]


def test_of_several_values_the_one_that_was_set_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", KEY)
    surroundings.write(tmp_path, Surroundings.here([], Path("start.py")))
    kept = surroundings.read(tmp_path)
    assert kept is not None
    memory = Memory()
    for value in (KEY, "another", None):
        env = {} if value is None else {"API_KEY": value}
        memory.note(Secrets.of({"API_KEY": ""}), env)
    assert [kept.env_for({}).get("API_KEY"), kept.env_for({"API_KEY": "mine"})["API_KEY"]] == [None, "mine"]
    assert memory.fill(kept.secrets, {"API_KEY": "mine"})["API_KEY"] == KEY
    memory.clear()
    assert memory.fill(kept.secrets, {"API_KEY": "mine"})["API_KEY"] == "mine"
    assert kept.changed_in({**os.environ, "KITARU_SERVER_URL": "x"}) == []
    assert kept.lacking(os.environ) == ""
    (tmp_path / files.SURROUNDINGS).write_text('{"env": {}}')
    assert surroundings.read(tmp_path) is None


def test_what_was_aborted_forgets_it(project: Project, home: Home, elsewhere: Elsewhere) -> None:
    exec_id = start(project, KITARU_LOCAL_RUNNER="inline")
    kept = home.zenml / "kitaru" / "executions" / exec_id / files.SURROUNDINGS
    assert kept.exists()
    elsewhere.kitaru("input", exec_id, "--abort")
    assert not kept.exists()
