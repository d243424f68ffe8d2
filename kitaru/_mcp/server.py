"""The MCP server: which tools it has, and how it speaks on stdin and stdout."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import asynccontextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.mcpserver import MCPServer

import kitaru
from kitaru._mcp import looking, steering
from kitaru._mcp.tool import open_store, tool
from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp.server.mcpserver.tools import Tool

_INTRODUCTION = """\
Kitaru runs durable flows, which are Python functions, on ZenML stacks. An execution of a flow goes on by itself, \
whatever becomes of who started it, and is known by its id. It calls checkpoints, whose values are stored.
To see what there is: list_executions, then get_execution. To see why one failed: get_execution, its `failure`, and \
get_logs.
"""
_STEERING = """\
To run a flow: run_flow, then get_execution with wait_seconds=30 until its status is completed, failed, cancelled or \
waiting. Waiting means that it asks a person something: show them the question, and pass their answer on by answer_wait.
"""
_READ_ONLY = """\
This server is read-only: it starts no flow and changes no execution. To do so people use the command `kitaru`.
"""


def make(*, read_only: bool) -> MCPServer[Any]:
    """Return the server with its tools.

    Args:
        read_only: Whether it has only those that change nothing.
    """
    return MCPServer(
        "kitaru",
        title="Kitaru",
        instructions=_INTRODUCTION + (_READ_ONLY if read_only else _STEERING),
        version=kitaru.__version__,
        tools=[*_looking(), *([] if read_only else _steering())],
        log_level="WARNING",
        lifespan=_clean_stdout,
    )


def serve(*, read_only: bool) -> None:
    """Serve the client on stdin and stdout until it closes stdin."""
    # Executions shall outlive the server and the processes that it starts them by.
    os.environ["KITARU_LOCAL_RUNNER"] = "process"
    anyio.run(make(read_only=read_only).run_stdio_async)


def _looking() -> list[Tool]:
    return [
        tool(looking.get_status, title="Where executions are kept"),
        tool(looking.list_executions, title="List executions"),
        tool(looking.get_execution, title="Look at an execution"),
        tool(looking.get_logs, title="Read logs"),
        tool(looking.list_artifacts, title="List stored values"),
        tool(looking.get_artifact, title="Load a stored value"),
        tool(looking.diff_executions, title="Compare two executions"),
        tool(looking.list_stacks, title="List stacks"),
    ]


def _steering() -> list[Tool]:
    return [
        tool(steering.run_flow, title="Run a flow", changes=True),
        tool(steering.answer_wait, title="Answer a question", changes=True),
        tool(steering.resume_execution, title="Resume a paused execution", changes=True),
        tool(steering.retry_execution, title="Retry a failed execution", changes=True),
        tool(steering.cancel_execution, title="Cancel an execution", changes=True, destroys=True),
        tool(steering.replay_execution, title="Replay an execution", changes=True),
    ]


@asynccontextmanager
async def _clean_stdout(_: MCPServer[Any]) -> AsyncIterator[None]:
    """Send to stderr what is printed while the server runs; the SDK has taken stdout for the protocol by then.

    It turns the file descriptor only, and Python would write what its own buffer holds to the client in the end.
    """
    with redirect_stdout(sys.stderr):
        # The first tool need not wait for ZenML to be loaded; a thread that nobody waits for at the end.
        threading.Thread(target=_open_early, name="kitaru-mcp-opening", daemon=True).start()
        yield


def _open_early() -> None:
    with suppress(KitaruError):  # which the first tool tells
        open_store()
