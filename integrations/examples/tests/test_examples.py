"""The examples do their work against a model server on loopback, and a person answers by the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance.model_server import Answer, Asked, model_server

HERE = Path(__file__).resolve().parents[1]


def researching(asked: Asked) -> Answer:
    """Search, read what was found, publish, and say so."""
    turns: dict[int, tuple[tuple[str, dict[str, str]], ...]] = {
        1: (("search", {"word": "zip"}),),
        2: (("read", {"module": "gzip"}), ("read", {"module": "zipfile"})),
    }
    if asked.turn in turns:
        return Answer(calls=turns[asked.turn])
    if asked.turn == 3:
        return Answer(calls=(("publish", {"text": "\n".join(asked.results[1:])}),))
    return Answer(f"The report is {asked.results[-1]}.")


def test_the_research_agent_publishes_once_a_person_agrees(project):
    for name in ("research_agent.py", "offline_model.py"):
        shutil.copy(HERE / name, project.path)
    with model_server(researching) as server:
        running = project.popen("research_agent.py", "pack", "files", env=server.env("sk-none"))
        asked = project.asking(running)
        assert not (project.path / "report.md").exists()
        project.kitaru("executions", "input", asked, "--value", "true", env=server.env("sk-none"))
        told, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert told.splitlines()[0] == "The report is published."
    assert (project.path / "report.md").read_text().startswith("Functions that read and write gzipped files.")
    assert "researcher_read_2: completed" in told
    assert "researcher_publish: completed" in told
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ("two_frameworks.py", ["OpenAI Agents SDK: Heap queue algorithm (a.k.a. priority queue)."]),
        ("research_agent.py", ["published", "researcher_publish: completed"]),
    ],
)
def test_without_a_key_a_stand_in_on_this_machine_answers(project, example, said):
    for name in (example, "offline_model.py"):
        shutil.copy(HERE / name, project.path)
    running = project.popen(example, env={"OPENAI_API_KEY": ""})
    if example == "research_agent.py":
        asked = project.asking(running)
        project.kitaru("executions", "input", asked, "--value", "true")
    told, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert "a stand-in on this machine answers" in told
    assert set(said) <= set(told.splitlines())


def test_the_same_agent_in_two_frameworks_leaves_the_same_record(project):
    for name in ("two_frameworks.py", "offline_model.py"):
        shutil.copy(HERE / name, project.path)

    def guiding(asked: Asked) -> Answer:
        if asked.results:
            return Answer(asked.results[0])
        return Answer(calls=(("look_up", {"module": "heapq"}),))

    with model_server(guiding) as server:
        env = {**server.env("sk-none"), "KITARU_LOCAL_RUNNER": "inline"}
        told = project.run("two_frameworks.py", env=env).stdout.splitlines()
    assert told[-3:-1] == [
        f"{name}: Heap queue algorithm (a.k.a. priority queue)." for name in ("PydanticAI", "OpenAI Agents SDK")
    ]
    names = ["guide_model", "guide_look_up", "guide_model_2"]
    assert told[-1].split() == [*names, *(name.replace("guide", "guide_2") for name in names)]
    assert len(server.asked) == 4


@pytest.mark.parametrize("example", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short(example):
    assert len(example.read_text().splitlines()) <= 80
