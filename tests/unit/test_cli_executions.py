"""What `kitaru executions` and `kitaru artifacts` show, take and cost, without a store."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from kitaru import models
from kitaru._cli import completion, output
from kitaru._cli.artifacts import _as_text, _write
from kitaru._cli.describe import described
from kitaru._cli.executions import _table
from kitaru._cli.main import cli
from kitaru._cli.since import parse_since
from kitaru._cli.watch import _as_data, _checkpoint_events, _status_events
from kitaru._cli.watch import _as_text as watched
from kitaru._core.comparing import diff_text
from kitaru._core.drawing import trace
from kitaru.diffs import ExecutionDiff
from kitaru.errors import KitaruBackendError, KitaruUsageError

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^<!-- (\w+) -->\n```json\n(.*?)^```$", DOCS, flags=re.MULTILINE | re.DOTALL))


# The commands of this page of the manual.
NOUNS = (
    "artifacts",
    "completion",
    "config",
    "doctor",
    "executions",
    "init",
    "login",
    "logout",
    "model",
    "run",
    "secrets",
    "status",
)


def every_command(command: click.Command = cli, path: str = "kitaru") -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [row for name, child in found if child for row in every_command(child, f"{path} {name}")]


def execution(**changes: Any) -> models.Execution:
    return models.Execution.model_validate({**json.loads(EXAMPLES["Execution"]), **changes})


# -- the manual -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "command"), [row for row in every_command() if row[0].split()[1] in NOUNS])
def test_every_command_has_its_line_in_the_manual_and_a_right_example_in_its_help(
    path: str, command: click.Command
) -> None:
    assert f"`{path}" in DOCS
    if path == "kitaru config show":
        return
    examples = re.findall(rf"^ +({path} .*|{path})$", command.help or "", flags=re.MULTILINE)
    assert examples, f"{path} --help has no example"
    for example in examples:
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", example):
            assert any(option in parameter.opts + parameter.secondary_opts for parameter in command.params), example
    undescribed = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert undescribed == []


@pytest.mark.parametrize("name", ["ExecutionSummary", "Execution", "LogEntry", "Artifact"])
def test_the_shapes_in_the_manual_are_those_that_are_printed(name: str) -> None:
    example = json.loads(EXAMPLES[name])
    assert json.loads(output.as_json(getattr(models, name).model_validate(example))) == example


def test_the_shape_of_a_difference_in_the_manual_is_the_one_that_is_printed() -> None:
    example = json.loads(EXAMPLES["ExecutionDiff"])
    assert json.loads(output.as_json(ExecutionDiff.model_validate(example))) == example


@pytest.mark.parametrize("noun", NOUNS)
def test_help_and_mistakes_load_nothing_heavy(noun: str, tmp_path: Path) -> None:
    program = (
        f"import sys\nfrom kitaru._cli.main import main\n"
        f"for argv in ([{noun!r}, '--help'], [{noun!r}, 'nonsense:'], [{noun!r}, 'get', '--help']):\n"
        "    sys.argv = ['kitaru', *argv]\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "print('loaded', *{'zenml', 'pydantic', 'docker', 'rich', 'sqlalchemy'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=300
    )
    assert done.stderr.splitlines()[-1].strip() == "loaded"


# -- moments and durations --------------------------------------------------------------------------------------------

NOW = datetime(2026, 1, 31, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("10m", NOW - timedelta(minutes=10)),
        ("10 min", NOW - timedelta(minutes=10)),
        ("2h", NOW - timedelta(hours=2)),
        ("3D", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-01-30", datetime(2026, 1, 30)),  # noqa: DTZ001 - the client takes it for local time
        ("2026-01-30T12:30", datetime(2026, 1, 30, 12, 30)),  # noqa: DTZ001 - the same
        ("2026-01-30T12:30:00+02:00", datetime(2026, 1, 30, 12, 30, tzinfo=UTC) - timedelta(hours=2)),
    ],
)
def test_since_takes_moments_as_people_write_them(text: str, moment: datetime) -> None:
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2y", "-2h", "2026-13-01", "999999w"])
def test_since_refuses_what_is_no_moment(text: str) -> None:
    with pytest.raises(KitaruUsageError, match="is no moment"):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.04, "40 ms"),
        (0.0996, "0.1 s"),
        (4.23, "4.2 s"),
        (59.96, "1 min"),
        (61, "1 min 1 s"),
        (65.7, "1 min 6 s"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
        (86410, "1 d"),
        (-3, "0 ms"),
    ],
)
def test_durations_are_told_in_one_way_everywhere(seconds: float, words: str) -> None:
    ended = NOW + timedelta(seconds=seconds)
    assert trace.seconds(seconds) == words  # timelines, lineages, the live view, transfers
    assert output.length(NOW, ended) == words  # tables
    took = {"started_at": NOW.isoformat(), "ended_at": ended.isoformat()}
    assert diff_text.length(took) == words


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_a_list_tells_whose_executions_are_where_a_server_has_users() -> None:
    one = models.ExecutionSummary.model_validate(json.loads(EXAMPLES["ExecutionSummary"]))
    other = one.model_copy(update={"exec_id": "0d3f6c52-9a5e-4a0e-8f55-6a3f4b1f7c11", "user": None})
    shared = _table([one, other], usage=False).splitlines()
    assert [line.split()[4] for line in shared[:2]] == ["USER", "ada"]
    alone = _table([one.model_copy(update={"user": "default"})], usage=False)
    assert "USER" not in alone


def test_a_table_in_a_pipe_is_whole_and_has_no_colours() -> None:
    table = output.table(("ID", "STATUS"), [("a" * 300, "failed"), ("b", "two\nlines")])
    assert table == f"{'ID':300}  STATUS\n{'a' * 300}  failed\n{'b':300}  two lines"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    return monkeypatch


def test_a_table_at_a_terminal_fits_it_and_has_colours_unless_they_are_not_wanted(
    terminal: pytest.MonkeyPatch,
) -> None:
    rows = [("12345678", "failed", "long " * 30)]
    coloured = output.table(("ID", "STATUS", "NOTE"), rows)
    assert "\x1b[31mfailed" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert max(map(len, plain.splitlines())) <= 60
    assert plain.count("long") == 30
    assert output.coloured("failed") == "\x1b[31mfailed\x1b[0m"
    terminal.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in output.table(("ID", "STATUS", "NOTE"), rows)
    assert output.coloured("failed") == "failed"


def test_ids_at_a_terminal_are_cut_to_what_tells_them_apart(terminal: pytest.MonkeyPatch) -> None:
    ids = ["0a1b2c3d-0000", "0a1b2c3d-0001", "ffffffff-0000"]
    assert list(output.short_ids(ids).values()) == ids
    assert list(output.short_ids(ids[1:]).values()) == ["0a1b2c3d", "ffffffff"]
    assert output.short_ids([]) == {}


def test_the_page_of_an_execution_says_why_it_failed_and_what_to_do() -> None:
    page = described(execution(pending_wait=None))
    for part in (
        "Flow          report",
        "failed (RuntimeError: no such topic)",
        "25.8 s",
        "topic = tides",
        "write       failed  1",
        "fcceee8f-76b5-4058-bae1-bd71ef4ce111",
        "checkpoint 'write': RuntimeError: no such topic",
        'File "report.py", line 12',
        "kitaru executions retry a1bc0bea-41f2-4145-bb2c-febfd86af2df",
        "Changed code  write",
    ):
        assert part in page
    assert "Waits for" not in page


def test_the_page_of_a_waiting_execution_says_how_to_answer() -> None:
    page = described(execution(status="waiting", failure=None, ended_at=None, status_reason=None))
    assert "publish: Publish the report?" in page
    assert "It takes yes or no" in page
    assert "kitaru executions input a1bc0bea-41f2-4145-bb2c-febfd86af2df --value yes" in page
    assert "so far" in page
    assert "Failure" not in page


def test_the_shown_answer_of_a_waiting_execution_can_be_pasted_into_a_shell() -> None:
    waiting = execution(status="waiting", failure=None, ended_at=None)
    choice = waiting.pending_wait.model_copy(update={"json_schema": {"const": "don't"}})
    page = described(waiting.model_copy(update={"pending_wait": choice}))
    assert shlex.split(page.splitlines()[-1])[-2:] == ["--value", "don't"]


def test_watch_tells_what_changed_and_nothing_twice() -> None:
    waiting = execution(status="waiting")
    running = execution(status="running", pending_wait=None)
    for shown in (_as_data, watched):
        assert [shown(event) for event in _status_events(waiting, waiting, ended=False)] == []
        assert [shown(event) for event in _checkpoint_events(waiting, waiting, ended=True)] == []
    (asked,) = map(watched, _status_events(running, waiting, ended=False))
    assert asked.startswith("execution a1bc0bea-41f2-4145-bb2c-febfd86af2df (report) is waiting for 'publish': Publish")
    assert "--interactive" in asked
    (ended,) = map(watched, _checkpoint_events(None, waiting, ended=True))
    assert ended == "checkpoint write failed in 16.4 s: no such topic"
    (data,) = map(_as_data, _checkpoint_events(None, waiting, ended=True))
    assert json.loads(data) == {
        "event": "checkpoint",
        "checkpoint": json.loads(EXAMPLES["Execution"])["checkpoints"][0],
    }


def test_values_are_printed_as_json_where_they_are_json() -> None:
    assert _as_text({"a": [1, None]}) == '{\n  "a": [\n    1,\n    null\n  ]\n}'
    assert _as_text("ä") == '"ä"'
    assert _as_text({1, 2}) == "{1, 2}"
    assert _as_text(float("nan")) == "nan"


@pytest.mark.parametrize(("value", "content"), [("ä", "ä".encode()), (b"\xff", b"\xff"), ([1], b"[1]\n")])
def test_values_are_saved_as_what_they_are(value: object, content: bytes, tmp_path: Path) -> None:
    assert _write(tmp_path / "file", value) == len(content)
    assert (tmp_path / "file").read_bytes() == content
    with pytest.raises(KitaruUsageError, match="cannot be written"):
        _write(tmp_path / "no" / "file", value)


# -- completion -------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a store, in which no host is asked."""
    monkeypatch.setenv("KITARU_HOST", "off")
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    monkeypatch.setattr("kitaru.stack.list_stacks", list)
    return tmp_path


def complete(complete_: Any, incomplete: str) -> list[str]:
    return [item.value for item in complete_(None, None, incomplete)]


def test_completion_offers_what_is_there(monkeypatch: pytest.MonkeyPatch, no_store: Path) -> None:
    found = [
        models.ExecutionSummary.model_validate({**json.loads(EXAMPLES["ExecutionSummary"]), **changes})
        for changes in ({}, {"exec_id": "a2", "flow_name": "other"}, {"exec_id": "b1", "stack_name": None})
    ]
    monkeypatch.setattr("kitaru.client.Executions.list", lambda _self, **_options: found)
    assert complete(completion.executions, "A") == ["a1bc0bea-41f2-4145-bb2c-febfd86af2df", "a2"]
    assert complete(completion.flows, "") == ["other", "report"]
    assert complete(completion.stacks, "d") == ["default"]


def test_completion_is_silent_where_nothing_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], no_store: Path
) -> None:
    def fail(_self: object, **_options: object) -> None:
        print("noise")
        raise KitaruBackendError("no store")

    monkeypatch.setattr("kitaru.client.Executions.list", fail)
    assert complete(completion.executions, "") == []
    assert capsys.readouterr() == ("", "")
