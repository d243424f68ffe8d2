"""An agent finds out what Python's standard library offers for a task, and publishes it once a person has agreed.

``python research_agent.py "compress files"``: it searches the library with one tool, reads with another, and asks before it
writes ``report.md``. Answer on the terminal, or by ``kitaru executions input``. With OPENAI_API_KEY a real model does it,
that of OPENAI_BASE_URL where one is set; without a key, a stand-in on this machine.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from offline_model import model_without_key
from pydantic_ai import Agent

from kitaru import flow
from kitaru_pydantic_ai import KitaruAgent

# Modules that do something when they are imported.
NOISY = {"antigravity", "this", "idlelib", "test"}

researcher = Agent(
    "openai-chat:gpt-4o-mini",
    name="researcher",
    instructions="Search the standard library, read what looks fit, publish a short report with one line for each module.",
    defer_model_check=True,
)
durable = KitaruAgent(researcher)


def first_line(module: str) -> str:
    """Return the first line of a module's documentation."""
    documentation = importlib.import_module(module).__doc__ or ""
    return documentation.strip().partition("\n")[0]


@researcher.tool_plain
def search(word: str) -> list[str]:
    """Return the modules of the standard library whose names hold a word."""
    names = (module.name for module in pkgutil.iter_modules() if module.name in sys.stdlib_module_names - NOISY)
    return sorted(name for name in names if word.lower() in name and not name.startswith("_"))


@researcher.tool_plain
def read(module: str) -> str:
    """Return what a module of the standard library is for."""
    if module not in sys.stdlib_module_names - NOISY:
        return f"there is no module {module} in the standard library"
    return first_line(module) or "it has no documentation"


@researcher.tool_plain(requires_approval=True)
def publish(text: str) -> str:
    """Write the report."""
    Path("report.md").write_text(text, encoding="utf-8")
    return "published"


@flow(retries=1)
def research(task: str) -> str:
    return str(durable.run_sync(f"What does Python's standard library have to {task}?").output)


if __name__ == "__main__":
    with model_without_key():
        handle = research.run(" ".join(sys.argv[1:]) or "compress files")
        print(handle.wait())
        for call in handle.execution.checkpoints:
            print(f"{call.name}: {call.status}")
        print(handle.execution.usage)
