"""What the conformance suite leaves open: handoffs, structured output, agents at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.conformance.model_server import Answer, Asked, model_server

HERE = Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "tests" / "programs"


def answer(asked: Asked) -> Answer:
    [question] = [message["content"] for message in asked.messages if message["role"] == "user"]
    tools = {tool["function"]["name"] for tool in asked.body.get("tools", ())}
    if "transfer_to_clerk" in tools:
        return Answer(calls=(("transfer_to_clerk", {}),))
    if question == "Where?":
        return Answer('{"name": "Ulm", "people": 126000}')
    found = [result for result in asked.results if result.startswith("found")]
    if "look_up" in tools and not found:
        return Answer(calls=(("look_up", {"word": question}),))
    return Answer(f"{question} {' '.join(found)}")


def test_the_example_refunds_once_a_person_agrees(project):
    shutil.copy(HERE / "examples" / "refunds.py", project.path)
    running = project.popen("refunds.py", "1018", env={"OPENAI_API_KEY": ""})
    asked = project.asking(running)
    project.kitaru("executions", "input", asked, "--value", "yes")
    told, errors = running.communicate(timeout=300)
    assert told.splitlines() == [
        "18.50 for the lamp were paid back.",
        "desk_model desk_find_order desk_model_2 desk_model_3 desk_refund desk_model_4",
    ], errors


def test_handoffs_and_runs_at_once_come_through_a_crash(project):
    program = project.take(PROGRAMS / "handoffs_at_once.py")
    with model_server(answer) as server:
        ran = project.run(program, env=server.env("sk-none"))
    assert ran.stdout.splitlines()[-1] == "['a found a', 'b found b', 'inside found inside']"
    assert len(server.asked) == 1 + 2 * 3 + 2


def test_each_of_two_calls_in_one_answer_is_approved_of_and_answers_read_back_equal(project):
    project.run(project.take(PROGRAMS / "two_approvals.py"))


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    text = "\n".join(file.read_text() for file in sorted((HERE / "kitaru_openai_agents").glob("*.py")))
    assert {line for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter"
    }
    assert len(text.splitlines()) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("agents/__init__.py", "raise ImportError('none')")
    ran = project.run("-c", "import kitaru_openai_agents", check=False)
    assert "pip install 'openai-agents" in ran.stderr
