"""The host: runners are forks of it, are what programs of their own would be, and do without it where it fails them."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from kitaru._host import control
from tests.terminal import KITARU, Terminal

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import Home, Project

WORK = "host/surroundings.py"


@pytest.fixture
def hosts(project: Project, tmp_path: Path, own_host: None) -> Path:
    """A project that starts flows, in which no host has been started yet; gives the folder of its hosts."""
    project.take(WORK, "host/show_surroundings.py")
    return tmp_path / "run"


def ran(project: Project, **options) -> dict:
    """Run the flow, and give the surroundings that it saw."""
    return json.loads(project.run("show_surroundings.py", **options).stdout)


def pids() -> list[int]:
    return [host["pid"] for host in control.running()]


def test_a_runner_that_was_forked_is_what_one_of_its_own_would_be(project: Project, home: Home, hosts: Path) -> None:
    (project.path / "elsewhere").mkdir()
    project.take("host/alone_and_forked.py")
    alone, first, second = json.loads(project.run("alone_and_forked.py").stdout)
    (host,) = pids()
    assert alone["host"] != host
    assert [first["host"], second["host"]] == [host, host]
    assert [alone["umask"], first["umask"], second["umask"]] == [0o022, 0o027, 0o027]
    assert [alone["folder"], first["folder"]] == [str(project.path)] * 2
    assert second["folder"] == str(project.path / "elsewhere")
    assert len({one["random"] for one in (alone, first, second)}) == 3
    assert first["user"] == [str(home.path / ".local")] * 2
    own = {"KITARU_HOST", "NEW_SINCE", "KITARU_RUNNER_PATH", "PWD", "OLDPWD", "LC_CTYPE"}
    for forked in (first, second):
        assert forked["env"]["NEW_SINCE"] == "on"
        assert {k: v for k, v in forked["env"].items() if k not in own} == {
            k: v for k, v in alone["env"].items() if k not in own
        }
        for what in ("path", "argv", "session", "group", "user", "signals", "descriptors"):
            assert forked[what] == alone[what], what


def test_what_would_load_something_else_gets_another_host(project: Project, hosts: Path) -> None:
    library = project.path / "library"
    library.mkdir()
    startup = project.write("library/sitecustomize.py", "WHEN = 1")
    env = {"PYTHONPATH": os.pathsep.join([str(library), *filter(None, [os.environ.get("PYTHONPATH")])])}
    seen = [ran(project, env=env)["host"], ran(project, env=env)["host"]]
    assert seen[0] == seen[1] == pids()[0]
    startup.write_text("WHEN = 2  # an editable source, or a package, that the host has loaded")
    seen.append(ran(project, env=env)["host"])
    project.write("library/installed.py", "")
    seen.append(ran(project, env=env)["host"])
    seen.append(ran(project, env={**env, "ZENML_DEBUG": "true"})["host"])
    assert len(set(seen)) == 4, seen
    assert pids() == seen[-1:], "those that did not fit any more have ended"


def test_a_module_of_the_project_that_is_named_like_one_of_the_host_is_the_one_that_is_imported(
    project: Project, hosts: Path
) -> None:
    project.write("distro.py", "OWN = True\ndef __getattr__(name): return lambda: name  # ZenML asks it")
    project.write("docker/Dockerfile", "FROM scratch")  # a folder, and no module
    work = project.take(WORK)
    source = work.read_text()
    work.write_text(f"{source}\nimport distro\nassert distro.OWN\n")
    for _ in range(2):
        alone = ran(project, loads=True)["host"]
        (host,) = pids()
        assert alone != host
    (project.path / "distro.py").rename(project.path / "own.py")
    work.write_text(f"{source}\nimport own\nassert own.OWN\n")
    assert ran(project, loads=True)["host"] == host


def test_a_host_that_does_not_answer_or_dies_costs_no_result(
    project: Project, home: Home, hosts: Path, eventually
) -> None:
    host = ran(project)["host"]
    os.kill(host, signal.SIGSTOP)
    done = project.run("show_surroundings.py")
    assert json.loads(done.stdout)["host"] != host
    assert done.stderr.count("the host does not answer") == 1
    os.kill(host, signal.SIGKILL)
    another = ran(project)["host"]
    assert another not in {host, os.getpid()}

    # A flow outlives its host.
    project.take("host/outlived_host.py")
    assert project.run("outlived_host.py", str(another)).stdout == "True\n"
    assert len(pids()) == 1
    eventually(lambda: not home.processes(), what="the end of every process")


def test_of_two_that_start_at_once_there_is_one_host(project: Project, hosts: Path) -> None:
    programs = [project.popen("show_surroundings.py") for _ in range(2)]
    seen = {json.loads(program.communicate(timeout=300)[0])["host"] for program in programs}
    assert seen == set(pids())
    assert len(seen) == 1


def test_a_folder_that_others_can_enter_is_not_used(project: Project, hosts: Path) -> None:
    (hosts / "kitaru").mkdir(mode=0o755)
    assert ran(project)["host"] > 0
    assert not pids()
    (hosts / "kitaru").chmod(0o700)
    ran(project)
    for folder in (hosts / "kitaru").iterdir():
        assert folder.stat().st_mode & 0o777 == 0o700
    (host,) = map(psutil.Process, pids())
    assert {connection.family.name for connection in host.net_connections("all")} == {"AF_UNIX"}


def test_no_process_keeps_the_secrets_of_a_request_in_its_environment(project: Project, hosts: Path) -> None:
    env = ran(project, env={"OPENAI_API_KEY": "sk-hidden", "NEW_SINCE": "first"})["env"]
    assert (env["OPENAI_API_KEY"], env["NEW_SINCE"]) == ("sk-hidden", "first")
    (host,) = map(psutil.Process, pids())
    assert "sk-hidden" not in host.environ().values()
    other = ran(project)
    assert other["host"] == host.pid
    assert not {"OPENAI_API_KEY", "NEW_SINCE"} & set(other["env"])


def test_commands_tell_end_and_start_hosts(project: Project, hosts: Path) -> None:
    assert (
        project.kitaru("host", "status").stdout == "No host runs. The next flow, or command that reads, starts one.\n"
    )
    assert project.kitaru("host", "stop").stdout == "No host runs.\n"
    assert project.kitaru("host", "restart", env={"KITARU_HOST": "off"}, check=False).returncode == 1
    project.kitaru("host", "restart")
    (host,) = pids()
    (told,) = json.loads(project.kitaru("host", "status", "--output", "json").stdout)
    assert (told["pid"], told["serves_this_process"]) == (host, True)
    assert ran(project)["host"] == host
    project.kitaru("host", "restart")
    (other,) = pids()
    assert other != host
    assert project.kitaru("host", "stop").stdout.startswith(f"Ended: process {other}, since ")
    assert not pids()
    assert ran(project, env={"KITARU_HOST": "off"})["host"] > 0
    assert not pids()


def test_it_ends_when_nothing_was_asked_for_a_while(project: Project, hosts: Path) -> None:
    project.take("host/idle_server.py")
    project.run("idle_server.py", loads=True)
    assert pids() == [] or sys.platform != "linux"


def test_a_fork_has_loaded_what_zenml_needs_for_a_flow(project: Project) -> None:
    project.take(WORK, "host/loaded_for_flow.py")
    assert project.run("loaded_for_flow.py", env={"KITARU_LOCAL_RUNNER": "inline"}, loads=True).stdout == "[]\n"


# -- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def asking(project: Project, hosts: Path, eventually) -> str:
    """An execution that waits for a person; gives its id."""
    project.take("host/asking_flow.py")
    exec_id = project.kitaru("run", "asking_flow.py:publication", "--detach").stdout.strip()
    get = ("executions", "get", exec_id, "--output", "json")
    eventually(lambda: json.loads(project.kitaru(*get).stdout)["status"] == "waiting", what="the question")
    return exec_id


@pytest.fixture
def stored(project: Project, hosts: Path) -> str:
    """An execution that has ended; gives its id."""
    project.take("host/asking_flow.py")
    return str(json.loads(project.kitaru("run", "asking_flow.py:storing", "--output", "json").stdout)["exec_id"])


def following(project: Project, exec_id: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Follow an execution's logs; gives the command's process, and the fork that does it."""
    others = set(forks())
    command = project.popen(KITARU, "executions", "logs", exec_id, "--source", "runner", "--follow")
    assert command.stdout is not None
    assert "page" in next(line for line in command.stdout if "page" in line)
    (fork,) = set(forks()) - others
    return command, fork


