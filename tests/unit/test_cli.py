"""The command line: its help, its one exit for errors, the settings it shows, and how `run` takes targets and input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from kitaru import errors
from kitaru._cli.group import Command
from kitaru._cli.main import COMMANDS, _exit_code, cli, main
from kitaru._cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def kitaru(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Call the command in an empty project, without variables that could give settings."""
    for variable in [name for name in os.environ if name.startswith("KITARU_")]:
        monkeypatch.delenv(variable)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # `run` puts folders in front
    loaded = set(sys.modules)

    def call(*args: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["kitaru", *args])
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        for name in set(sys.modules) - loaded:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]
        return Outcome(exit_.value.code, printed.out, printed.err)

    return call


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, content: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content).lstrip("\n"))
        return path

    return write


FLOWS = """
    from kitaru import flow

    @flow
    def survey(package: str, depth: int = 1) -> str:
        return package

    @flow
    def report() -> None: ...

    def helper(): ...
"""


# -- help, version, unknown names -------------------------------------------------------------------------------------


def test_help_lists_every_command(kitaru: Callable[..., Outcome]) -> None:
    outcome = kitaru("--help")
    assert outcome.code == 0
    listed = outcome.out.partition("Commands:")[2].split()
    assert set(COMMANDS) <= set(listed)


