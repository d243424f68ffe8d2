"""Executions steered from the command line, as users do it: other processes, a real store, a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kitaru

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KITARU = Path(sys.executable).with_name("kitaru")

FLOWS = "cli_executions/steered_flows.py"


def many(project, *commands: str) -> list[tuple[int, str, str]]:
    """Call several commands of ``kitaru``; gives the exit code, stdout and stderr of each."""
    project.take("cli_executions/many_commands.py")
    arguments = [shlex.split(command) for command in commands]
    return json.loads(project.run("many_commands.py", json.dumps(arguments)).stdout)


def test_a_failed_execution_is_mended_and_retried_under_its_id(project) -> None:
    flows = project.take(FLOWS)
    failed = project.kitaru("run", "steered_flows.py:report", "--input", '{"title": "X"}', check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    exec_id = failed.stderr.rpartition("kitaru executions retry ")[2].strip()
    (_, page, _), (_, lineage, _), (_, nothing, wrote), (watched, shown, why), (_, listed, _) = many(
        project,
        f"executions get {exec_id[:13]}",
        f"executions graph {exec_id}",
        f"executions graph {exec_id} --format dot --to lineage.dot",
        "executions watch",  # the latest one
        "executions list --flow report --status failed --since 1h --limit 5 --output json",
    )
    for part in (
        exec_id,
        "failed",
        "title = X",
        "RuntimeError: not mended yet",
        "steered_flows.py",
        "executions retry",
    ):
        assert part in page
    assert "flowchart LR" in lineage
    assert 'n0["first<br/>' in lineage
    assert (nothing, wrote) == ("", "Wrote lineage.dot.\n")
    assert 'n0 [label="first\\n' in (project.path / "lineage.dot").read_text()
    assert watched == 1
    assert "checkpoint first completed" in shown
    assert "the first speaks" in shown
    assert "not mended yet" in why
    assert [execution["exec_id"] for execution in json.loads(listed)] == [exec_id]

    mended = flows.read_text().replace('raise RuntimeError("not mended yet")', 'return {"score": number + 1}')
    flows.write_text(mended)
    retried = project.kitaru("executions", "retry", exec_id[:8])
    assert json.loads(retried.stdout) == {"score": 2}
    assert (project.path / "ran.txt").read_text().split() == ["first", "second", "second"]

    (_, listed, _), (_, result, _), (_, log, _), (_, stored, _) = many(
        project,
        "executions list --output json",
        f"executions get {exec_id} --result",
        f"executions logs {exec_id} --checkpoint first --output json",
        f"artifacts list {exec_id} --checkpoint second --output json",
    )
    assert [(execution["exec_id"], execution["status"]) for execution in json.loads(listed)] == [(exec_id, "completed")]
    assert json.loads(result) == {"score": 2}
    assert [json.loads(line)["message"] for line in log.splitlines()] == ["the first speaks"]
    (artifact,) = json.loads(stored)
    (_, value, _), (_, saved, _), (unsure, _, question), (_, deleted, _), (_, left, _) = many(
        project,
        f"artifacts get {artifact['id']}",
        f"artifacts get {artifact['id']} --save value.json",
        f"executions delete {exec_id}",
        f"executions delete {exec_id} --yes",
        "executions list --output json",
    )
    assert json.loads(value) == json.loads((project.path / "value.json").read_text()) == {"score": 2}
    assert "to value.json" in saved
    assert (unsure, "say --yes" in question) == (2, True)  # nobody is there to be asked
    assert exec_id in deleted
    assert json.loads(left) == []


def test_cancel_ends_the_processes_and_interrupted_onlookers_do_not(project, home, eventually) -> None:
    project.take(FLOWS)
    exec_id = project.kitaru("run", "steered_flows.py:forever", "--detach").stdout.strip()
    eventually((project.path / "started").exists, timeout=300, what="the checkpoint's start")
    onlookers = [
        (project.popen(KITARU, "executions", "watch", exec_id), "no longer watching"),
        (project.popen(KITARU, "executions", "logs", exec_id, "--follow", "--source", "runner"), "no longer following"),
    ]
    for onlooker, said in onlookers:
        seen = ""
        while "the endless one speaks" not in seen:
            line = onlooker.stdout.readline()
            assert line, onlooker.communicate()
            seen += line
        onlooker.send_signal(signal.SIGINT)
        _, stderr = onlooker.communicate(timeout=300)
        assert onlooker.returncode == 130, stderr
        last = stderr.strip().splitlines()[-1]
        assert last.startswith(f"Interrupted: {said} execution {exec_id}; it was not cancelled.")
        assert f"kitaru executions {onlooker.args[3]} {exec_id}" in last
        assert "Traceback" not in stderr

    watching = project.popen(KITARU, "executions", "watch", exec_id, "--output", "json")
    first_event = json.loads(watching.stdout.readline())
    assert (first_event["event"], first_event["status"]) == ("status", "running")
    cancelled = project.kitaru("executions", "cancel", exec_id, "--output", "json")
    assert json.loads(cancelled.stdout) == {"exec_id": exec_id, "status": "cancelled"}
    # The command itself returns within the seconds that it gives the processes.
    left = {process.pid for process in home.processes()} - {watching.pid}
    assert left == set()
    out, err = watching.communicate(timeout=300)
    assert watching.returncode == 1
    assert json.loads(out.splitlines()[-1])["status"] == "cancelled"
    assert json.loads(err.strip().splitlines()[-1])["error"]["exit_code"] == 1


def test_a_question_is_answered_from_another_process_and_a_paused_one_goes_on_by_itself(
    project, home, eventually
) -> None:
    project.take(FLOWS)
    exec_id = project.kitaru("run", "steered_flows.py:asking", "--input", '{"more": true}', "--detach").stdout.strip()
    waiting = project.popen("-c", f"from kitaru import FlowHandle; FlowHandle.from_id({exec_id!r}).wait()")
    watching = project.popen(KITARU, "executions", "watch", exec_id, "--output", "json")

    def until_asked(name: str) -> None:
        while line := watching.stdout.readline():
            wait = json.loads(line).get("pending_wait")
            if wait is not None and wait["name"] == name:
                return
        pytest.fail(f"{name!r} was not asked: {watching.communicate()}")

    def until_told() -> None:
        while line := waiting.stderr.readline():
            told.append(line)
            if "answer with" in line:
                return
        pytest.fail(f"nobody was told how to answer: {told}")

    told: list[str] = []
    until_asked("publish")
    until_told()
    (_, page, _), (refused, _, why), (_, answered, _) = many(
        project,
        f"executions get {exec_id}",
        f"executions input {exec_id} --value perhaps",
        f"executions input {exec_id} --value yes --wait publish --output json",
    )
    assert f"kitaru executions input {exec_id} --value yes" in page
    assert refused == 2
    assert "'perhaps' does not fit wait 'publish'" in why
    assert "takes yes or no" in why
    assert json.loads(answered) == {"exec_id": exec_id, "wait": "publish", "outcome": "answered"}
    until_asked("colour")
    until_told()
    project.kitaru("executions", "input", exec_id, "--value", "green")
    until_asked("review")
    until_told()
    onlookers = {waiting.pid, watching.pid}
    eventually(lambda: {process.pid for process in home.processes()} <= onlookers, what="the end of the runner")
    project.kitaru("executions", "input", exec_id, "--value", '{"stars": 5}')
    until_asked("more")
    until_told()
    assert (project.path / "ran.txt").read_text().split() == ["first"]
    project.kitaru("executions", "input", exec_id, "--abort")
    _, said = watching.communicate(timeout=300)
    assert watching.returncode == 1
    assert "was cancelled" in json.loads(said.strip().splitlines()[-1])["error"]["message"]
    _, rest = waiting.communicate(timeout=300)
    said = "".join([*told, rest])
    assert "was cancelled" in said
    assert f"kitaru executions input {exec_id} --value yes" in said
    assert said.count("answer with") == 4


# -- at a terminal ----------------------------------------------------------------------------------------------------


class Terminal:
    """A process at a terminal of its own, and what the screen has shown."""

    def __init__(self, project, *args: str | Path) -> None:
        self.screen = ""
        self._read = 0
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(project.path)
            os.execve(args[0], [str(arg) for arg in args], {**project.home.env, "TERM": "xterm"})

    def expect(self, text: str, timeout: float = 300) -> None:
        """Read until the screen shows some text after what was expected before."""
        deadline = time.monotonic() + timeout
        while text not in self.screen[self._read :]:
            ready, _, _ = select.select([self._descriptor], [], [], max(deadline - time.monotonic(), 0))
            if not ready or not self._more():
                pytest.fail(f"{text!r} did not come; the screen:\n{self.screen}")
        self._read = self.screen.index(text, self._read) + len(text)

    def type(self, line: str) -> None:
        os.write(self._descriptor, f"{line}\n".encode())

    def interrupt(self) -> None:
        os.write(self._descriptor, b"\x03")

    def end(self) -> int:
        """Wait for the process's end and give its exit code."""
        while self._more():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        os.close(self._descriptor)

    def _more(self) -> bool:
        try:
            new = os.read(self._descriptor, 65536)
        except OSError:  # the other side is gone
            return False
        self.screen += new.decode(errors="replace").replace("\r\n", "\n")
        return bool(new)


