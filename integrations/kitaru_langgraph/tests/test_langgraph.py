"""What the conformance suite leaves open: graphs of any shape, branches at once in threads, and questions of nodes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "tests" / "programs"


def test_the_example_writes_docstrings_once_a_person_agrees(project):
    shutil.copy(HERE / "examples" / "docstrings.py", project.path)
    (project.path / "mine.py").write_text('def twice(x):\n    return 2 * x\n\ndef told():\n    "Is."\n    return 1\n')
    running = project.popen("docstrings.py", "mine.py", env={"OPENAI_API_KEY": ""})
    asked = project.asking(running)
    assert "Twice." not in (project.path / "mine.py").read_text()
    project.kitaru("executions", "input", asked, "--value", "true")
    told, errors = running.communicate(timeout=300)
    assert told == "{'twice': 'Twice.'}\n", errors
    assert 'def twice(x):\n    """Twice."""\n' in (project.path / "mine.py").read_text()


def test_branches_at_once_and_questions_of_nodes_come_through_a_crash(project):
    project.run(project.take(PROGRAMS / "branches_and_question.py"))


def test_each_question_of_calls_at_once_is_asked_and_gets_its_own_answer(project):
    project.run(project.take(PROGRAMS / "questions_at_once.py"))


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    text = "\n".join(file.read_text() for file in sorted((HERE / "kitaru_langgraph").glob("*.py")))
    assert {line.strip() for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter",
        "from kitaru.adapter import Scope",
    }
    assert len(text.splitlines()) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("langgraph/__init__.py", "")
    ran = project.run("-c", "import kitaru_langgraph", check=False)
    assert "pip install 'langgraph" in ran.stderr


def test_streams_in_plain_code_are_recorded_and_questions_want_to_be_awaited_in_async_code(project):
    project.run(project.take(PROGRAMS / "plain_streams.py"))