@pytest.mark.parametrize("group", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_help_tells_in_80_columns_what_each_command_is_for(
    group: tuple[str, ...], kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = kitaru(*group, "--help").out
    listed = told.partition("\nCommands:\n")[2].splitlines()
    assert [line for line in listed if line.endswith("...")] == []


def test_version_is_that_of_the_distribution(kitaru: Callable[..., Outcome]) -> None:
    outcome = kitaru("--version")
    assert outcome.code == 0
    assert outcome.out.startswith("kitaru ")
    assert outcome.out.count("\n") == 1


@pytest.mark.parametrize(("args", "nearest"), [(["confg"], "config"), (["config", "shwo"], "show")])
def test_an_unknown_command_suggests_the_nearest(args: list[str], nearest: str, kitaru: Callable[..., Outcome]) -> None:
    outcome = kitaru(*args)
    assert outcome.code == 2
    assert f"There is no command {args[-1]!r}. Did you mean {nearest!r}?" in outcome.err


def test_python_dash_m_kitaru_is_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kitaru", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.stdout.startswith("Usage: kitaru ")


@pytest.mark.parametrize("args", [["config", "show", "--help"], ["nonsense"], ["config", "show"]])
def test_help_mistakes_and_settings_without_a_question_to_zenml_stay_cheap(args: list[str], tmp_path: Path) -> None:
    program = (
        f"import sys; sys.argv = ['kitaru', *{args!r}]\n"
        "from kitaru._cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('loaded', *{'zenml', 'pydantic', 'docker', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "KITARU_STACK": "given", "KITARU_IMAGE": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, env=env, timeout=300
    )
    assert done.stderr.splitlines()[-1].strip() == "loaded"


# -- the one exit for errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.KitaruUsageError("x"), 2),
        (errors.KitaruWaitValidationError("x"), 2),
        (click.UsageError("x"), 2),
        (errors.KitaruBackendError("x"), 3),
        (errors.KitaruStateError("x"), 1),
        (errors.KitaruTimeoutError("x"), 1),
        (errors.KitaruStackError("x"), 1),
        (errors.KitaruImageError("x"), 1),
        (errors.KitaruContextError("x"), 1),
        (errors.KitaruUserCodeError("x"), 1),
        (errors.KitaruRunnerLostError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_exit_codes(error: Exception, code: int) -> None:
    assert _exit_code(error) == code


def test_an_error_is_one_line_on_stderr(kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_RETRIES", "many")
    outcome = kitaru("config", "show")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: retries must be a whole number, 0 or more, but KITARU_RETRIES gives 'many'.\n"


def test_an_error_is_data_where_json_is_asked_for(
    kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITARU_CACHE", "many")
    outcome = kitaru("config", "show", "--output", "json")
    assert outcome.code == 2
    report = json.loads(outcome.err)["error"]
    assert report["type"] == "KitaruUsageError"
    assert report["exit_code"] == 2
    assert "KITARU_CACHE" in report["message"]


def test_traceback_shows_the_causes_too(kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_IMAGE", '{"environment": {"TOKEN": "hunter2"}, "user": ""}')
    outcome = kitaru("--traceback", "config", "show")
    assert outcome.code == 2
    assert "Traceback (most recent call last)" in outcome.err
    assert "ValidationError" in outcome.err
    assert "hunter2" not in outcome.err
    assert outcome.err.splitlines()[-1].startswith("Error: The image from KITARU_IMAGE is not valid: image.user")


def test_an_interrupt_ends_the_command_with_one_line(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    path = write(
        "slow.py",
        "import sys, threading\nprint('ready', flush=True)  # goes to stderr, stdout is for results\nthreading.Event().wait(60)\n",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "kitaru", "run", f"{path}:flow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")


def test_an_interrupt_in_a_callback_of_a_weak_reference_is_not_lost() -> None:
    program = """if True:
        import signal, threading, weakref
        from kitaru._core.process.ctrl_c import redeliver_interrupt

        class Thing:
            def __del__(self): raise LookupError("told as ever")

        thing = Thing()
        reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        try:
            with redeliver_interrupt():
                del thing
                print("dropped")
                threading.Event().wait(60)
        except KeyboardInterrupt:
            print("heard")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "dropped\nheard\n"
    assert "LookupError: told as ever" in done.stderr
    assert "KeyboardInterrupt" not in done.stderr


# -- config show ------------------------------------------------------------------------------------------------------


def test_config_show_prints_each_setting_with_the_layer_that_won(
    kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, write: Callable[[str, str], Path]
) -> None:
    file = write("pyproject.toml", '[tool.kitaru]\nstack = "k8s"\nimage = { base_image = "python:3.11" }\n')
    monkeypatch.setenv("KITARU_IMAGE", '{"environment": {"MODE": "fast"}}')
    monkeypatch.setenv("KITARU_CACHE", "off")
    outcome = kitaru("config", "show")
    assert outcome.code == 0
    rows = [line.split(maxsplit=3) for line in outcome.out.splitlines()]
    assert rows == [
        ["SETTING", "VALUE", "LAYER", "FROM"],
        ["stack", "k8s", "pyproject", f"{file} [tool.kitaru]"],
        ["image.base_image", "python:3.11", "pyproject", f"{file} [tool.kitaru]"],
        ["image.environment.MODE", "fast", "environment", "KITARU_IMAGE"],
        ["cache", "false", "environment", "KITARU_CACHE"],
        ["retries", "0", "default", "built-in default"],
    ]


def test_config_show_as_json(kitaru: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_STACK", "k8s")
    outcome = kitaru("config", "show", "--output", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == {
        "stack": {"value": "k8s", "layer": "environment", "detail": "KITARU_STACK"},
        "image": {"value": None, "layer": "default", "detail": "built-in default"},
        "cache": {"value": True, "layer": "default", "detail": "built-in default"},
        "retries": {"value": 0, "layer": "default", "detail": "built-in default"},
    }


def test_the_manual_names_every_variable(kitaru: Callable[..., Outcome]) -> None:
    from kitaru.config import OTHER_VARIABLES, SETTINGS

    manual = kitaru("config", "show", "--help").out
    for variable in [*OTHER_VARIABLES, *(setting.variable for setting in SETTINGS.values())]:
        assert variable in manual


# -- run: the target --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["survey", ":survey", "flows.py:", ""])
def test_a_malformed_target_is_shown_the_right_form(target: str, kitaru: Callable[..., Outcome]) -> None:
    outcome = kitaru("run", target)
    assert outcome.code == 2
    assert f"TARGET must be module:flow or path/to/file.py:flow, not {target!r}" in outcome.err


def test_a_missing_file_is_told(kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]) -> None:
    write("sub/flows.py", "")
    assert "There is no file missing.py" in kitaru("run", "missing.py:survey").err
    assert "did you mean sub/flows.py?" in kitaru("run", "sub/flows:survey").err


def test_a_missing_module_is_told_apart_from_one_that_the_module_imports(
    kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("team_a/__init__.py", "")
    write("team_a/broken.py", "import no_such_library\n")
    assert "There is no module 'team_b'" in kitaru("run", "team_b.flows:survey").err
    assert "There is no module 'team_a.flows'" in kitaru("run", "team_a.flows:survey").err
    assert "'.flows' is not the name of a module" in kitaru("run", ".flows:survey").err
    outcome = kitaru("run", "team_a.broken:survey")
    assert outcome.code == 2
    assert "its own code raised ModuleNotFoundError: No module named 'no_such_library'" in outcome.err
    assert 'broken.py", line 1' in outcome.err
    assert "importlib" not in outcome.err


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("import no_such_library\n", ["ModuleNotFoundError: No module named 'no_such_library'", "line 1"]),
        ("x = 1\ny = x / 0\n", ["ZeroDivisionError", "line 2", "y = x / 0"]),
        ("def broken(:\n", ["SyntaxError", "line 1"]),
        ("import sys\nsys.exit(3)\n", ["SystemExit: 3", "line 2"]),
    ],
)
def test_what_goes_wrong_in_the_users_file_is_told_as_theirs(
    content: str, messages: list[str], kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    path = write("theirs.py", content)
    outcome = kitaru("run", "theirs.py:survey")
    assert outcome.code == 2
    for message in [f"Error: {path} cannot be imported, its own code raised", *messages]:
        assert message in outcome.err


@pytest.mark.parametrize(("name", "owner"), [("json.py", "json"), ("time.py", "built into Python")])
def test_a_file_whose_name_another_module_has_is_refused(
    name: str, owner: str, kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write(name, FLOWS)
    outcome = kitaru("run", f"{name}:survey")
    assert outcome.code == 2
    assert "belongs to another module" in outcome.err
    assert owner in outcome.err
    assert "Rename the file" in outcome.err


def test_a_file_whose_name_is_no_module_name_is_refused(
    kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("survey.v2.py", FLOWS)
    write("__main__.py", FLOWS)
    assert "Rename the file" in kitaru("run", "survey.v2.py:survey").err
    assert "Rename the file" in kitaru("run", "__main__.py:survey").err


def test_a_missing_flow_lists_those_that_exist(
    kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("flows.py", FLOWS)
    outcome = kitaru("run", "flows.py:servey")
    assert outcome.code == 2
    assert "has nothing named 'servey'. Did you mean 'survey'? Its flows are report, survey." in outcome.err


def test_something_that_is_no_flow_is_named_by_its_type(
    kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("flows.py", FLOWS)
    write("plain.py", "def survey(): ...\n")
    assert (
        "'helper' in flows is not a flow but a function. Its flows are report, survey."
        in kitaru("run", "flows:helper").err
    )
    assert "It has no flows; decorate a function with @flow." in kitaru("run", "plain.py:survey").err


# -- run: the input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "--input is not valid JSON: Expecting property name"),
        ("[1]", '--input must be a JSON object of the flow\'s parameters, such as \'{"name": "Ada"}\', not an array'),
        ("null", "not null"),
        ("@missing.json", "--input @missing.json cannot be read"),
        ("@broken.json", "--input @broken.json is not valid JSON"),
        ("@binary.json", "--input @binary.json cannot be read"),
        ("{}", "The input lacks 'package'"),
        ('{"package": 3}', "package: input should be a valid string"),
        ('{"package": "x", "dept": 3}', "has 'dept', which the flow does not take. Did you mean 'depth'?"),
        ('{"package": "x", "retries": 3}', "has 'retries', which is an option and no argument: use --retries"),
    ],
)
def test_a_wrong_input_is_told_before_anything_runs(
    given: str, message: str, kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("flows.py", FLOWS)
    write("broken.json", "{'a': 1}")
    write("binary.json", "").write_bytes(b"\xff")
    outcome = kitaru("run", "flows.py:survey", "--input", given)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--retries", "-1"], "'--retries': -1 is not in the range"),
        (["--retries", "1.5"], "'1.5' is not a valid integer"),
        (["--image", "{"], "The image from --image begins like JSON"),
        (["--image", '{"user": ""}'], "The image from --image is not valid: image.user must not be empty"),
    ],
)
def test_a_wrong_option_is_told_before_anything_runs(
    option: list[str], message: str, kitaru: Callable[..., Outcome], write: Callable[[str, str], Path]
) -> None:
    write("flows.py", FLOWS)
    outcome = kitaru("run", "flows.py:survey", "--input", '{"package": "x"}', *option)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


# -- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_for_the_shell_and_silent(shell: str, kitaru: Callable[..., Outcome]) -> None:
    outcome = kitaru("completion", shell)
    assert outcome.code == 0
    assert f"_KITARU_COMPLETE={shell}_complete" in outcome.out


def test_bash_completes_commands_by_the_script(tmp_path: Path) -> None:
    asked = (
        'eval "$(kitaru completion bash)"; COMP_WORDS=(kitaru exec); COMP_CWORD=1; '
        '_kitaru_completion kitaru exec kitaru; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, check=False, cwd=tmp_path, env=env, timeout=300
    )
    assert (done.stdout, done.stderr) == ("executions\n", "")


def test_stdout_holds_what_a_command_says_and_nothing_else(capfd) -> None:
    @click.command(cls=Command)
    def talkative() -> None:
        print("a library's log")
        say("the result", nl=False)
        click.echo(" a note", err=True)

    talkative.main([], standalone_mode=False)
    print(", and what is printed later")
    assert capfd.readouterr() == ("the result, and what is printed later\n", "a library's log\n a note\n")


def test_all_commands_keep_stdout_for_results() -> None:
    def commands(group: click.Group) -> Iterator[click.Command]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield from commands(command) if isinstance(command, click.Group) else [command]

    found = list(commands(cli))
    assert len(found) > 40
    assert [command.name for command in found if not isinstance(command, Command)] == []
