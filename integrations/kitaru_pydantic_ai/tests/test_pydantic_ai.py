"""What the conformance suite leaves open: MCP, structured output, history, agents at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "tests" / "programs"


def test_what_pydantic_ai_can_do_works_in_flows(project):
    program = project.take(PROGRAMS / "clock_server.py", PROGRAMS / "many_agents.py")
    project.run(program, env={"KITARU_PROGRESS": "off"})


def test_a_handler_of_one_run_gets_pieces_and_streamed_runs_ask_for_approvals(project):
    project.run(project.take(PROGRAMS / "pieces_and_approvals.py"))


def test_the_example_does_what_it_says(project):
    shutil.copy(HERE / "examples" / "module_guide.py", project.path)
    told = project.run("module_guide.py").stdout.splitlines()
    assert told[0].startswith("- json: JSON ")
    assert told[-1] == "attempts: 2, model calls: 5"
    assert (project.path / "model_calls.txt").read_text().count("call") == 5


def test_it_uses_nothing_of_kitaru_but_the_door_and_stays_small():
    files = sorted((HERE / "kitaru_pydantic_ai").glob("*.py"))
    text = "\n".join(file.read_text() for file in files)
    assert {line for line in text.splitlines() if re.match(r"\s*(from|import) kitaru\b", line)} == {
        "from kitaru import adapter"
    }
    assert len(text.splitlines()) < 700


def test_without_the_framework_the_error_says_how_to_install_it(project):
    project.write("pydantic_ai.py", "")
    ran = project.run("-c", "import kitaru_pydantic_ai", check=False)
    assert ran.returncode == 1
    assert "pip install 'pydantic-ai-slim" in ran.stderr