@pytest.fixture
def terminal(project) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*args: str | Path) -> Terminal:
        opened.append(Terminal(project, *args))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_wait_asks_on_the_terminal(project, terminal) -> None:
    project.take(FLOWS, "cli_executions/ask_at_terminal.py")
    person = terminal(sys.executable, "ask_at_terminal.py")
    person.expect("id ")
    person.expect("waits for 'publish': Publish the report?\nanswer [y/n]: ")
    exec_id = person.screen.partition("id ")[2].split()[0]
    person.type("perhaps")
    person.expect("'perhaps' does not fit. It takes yes or no.\nanswer [y/n]: ")
    person.type("y")
    person.expect("waits for 'colour'\nanswer [1: red  2: green]: ")
    # Somebody else is faster: the flow goes on without a keypress.
    project.kitaru("executions", "input", exec_id, "--value", "green")
    person.expect("answered elsewhere.")
    person.expect("stars [a whole number], or all as JSON: ")

    # The same question at another terminal, where it can be left open.
    other = terminal(KITARU, "executions", "input", exec_id, "-i")
    other.expect("stars [a whole number], or all as JSON: ")
    other.interrupt()
    assert other.end() == 130
    assert f"Answer it with: kitaru executions input {exec_id}" in other.screen
    other = terminal(KITARU, "executions", "input", exec_id, "--interactive")
    other.expect("stars [a whole number], or all as JSON: ")
    other.type('{"stars": "many"}')
    other.expect("does not fit wait 'review'")  # the store looks into objects, and it is asked again
    other.expect("stars [a whole number], or all as JSON: ")
    other.type("4")
    other.expect("remark [text, Enter to leave it out]: ")
    other.type("good")
    assert other.end() == 0
    person.expect("result [True, 'green', {'stars': 4, 'remark': 'good'}]")
    assert person.end() == 0

    # Tables are for people here: ids are cut to what tells them apart.
    table = terminal(KITARU, "executions", "list")
    assert table.end() == 0
    assert exec_id[:8] in table.screen
    assert exec_id not in table.screen
    assert "\x1b[3" not in table.screen  # no colours: NO_COLOR is set in this home


