"""What the conformance suite leaves open: graphs of any shape, branches at once in threads, and questions of nodes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


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
    project.write(
        "main.py",
        """
        import operator, os, signal, time
        from pathlib import Path
        from typing import Annotated, TypedDict
        from langchain_core.language_models import BaseChatModel
        from langchain_core.messages import AIMessage
        from langchain_core.outputs import ChatGeneration, ChatResult
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import END, START, StateGraph
        from langgraph.types import interrupt
        from kitaru import KitaruClient, checkpoint, flow
        from kitaru_langgraph import KitaruGraph, durable_model

        class Echo(BaseChatModel):
            @property
            def _llm_type(self): return "echo"
            def _generate(self, messages, stop=None, run_manager=None, **kwargs):
                text = messages[-1].content
                with Path("calls.log").open("a") as log: log.write(f"{text}\\n")
                usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
                return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{text}!", usage_metadata=usage))])

        class State(TypedDict):
            said: Annotated[list, operator.add]

        model = durable_model(Echo())

        def branch(word):
            def node(state):
                # Which branch asks first differs between the attempts; what it asks tells it.
                first = "left" if not Path("crashed").exists() else "right"
                if word != first: time.sleep(0.3)
                return {"said": [model.invoke(word).content]}
            return node

        def ask(state):
            return {"said": [interrupt({"publish": sorted(state["said"])})]}

        def crash(state):
            if not Path("crashed").exists():
                Path("crashed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return {}

        building = StateGraph(State)
        for name, node in {"left": branch("left"), "right": branch("right"), "crash": crash, "ask": ask}.items():
            building.add_node(name, node)
        for start, end in [(START, "left"), (START, "right"), ("left", "crash"), ("right", "crash"), ("crash", "ask"),
                           ("ask", END)]:
            building.add_edge(start, end)
        graph = KitaruGraph(building.compile(checkpointer=InMemorySaver()), name="fan", interrupt_timeout=20)

        @checkpoint
        def whole() -> str:
            return model.invoke("inside").content

        @flow(retries=1)
        def f():
            return [*graph.invoke({"said": []})["said"], whole()]

        if __name__ == "__main__":
            handle = f.run()
            client = KitaruClient()
            while not client.executions.pending_waits(handle.exec_id):
                assert not handle.status.is_finished, handle.wait(progress=False)
                time.sleep(0.1)
            asked = client.executions.pending_waits(handle.exec_id)[handle.exec_id]
            assert asked.metadata == {"interrupt": {"publish": ["left!", "right!"]}}, asked
            assert asked.name == "fan_interrupt" and "left!" in asked.question
            client.executions.input(handle.exec_id, value={"by": "ada"})
            result = handle.wait(progress=False)
            assert sorted(result[:2]) == ["left!", "right!"] and result[2:] == [{"by": "ada"}, "inside!"], result
            assert sorted(Path("calls.log").read_text().split()) == ["inside", "left", "right"]
            made = {call.name: call for call in handle.execution.checkpoints}
            assert set(made) == {"fan_model", "fan_model_2", "whole"}, set(made)
            assert made["whole"].usage.calls == 1 and handle.execution.usage.input_tokens == 15
            assert len(handle.execution.attempts) == 2
        """,
    )
    project.run("main.py")


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
    project.write(
        "main.py",
        """
        from langchain_core.language_models.fake_chat_models import FakeListChatModel
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import START, MessagesState, StateGraph
        from langgraph.types import interrupt
        from kitaru import flow
        from kitaru_langgraph import KitaruGraph, durable_model

        model = durable_model(FakeListChatModel(responses=["low at six"]))

        def built(name, node):
            building = StateGraph(MessagesState)
            building.add_node("node", node)
            building.add_edge(START, "node")
            return KitaruGraph(building.compile(checkpointer=InMemorySaver()), name=name, interrupt_timeout=60)

        writer = built("writer", lambda state: {"messages": [model.invoke(state["messages"])]})
        asking = built("asking", lambda state: {"messages": [("ai", interrupt("Publish?"))]})
        given = {"messages": [("user", "When?")]}

        @flow
        def streamed():
            return [part["node"]["messages"][-1].content for part in writer.stream(given)]

        @flow
        async def asked():
            try: asking.invoke(given)
            except RuntimeError as error: return str(error)

        if __name__ == "__main__":
            handle = streamed.run()
            assert handle.wait(progress=False) == ["low at six"]
            assert [call.name for call in handle.execution.checkpoints] == ["writer_model"]
            handle = asked.run()
            assert handle.wait(progress=False).endswith("await ainvoke()."), handle.wait(progress=False)
            assert not handle.execution.waits
        """,
    )
    project.run("main.py")