def forks() -> list[psutil.Process]:
    return [child for host in pids() for child in psutil.Process(host).children()]


def test_a_command_that_reads_does_in_the_host_what_it_does_elsewhere(project: Project, stored: str) -> None:
    for args in (
        ("executions", "list"),
        ("executions", "get", stored, "--output", "json"),
        ("executions", "timeline", stored),
        ("executions", "watch", stored),
        ("executions", "watch", "--output", "json"),
        ("executions", "watch", "0badc0de"),
        ("executions", "get", "0badc0de"),
        ("executions", "list", "--status", "nonsense"),
        ("stack", "current"),
        ("status", "--output", "json"),
    ):
        here = project.kitaru(*args, check=False)  # has ZenML loaded, and asks no host
        hosted = project.kitaru(*args, check=False, loads=True)
        assert (hosted.returncode, hosted.stdout, hosted.stderr) == (here.returncode, here.stdout, here.stderr), args
    assert len(pids()) == 1


def test_a_command_in_the_host_has_its_own_folder_and_variables(project: Project, stored: str) -> None:
    (project.path / "elsewhere").mkdir()
    (artifact, *_) = json.loads(project.kitaru("artifacts", "list", stored, "--output", "json").stdout)
    save = ("kitaru", "artifacts", "get", artifact["id"], "--save", "page.json")
    project.run("-c", f"import os; os.chdir('elsewhere'); os.execv({str(KITARU)!r}, {save!r})", loads=True)
    assert (project.path / "elsewhere" / "page.json").exists()

    other = {"ZENML_CONFIG_PATH": str(project.path / "config"), "ZENML_LOCAL_STORES_PATH": str(project.path / "stores")}
    listing = ("executions", "list", "--output", "json")
    listed = [json.loads(project.kitaru(*listing, loads=True, env=env).stdout) for env in ({}, other, {})]
    assert [len(found) for found in listed] == [1, 0, 1]
    assert len(pids()) == 1


