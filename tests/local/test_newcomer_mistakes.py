"""What newcomers get wrong, and whether the message tells them what to do: read as they see it.

The programs stand in ``tests/programs/newcomer_mistakes``. What ``tried_mistakes.py`` tries are lines of Python that the
tests hold beside the words of their messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Home, Project

# Before anything is started: what they write, and words of the message.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "one(1)": ("outside a flow", "@flow", ".run(...)", "one.func(...)"),
    "f(1)": ("cannot be called directly", "f.run(...).wait()"),
    "flow(lambda: 1)": ("lambda", "made by `def` at the top level of a module"),
    "flow(Agent)": ("class", "not a function"),
    "flow('research')": ("'research'", "not a function"),
    "flow(one)": ("Checkpoint", "not a function"),
    "checkpoint(Agent)": ("decorates a function", "Agent"),
    "checkpoint(retry=2)": ("@checkpoint(retry=) is no option", "here it is retries=3", "runtime"),
    "flow(title='f')": ("@flow(title=) is no option", "stack, image, cache, retries"),
    "checkpoint(retries='3')": ("a whole number", "'3'"),
    "flow(retries=-1)": ("a whole number, 0 or more", "-1"),
    "f.run(y=1)": ("f(x: int = 1)", "unexpected keyword argument 'y'"),
    "f.run(1, retry=2)": ("unexpected keyword argument 'retry'", "here it is retries=3"),
    "f.run(1, 2)": ("f(x: int = 1)", "too many positional arguments"),
    "f.run(threading.Lock())": ("Input 'x' of flow 'f'", "lock", "Pass plain data"),
    "f.run(stack='defalt')": ("There is no stack 'defalt'", ".run(stack=)", "Did you mean 'default'?"),
    "f.run(image={'base': 'x'})": ("image.base is not a field", "base_image"),
    "f.submit(1)": ("no 'submit'", ".run(...).wait()"),
    "one.run(1)": ("no 'run'", "in a flow's body", ".submit(...)"),
    "f.with_options(cache='yes')": ("True or False", "'yes'"),
    "FlowHandle('0000').result()": ("no 'result'", ".wait()", ".get()"),
    "kitaru.wait()": ("outside a flow", "body"),
    "kitaru.log(a=1)": ("outside a flow", ".run(...)"),
    "kitaru.log('done')": ("has a name", "tokens=812", "print()"),
    "kitaru.save('a', 1)": ("outside a flow",),
    "kitaru.chekpoint": ("no attribute 'chekpoint'", "Did you mean 'checkpoint'?"),
    "FlowHandle.from_id('mine')": ("no execution id", "kitaru executions list"),
    "KitaruClient().executions.replay_many({'flw': 'f'})": ("'flw' is no filter", "Did you mean 'flow'?"),
    "KitaruClient().executions.get('0000')": ("begins with '0000'", "kitaru executions list"),
}

# In the body of a flow.
INSIDE: dict[str, tuple[str, ...]] = {
    "nested()": ("'one'", "inside checkpoint 'nested'", "one.func(...)"),
    "pause()": ("inside checkpoint 'pause'", "the flow's body"),
    "f.run()": ("in the body of a flow", "inside a checkpoint", "f.func(...)"),
    "f.replay('0')": ("f.replay(...)", "in the body of a flow", "inside a checkpoint"),
    "FlowHandle(kitaru.current_execution_id()).replay()": ("in the body of a flow", "inside a checkpoint"),
    "KitaruClient().executions.replay(kitaru.current_execution_id())": ("in the body of a flow", "inside a checkpoint"),
    "KitaruClient().executions.replay_many([kitaru.current_execution_id()])": ("in the body of a flow",),
    "one(y=1)": ("one(x: int = 1)", "unexpected keyword argument 'y'"),
    "one.map(3)": ("needs a sequence", "got int", "one.submit(...)"),
    "one.map({1, 2})": ("got set", "sorted(...)"),
    "locked()": ("output of checkpoint 'locked'", "lock", "Return plain data"),
    "lines()": ("output of checkpoint 'lines'", "generator", "Return plain data"),
    "one(threading.Lock())": ("argument of checkpoint 'one", "lock", "Pass plain data"),
    "one.submit(1) + 1": ("future of checkpoint 'one", ".result()", "`await`"),
    "1 if one.submit(0) else 2": ("future of checkpoint 'one", ".result()"),
    "one.submit(1)[0]": ("future of checkpoint 'one", ".result()"),
    "one.submit(1).upper()": ("asked for .upper", ".result()"),
    "list(ThreadPoolExecutor().map(one, [1]))": ("outside a flow", "thread", "one.submit(...)"),
    "f'{one.submit(1)} it'": ("future of checkpoint 'one", "put into a text", ".result()"),
    "str(one.map([1]))": ("future of checkpoint 'one", "put into a text", ".result()"),
    "kitaru.wait(threading.Lock)": ("no type that JSON can express", "pydantic"),
}


@pytest.fixture
def tried(project: Project) -> Callable[[str, object], Any]:
    """``tried(where, lines)``: what lines of Python come to, where a program tries them."""

    def tried(where: str, lines: object) -> Any:
        project.take("newcomer_mistakes/first_flows.py", "newcomer_mistakes/tried_mistakes.py")
        done = project.run("tried_mistakes.py", where, stdin=json.dumps(lines))
        return json.loads(done.stdout.splitlines()[-1])

    return tried


def check(expected: dict[str, tuple[str, ...]], messages: list[str]) -> None:
    wrong = [
        f"{source}\n    lacks {word!r}: {message}"
        for (source, words), message in zip(expected.items(), messages, strict=True)
        for word in words
        if word not in message
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_wrong_before_anything_is_started(tried: Callable[[str, object], Any], home: Home) -> None:
    check(OUTSIDE, tried("outside", list(OUTSIDE)))
    assert not list(home.zenml.glob("kitaru/executions/*/status*"))


def test_what_is_wrong_in_the_body_of_a_flow(tried: Callable[[str, object], Any]) -> None:
    forgotten = {"later(1) + 1": ("future of checkpoint 'later", "`await`"), "bool(later(0))": ("`await`",)}
    inside, unawaited = tried("inside", {"body": list(INSIDE), "async body": list(forgotten)})
    check(INSIDE, inside)
    check(forgotten, unawaited)


def test_a_failure_that_nobody_catches_shows_the_lines_of_the_user(project: Project) -> None:
    script = project.take("newcomer_mistakes/uncaught.py")
    source = script.read_text(encoding="utf-8").splitlines()
    in_flow, in_checkpoint = (source.index(line) + 1 for line in ('    return parse("one")', "    return int(text)"))
    run = project.run(script.name, check=False)
    command = project.kitaru("run", f"{script}:f", check=False, env={"KITARU_PROGRESS": "off"})
    for done in (run, command):
        assert done.returncode == 1
        after = done.stderr.partition("Where it failed:")[2].partition("\nError:")[0]
        assert f'File "{script}", line {in_flow}, in f\n' in after
        assert f'File "{script}", line {in_checkpoint}, in parse\n' in after
        assert "kitaru" not in after.replace(str(script), "")
        assert "checkpoint 'parse': ValueError: invalid literal for int()" in done.stderr
        assert "kitaru executions retry" in done.stderr


def test_a_flow_that_no_other_process_can_import_runs_here_and_says_so(project: Project) -> None:
    done = project.run("-c", "from kitaru import flow\n@flow\ndef f(): return 3\nprint(f.run().wait(progress=False))")
    assert done.stdout == "3\n"
    assert "runs in a thread of this process, and ends with it" in done.stderr


def test_a_docker_stack_without_an_engine(project: Project) -> None:
    project.take("newcomer_mistakes/first_flows.py", name="flows.py")
    project.kitaru("stack", "create", "containers", "--type", "docker")
    env = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = project.kitaru("run", "flows.py:f", "--stack", "containers", env=env, check=False)
    assert done.returncode == 1
    for words in ("reach the Docker engine", "Start the Docker engine", "kitaru stack check containers"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr


# The command line: what they type, and words of the message.
TYPED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("rum",): ("There is no command 'rum'", "Did you mean 'run'?"),
    ("logs", "0a1b"): ("There is no command 'logs'", "Did you mean `kitaru executions logs`?"),
    ("list",): ("`kitaru artifacts list` or `kitaru executions list`", "`kitaru stack list`"),
    ("help",): ("Did you mean `kitaru --help`?",),
    ("executions", "lst"): ("Did you mean 'list'?",),
    ("run",): ("Missing argument 'TARGET'", "module:flow or path/to/file.py:flow"),
    ("run", "flows.f"): ("must be module:flow", "Did you mean 'flows:f'?"),
    ("run", "flows.py:f", "3"): ("unexpected extra argument (3). The", """--input '{"name": "Ada"}'"""),
    ("run", "flows.py:f", "--topic", "tides"): ("No such option '--topic'", """--input '{"name": "Ada"}'"""),
    ("run", "flows.py:f", "--stak", "x"): ("--stak", "--stack"),
    ("run", "flows.py"): ("TARGET must be module:flow", "flows.py:f"),
    ("run", "flow.py:f"): ("There is no file flow.py", "flows.py"),
    ("run", "flows.py:g"): ("has nothing named 'g'", "Its flows are f"),
    ("run", "flows.py:one"): ("is not a flow but a Checkpoint", "Its flows are f"),
    ("run", "flows.py:f", "--input", "x=1"): ("not valid JSON", '{"name": "Ada"}'),
    ("run", "flows.py:f", "--input", '{"x": "many"}'): ("x", "should be a valid integer"),
    ("run", "flows.py:f", "--input", '{"y": 1}'): ("'y'", "the flow does not take"),
    ("run", "flows.py:f", "--stack", "defalt"): ("Did you mean 'default'?",),
    ("executions", "list", "--flow", "wrods"): ("There are no executions yet",),
    ("executions", "list", "--status", "done"): ("'done'", "completed"),
    ("executions", "get", "nope"): ("no execution id", "kitaru executions list"),
    ("stack", "use", "defalt"): ("Did you mean 'default'?",),
    ("init", "--template", "agnt"): ("agent",),
    ("config", "get"): ("There is no command 'get'", "show"),
}


def test_what_is_wrong_on_the_command_line(project: Project) -> None:
    project.take("newcomer_mistakes/first_flows.py", name="flows.py")
    project.take("newcomer_mistakes/typed_commands.py")
    messages = json.loads(project.run("typed_commands.py", stdin=json.dumps(list(TYPED))).stdout)
    check({" ".join(arguments): words for arguments, words in TYPED.items()}, messages)
    assert [text for text in messages if "Traceback" in text] == []
