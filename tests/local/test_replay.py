"""Replays: what is taken from the record, what runs again, and what is told of the difference."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project

# What the programs of these tests share.
HELPERS = ("right_call/marks.py", "expecting.py")


def ran(project: Project) -> list[str]:
    """Return the checkpoints that ran since this was asked last."""
    file = project.path / "ran.txt"
    names = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return names


def test_the_record_is_taken_up_to_the_cut_and_an_override_is_what_the_next_one_gets(project: Project) -> None:
    project.take(*HELPERS, "replay/ranking_report.py", "replay/replayed_report.py")
    assert project.run("replayed_report.py").stdout.splitlines()[-1] == "done"


def test_a_failed_execution_is_replayed_by_the_command_line_once_its_code_is_mended(project: Project) -> None:
    program = project.take(*HELPERS, "replay/digest.py")
    fragile = program.read_text()
    exec_id = project.kitaru("run", "digest.py:digest", "--input", '{"topic": "tides"}', "--detach").stdout.strip()
    project.kitaru("executions", "watch", exec_id, check=False)
    assert ran(project) == ["load", "summarise"]
    program.write_text(fragile.replace('raise LookupError("no model")', "return text.title()"))

    done = project.kitaru("executions", "replay", exec_id)
    assert json.loads(done.stdout) == "sent: All About Tides"
    assert ran(project) == ["summarise", "send"]
    (replay, _) = json.loads(project.kitaru("executions", "list", "--output", "json").stdout)
    shown = project.kitaru("executions", "get", replay["exec_id"]).stdout
    assert f"Replays       {exec_id}" in shown
    assert "reused" in shown
    difference = project.kitaru("executions", "diff", exec_id, replay["exec_id"], "--html", "diff.html").stdout
    assert "summarise: builtins.LookupError: no model" in difference
    assert "Checkpoint summarise: changed (failed → completed" in difference
    assert 'only in B: "sent: All About Tides"' in difference
    assert "Equal checkpoints: load" in difference
    assert 'data-call="summarise"' in (project.path / "diff.html").read_text(encoding="utf-8")

    # an input and an override by their forms on the command line
    done = project.kitaru(
        "executions", "replay", exec_id, "--output", "summarise=short", "--output", "json", "--detach"
    )
    printed = json.loads(done.stdout)
    other = printed["exec_id"]
    assert (printed["result"], printed["dashboard_url"]) == (None, None)
    project.kitaru("executions", "watch", other)
    assert project.kitaru("executions", "get", other, "--result").stdout == '"sent: short"\n'
    assert ran(project) == ["send"]
    done = project.kitaru(
        "executions", "replay", exec_id, "--at", "load", "--input", '{"topic": "moons"}', "--output", "json"
    )
    assert json.loads(done.stdout)["result"] == "sent: All About Moons"

    # a body that asks for another checkpoint before the cut
    changed = fragile.replace("send(summarise(load(topic)))", "send(summarise(send(topic)))")
    program.write_text(changed.replace('raise LookupError("no model")', "return text"))
    ran(project)
    failed = project.kitaru("executions", "replay", exec_id, check=False)
    assert failed.returncode == 1
    assert "was checkpoint 'load' and is 'send' now" in failed.stderr
    assert "at='load'" in failed.stderr
    assert ran(project) == []
    # an unknown selector lists what there is
    failed = project.kitaru("executions", "replay", exec_id, "--at", "summarize", check=False)
    assert failed.returncode == 2
    assert "Did you mean 'summarise'?" in failed.stderr


def test_answers_are_taken_before_the_cut_and_given_ahead(project: Project) -> None:
    project.take(*HELPERS, "replay/asking_article.py")
    exec_id = project.run("asking_article.py").stdout.strip()
    done = project.kitaru("executions", "replay", exec_id, "--answer", "sure=no")
    assert done.stdout == '"thrown away"\n'
    # the question comes after what is different, and there is no terminal: told how to answer, now and the next time
    command = Path(sys.executable).with_name("kitaru")
    asking = project.popen(command, "executions", "replay", exec_id, "--output", "draft[1]=x")
    lines = []
    while (line := asking.stderr.readline()) and "the next time" not in line:
        lines.append(line)
    assert line == "kitaru: a replay takes the answer ahead, the next time: --answer sure=yes\n", lines
    assert lines[-1].endswith("--value yes   (it takes yes or no)\n")
    replay = lines[-1].removeprefix("kitaru: answer with kitaru executions input ").split()[0]
    project.kitaru("executions", "input", replay, "--value", "no")
    assert asking.communicate(timeout=300)[0] == '"thrown away"\n'


def test_a_replay_survives_its_worker_and_is_retried_like_any_execution(project: Project) -> None:
    project.take(*HELPERS, "replay/mortal.py")
    printed = project.run("mortal.py").stdout
    assert printed == "['reused', 'reused', 'overridden', 'run']\n"


def test_many_are_replayed_some_at_a_time_and_failures_are_kept_apart(project: Project) -> None:
    program = project.take(*HELPERS, "replay/many_questions.py")
    ids = project.run("many_questions.py").stdout.split()
    program.write_text(program.read_text().replace("VERSION = 1\n", "VERSION = 2\n"))
    (project.path / "ids.txt").write_text("\n".join([*ids[:4], "# the last one is found by its flow", ""]))

    done = project.kitaru(
        "executions", "replay-many", "--ids-file", "ids.txt", "--flow", "ask", "--status", "completed",
        "--at", "prompt", "--at-once", "2", "--diff", "--output", "json", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    rows = {row["original_exec_id"]: row for row in json.loads(done.stdout)}
    assert list(rows) == ids
    assert [row["result"] for row in rows.values()] == [f"question {n}, please?" if n != 3 else None for n in range(5)]
    assert [row["status"] for row in rows.values()] == ["completed"] * 3 + ["failed", "completed"]
    assert "three is too much" in rows[ids[3]]["error"]
    assert rows[ids[0]]["diff"]["changed"] == ["prompt"]
    assert rows[ids[0]]["diff"]["result_a"] == '"question 0?"'
    assert "kitaru: 5 of 5 replays have ended: " in done.stderr
    assert max(map(int, (project.path / "most.txt").read_text().split())) <= 2

    replays = [row["exec_id"] for row in rows.values()]
    table = project.kitaru("executions", "diff", "--originals", *replays).stdout.splitlines()
    assert len(table) == 6
    assert "completed → failed" in table[4]
    (project.path / "pairs.txt").write_text(f"{ids[0]} {ids[1]}\n{replays[0]}\n")
    assert (
        len(json.loads(project.kitaru("executions", "diff", "--ids-file", "pairs.txt", "--output", "json").stdout)) == 2
    )

    # what cannot be replayed is told of, and the others go on
    project.take("replay/collected_replays.py")
    done = project.run("collected_replays.py", ids[0])
    assert done.stderr == "" or "kitaru:" not in done.stderr


def test_flows_are_found_from_scripts_of_any_kind(project: Project) -> None:
    """A script that starts its flow at its top level is imported, not run; one that is gone is said to be."""
    script = project.take("replay/starting_script.py")
    exec_id = project.run("starting_script.py").stdout.split()[0]
    done = project.kitaru("executions", "replay", exec_id, "--at", "one", "--input", '{"x": 5}')
    assert done.stdout == "6\n"
    assert len(json.loads(project.kitaru("executions", "list", "--output", "json").stdout)) == 2
    script.unlink()
    failed = project.kitaru("executions", "replay", exec_id, check=False)
    assert failed.returncode == 1
    assert "Replay it from where its code is" in failed.stderr