def test_ctrl_c_at_a_command_reaches_its_fork(project: Project, asking: str, eventually) -> None:
    command, fork = following(project, asking)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert (command.returncode, said.splitlines()[-1][:12]) == (130, "Interrupted:")
    eventually(lambda: not fork.is_running(), what="the end of the fork")


def test_command_and_fork_end_together(project: Project, asking: str, eventually) -> None:
    command, fork = following(project, asking)
    command.kill()
    eventually(lambda: not fork.is_running(), what="the end of the fork")

    command, fork = following(project, asking)
    fork.kill()
    command.communicate(timeout=60)
    assert command.returncode == 137


def test_a_command_does_without_a_host_that_does_not_answer(project: Project, stored: str) -> None:
    listing = ("executions", "list", "--output", "json")
    listed = project.kitaru(*listing)
    project.kitaru(*listing, loads=True)
    (host,) = pids()
    os.kill(host, signal.SIGSTOP)
    done = project.kitaru(*listing, loads=True)
    assert done.stdout == listed.stdout
    assert done.stderr.count("the host does not answer") == 1
    os.kill(host, signal.SIGKILL)
    done = project.kitaru(*listing, loads=True)
    assert (done.stdout, done.stderr) == (listed.stdout, "")


@pytest.mark.parametrize("setting", ["on", "off"])
def test_a_person_at_a_terminal_is_told_that_zenml_is_being_loaded(project: Project, hosts: Path, setting: str) -> None:
    terminal = Terminal(project, KITARU, "stack", "current", KITARU_HOST=setting)
    terminal.until("kitaru: loading ZenML")
    terminal.until("default")
    terminal.end()
