"""What the conformance suite leaves open: parts of a query, conversations, queries at once and inside checkpoints."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.conformance.model_server import Answer, Asked, model_server

HERE = Path(__file__).resolve().parents[1]


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
    project.write(
        "main.py",
        """
        import asyncio, os, re, time
        from pathlib import Path
        from uuid import NAMESPACE_URL, uuid5
        from dataclasses import replace
        from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ResultMessage, TextBlock
        from claude_agent_sdk import create_sdk_mcp_server, tool
        import kitaru
        from kitaru import KitaruClient, adapter, checkpoint, flow
        from kitaru_claude_agent_sdk import KitaruClaude, durable_tools

        @tool("delete", "Delete a file.", {"path": str})
        async def delete(given):
            return {"content": [{"type": "text", "text": f"deleted {given['path']}"}]}

        server = create_sdk_mcp_server("files", tools=durable_tools([delete]))
        plain = ClaudeAgentOptions(model="claude-sonnet-4-5", system_prompt="Obey.", tools=[], setting_sources=[],
                                   env={"MARK": "sk-in-the-environment"})
        files = replace(plain, mcp_servers={"files": server}, allowed_tools=["mcp__files"])
        tidy = KitaruClaude(name="tidy", approve=["delete"], approval_timeout=60)
        claude = KitaruClaude()

        @checkpoint
        def whole() -> str:
            return claude.query_sync(prompt="inside", options=plain)[-1].result.strip()

        async def ask(prompt, options=plain):
            async for message in claude.query(prompt=prompt, options=options):
                if isinstance(message, ResultMessage):
                    break  # whoever has the result need not read on
            return message

        @flow
        async def f():
            # What an attempt that was killed at once may leave: a session without anything in it.
            projects = Path.home() / ".claude" / "projects" / re.sub("[^a-zA-Z0-9]", "-", os.path.realpath("."))
            projects.mkdir(parents=True)
            (projects / f"{uuid5(NAMESPACE_URL, f'kitaru {adapter.current().exec_id} tidy 1')}.jsonl").touch()
            done = [message async for message in tidy.query(prompt="Tidy.", options=files)]
            results = [message for message in done if isinstance(message, ResultMessage)]
            one, two = await asyncio.gather(ask("one"), ask("two"))
            more = await ask("more", replace(plain, resume=one.session_id))
            assert more.session_id != one.session_id
            try: [_ async for _ in tidy.query(prompt="x", transport=object())]
            except ValueError as error: assert "transport=" in str(error)
            else: raise AssertionError
            return [len(results), results[0].result.strip(), one.result.strip(), two.result.strip(),
                    more.result.strip(), await whole()]

        if __name__ == "__main__":
            handle = f.run()
            client = KitaruClient()
            answered = []
            while not handle.status.is_finished:
                for asked in client.executions.pending_waits(handle.exec_id).values():
                    if asked.name not in answered:
                        assert asked.question.startswith('May tidy call delete({"path": '), asked
                        client.executions.input(handle.exec_id, value=True)
                        answered.append(asked.name)
                time.sleep(0.2)
            print(handle.wait(progress=False))
            assert answered == ["tidy_approve_delete", "tidy_approve_delete_2"], answered
            execution = handle.execution
            made = {call.name: call for call in execution.checkpoints}
            assert set(made) == {"tidy_query", "tidy_query_2", "tidy_query_3", "tidy_delete", "tidy_delete_2",
                                 "claude_query", "claude_2_query", "claude_3_query", "whole"}, set(made)
            # A session that goes on tells what it used before as well; nothing is counted twice.
            assert [made[name].usage.calls for name in ("tidy_query", "tidy_query_2", "tidy_query_3")] == [1, 1, 1]
            assert {call.usage.input_tokens for call in made.values() if call.usage} == {100}
            assert execution.usage.calls == 7 and abs(execution.usage.cost - 7 * 0.00045) < 1e-9, execution.usage
            stored = kitaru.load(handle.exec_id, "whole")
            assert stored == "inside", stored
            [said] = [part for part in kitaru.load(handle.exec_id, "tidy_query_3") if part["class"] == "ResultMessage"]
            assert said["result"].strip() == "Tidy. / deleted a / deleted b", said
        """,
    )
    with model_server(answer) as server:
        ran = project.run("main.py", env=server.env("sk-none"))
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
