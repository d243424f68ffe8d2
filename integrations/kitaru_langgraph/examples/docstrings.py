"""A graph has a model write the docstrings that a Python file lacks, and asks a person before it writes them down.

``python docstrings.py FILE``, or without one on a small file that it makes. Answer on the terminal, or by ``kitaru
executions input``. With OPENAI_API_KEY a real model writes; without one, a script. ``pip install langchain-openai`` first.
"""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from kitaru import flow
from kitaru_langgraph import KitaruGraph, durable_model


class Script(BaseChatModel):
    """Says in words what the name of the function says."""

    @property
    def _llm_type(self) -> str:
        return "script"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        name = str(messages[-1].content).partition("def ")[2].partition("(")[0]
        message = AIMessage(f"{name.replace('_', ' ').capitalize()}.")
        return ChatResult(generations=[ChatGeneration(message=message)])


class State(TypedDict):
    path: str
    docstrings: dict[str, str]


def lacking(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node)]


def write(state: State) -> dict[str, Any]:
    prompt = "Write a docstring of one line, without quotes, for this function."
    functions = lacking(ast.parse(Path(state["path"]).read_text(encoding="utf-8")))
    return {"docstrings": {one.name: model.invoke(f"{prompt}\n{ast.unparse(one)}").content for one in functions}}


def review(state: State) -> dict[str, Any]:
    path = Path(state["path"])
    if interrupt({"question": "Write these docstrings?", **state["docstrings"]}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in lacking(tree):
            node.body.insert(0, ast.Expr(ast.Constant(state["docstrings"][node.name])))
        path.write_text(f"{ast.unparse(ast.fix_missing_locations(tree))}\n", encoding="utf-8")
    return {}


model = durable_model(ChatOpenAI(model="gpt-4o-mini") if os.environ.get("OPENAI_API_KEY") else Script())
graph = StateGraph(State).add_sequence([write, review]).add_edge(START, "write")
documenter = KitaruGraph(graph.compile(checkpointer=InMemorySaver()), name="documenter")


@flow(retries=1)
def document(path: str) -> dict[str, str]:
    return dict(documenter.invoke({"path": path, "docstrings": {}})["docstrings"])


if __name__ == "__main__":
    file = Path(*sys.argv[1:] or ["undocumented.py"])
    if not sys.argv[1:]:
        file.write_text("def area_of_circle(r):\n    return 3.14 * r * r\n", encoding="utf-8")
    print(document.run(str(file.resolve())).wait())