# -- ten kinds of wrong input -----------------------------------------------------------------------------------------

STATE, USAGE = 1, 2
# Name: exit code, error of the client, and parts of the message: what, why, what next.
EXPECTED = {
    "unknown id": (USAGE, "KitaruUsageError", ["There is no execution {unknown}", "another store", "executions list"]),
    "no id": (USAGE, "KitaruUsageError", ["'latest!' is no execution id", "looks like", "executions list"]),
    "unknown prefix": (USAGE, "KitaruUsageError", ["begins with '00000000-0000'", "executions list"]),
    "ambiguous": (USAGE, "KitaruUsageError", ["2 executions", "give more of it", "{failed}", "{twin}", "report"]),
    "retry needs a failed one": (STATE, "KitaruStateError", ["{failed} is failed already", "nothing to cancel"]),
    "not paused": (STATE, "KitaruStateError", ["is failed", "only a paused one", "executions retry {failed}"]),
    "does not wait": (STATE, "KitaruStateError", ["does not wait for input", "executions get {failed}"]),
    "nothing to abort": (STATE, "KitaruStateError", ["does not wait for input", "executions get {failed}"]),
    "which answer": (USAGE, None, ["one of --value, --interactive and --abort"]),
    "unknown checkpoint": (USAGE, "KitaruUsageError", ["no checkpoint 'frist'", "Did you mean 'first'?", "It has"]),
    "unknown status": (USAGE, "KitaruUsageError", ["'done'", "pending", "cancelled"]),
    "bad since": (USAGE, None, ["'yesterday' is no moment", "2h", "2026-01-31"]),
    "bad limit": (USAGE, "KitaruUsageError", ["0", "1"]),
    "unknown artifact": (USAGE, "KitaruUsageError", ["There is no artifact 'abc'", "kitaru artifacts list"]),
    "unfinished result": (STATE, "KitaruUserCodeError", ["not mended yet", "executions retry {failed}"]),
}


def test_wrong_input_is_told_with_what_why_and_what_next(project, home) -> None:
    project.take(FLOWS, "cli_executions/many_commands.py", "cli_executions/wrong_commands.py")
    done = project.run("wrong_commands.py", str(home.database), env={"KITARU_LOCAL_RUNNER": "inline"})
    ids = json.loads(done.stdout.splitlines()[-1])
    results = ids.pop("results")
    for name, (code, error, parts) in EXPECTED.items():
        (exit_code, out, err), (raised, message) = results[name]
        assert (name, exit_code, out, raised) == (name, code, "", error), err
        # The user's own frames are shown where a flow failed; never one of ours.
        before, _, frames = err.partition("\nError: ")[0].partition("Where it failed:")
        assert "Traceback (most recent call last)" not in before, name
        assert f"{Path(kitaru.__file__).parent}/" not in frames, name
        for part in parts:
            assert part.format(**ids) in err, (name, err)
            assert message is None or part.format(**ids) in message, (name, message)
    code, out, err = results["as data"][0]
    assert (code, out) == (2, "")
    assert json.loads(err)["error"]["type"] == "KitaruUsageError"
    code, out, err = results["with traceback"][0]
    assert code == 2
    assert "Traceback (most recent call last)" in err
    assert "KeyError" in err
