"""What the conformance suite leaves open: parts of a query, conversations, queries at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.conformance.model_server import Answer, Asked, model_server

HERE = Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "tests" / "programs"


def answer(asked: Asked) -> Answer:
    questions = [message["content"] for message in asked.messages if message["role"] == "user"]
    questions = [question for question in questions if not question.startswith("Continue")]  # Claude Code's own
    if "Tidy" in questions[0] and not asked.results:  # two at once, of which the second is told to come later
        return Answer(calls=(("delete", {"path": "a"}), ("delete", {"path": "b"})))
    if "Tidy" in questions[0] and len(asked.results) == 2:
        return Answer(calls=(("delete", {"path": "b"}),))
    return Answer(" / ".join([*questions, *(result for result in asked.results if result.startswith("deleted"))]))


def test_the_example_publishes_release_notes_once_a_person_agrees(project):
    shutil.copy(HERE / "examples" / "release_notes.py", project.path)
    for command in (
        ["init", "-q"],
        ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "New", "--allow-empty"],
    ):
        subprocess.run(["git", "-C", project.path, *command], check=True)
    folder = str(project.path)

    def script(asked: Asked) -> Answer:
        results = [result for result in asked.results if "held back" not in result]
        if not results:
            return Answer(calls=(("commits", {"folder": folder, "number": 5}),))
        if len(results) == 1:
            return Answer(calls=(("change", {"folder": folder, "commit": results[0].split()[0]}),))
        if "is written" in results[-1]:
            return Answer("Done.")
        return Answer(calls=(("publish", {"folder": folder, "text": f"- {results[1].splitlines()[-1].strip()}\n"}),))

    with model_server(script) as server:
        running = project.popen("release_notes.py", env=server.env("sk-none"))
        asked = project.asking(running)
        assert not (project.path / "RELEASE_NOTES.md").exists()
        project.kitaru("executions", "input", asked, "--value", "true", env=server.env("sk-none"))
        told, errors = running.communicate(timeout=300)
    assert told.splitlines()[0].strip() == "Done.", errors
    assert (project.path / "RELEASE_NOTES.md").read_text() == "- New\n"
    assert "writer_change: completed" in told


def test_parts_conversations_and_queries_at_once_are_recorded(project):
    program = project.take(PROGRAMS / "tidying_and_asking.py")
    with model_server(answer) as server:
        ran = project.run(program, env=server.env("sk-none"))
    said = ran.stdout.splitlines()[-1]
    assert said == ("[1, 'Tidy. / deleted a / deleted b', 'one', 'two', 'one / more', 'inside']"), said
    assert len(server.asked) == 7
    holders = [
        path for path in project.home.path.rglob("*") if path.is_file() and b"sk-in-the-env" in path.read_bytes()
    ]
    assert holders == []


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    text = "\n".join(file.read_text() for file in sorted((HERE / "kitaru_claude_agent_sdk").glob("*.py")))
    assert {line for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter"
    }
    assert len([line for line in text.splitlines() if line.strip()]) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("claude_agent_sdk/__init__.py", "raise ImportError('none')")
    ran = project.run("-c", "import kitaru_claude_agent_sdk", check=False)
    assert "pip install 'claude-agent-sdk" in ran.stderr
