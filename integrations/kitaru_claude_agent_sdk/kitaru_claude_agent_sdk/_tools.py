"""Tools that run in this process: recorded as checkpoints, and held back until a person has approved of them.

A query's checkpoint lasts as long as Claude Code works on it, and checkpoints have none inside. A tool's call is
therefore made from where the query was: a checkpoint of the flow's body beside the query's, as if it were concurrent.
Its key is the id that the model gave the call. A call that is asked for anew has another id, and is made.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from claude_agent_sdk import HookMatcher

from kitaru import adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from claude_agent_sdk import ClaudeAgentOptions, SdkMcpTool

# Seconds: how long Claude Code may take to write a call down, and between two looks. Bytes: where its last ones are.
_PATIENCE = 5.0
_LOOK = 0.01
_END = 4_000_000

_run: ContextVar[Run | None] = ContextVar("kitaru_claude_agent_sdk_run", default=None)


def durable_tools(tools: Iterable[SdkMcpTool[Any]], *, retries: int = 0) -> list[SdkMcpTool[Any]]:
    """Return tools whose calls are checkpoints in the queries of a :class:`KitaruClaude` in a flow.

    Args:
        tools: What ``@tool`` has made; anywhere else they are simply called.
        retries: Maximum number of retries when it raises, before the model is told; 0 by default.

    Example:
        >>> create_sdk_mcp_server("guide", tools=durable_tools([look_up], retries=2))  # doctest: +SKIP
    """
    return [_durable(tool, retries) for tool in tools]


def _durable(tool: SdkMcpTool[Any], retries: int) -> SdkMcpTool[Any]:
    async def handle(arguments: Any) -> dict[str, Any]:
        run = _run.get()
        if run is None:
            return await tool.handler(arguments)
        identity = await run.taken_up(tool.name, arguments)
        loop = asyncio.get_running_loop()

        def perform() -> dict[str, Any]:
            return asyncio.run_coroutine_threadsafe(_awaited(tool, arguments), loop).result()

        def record() -> dict[str, Any]:
            return adapter.run(
                perform,
                name=tool.name,
                type="tool_call",
                inputs=arguments,
                key=identity,
                scope=run.scope,
                retries=retries,
            )

        return await asyncio.wrap_future(_in_thread(run.body.copy(), record))

    return replace(tool, handler=handle)


async def _awaited(tool: SdkMcpTool[Any], arguments: Any) -> dict[str, Any]:
    return await tool.handler(arguments)


def _in_thread(context: contextvars.Context, function: Callable[[], dict[str, Any]]) -> Future[dict[str, Any]]:
    """Run a function in a thread of its own: it must not queue behind the queries that wait for it."""
    future: Future[dict[str, Any]] = Future()

    def work() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001 - whoever awaits the future gets it
            future.set_exception(error)

    threading.Thread(target=work, name="kitaru-claude-tool", daemon=True).start()
    return future


@dataclass
class Run:
    """A query under way.

    Attributes:
        scope: What the names of its checkpoints begin with.
        approve: Patterns of the tools that a person has to approve of.
        answers: What people have said, by the id of the call.
        body: Where the query was asked: the flow's body.
        deferred: The call that ends this part of the query, as it needs an answer first.
        written_down: Whether Claude Code keeps a record of the session.
    """

    scope: adapter.Scope
    approve: Sequence[str]
    answers: dict[str, bool] = field(default_factory=dict)
    body: contextvars.Context = field(default_factory=contextvars.copy_context)
    deferred: str | None = None
    written_down: bool = True
    _ids: defaultdict[str, deque[tuple[str, Path | None]]] = field(default_factory=lambda: defaultdict(deque))

    def enter(self) -> None:
        """Make this the run that calls of tools in the present context belong to."""
        self.deferred = None
        _run.set(self)

    def options(self, options: ClaudeAgentOptions) -> ClaudeAgentOptions:
        """Return options with which Claude Code tells this run before it calls a tool."""
        return hooked(options, self._before_tool)

    async def taken_up(self, tool: str, arguments: Any) -> str:
        """Return the id of a call that is about to be made, once Claude Code has written down that the model asks for it.

        It writes a little later. What a process that is killed in the call had paid for is then on the disk.
        """
        known = self._ids[_call(tool, arguments)]  # of equal calls the first one that was not asked for yet
        identity, transcript = known.popleft() if known else (f"unknown-{uuid4()}", None)
        deadline = time.monotonic() + _PATIENCE
        while transcript is not None and self.written_down and not _holds(transcript, identity):
            self.written_down = time.monotonic() < deadline
            await asyncio.sleep(_LOOK)
        return identity

    def was_started(self, call: Mapping[str, Any]) -> bool:
        """Return whether an earlier attempt has begun a call of a durable tool."""
        return self.body.copy().run(adapter.was_started, name=short(call["name"]), key=call["id"], scope=self.scope)

    def know(self, tool: str, arguments: Any, identity: str, transcript: Path | None = None) -> None:
        """Remember the id of a call that is coming, and where it is written down."""
        self._ids[_call(short(tool), arguments)].append((identity, transcript))

    async def _before_tool(self, event: Any, tool_use_id: str | None, _context: Any) -> Any:
        name, identity = event["tool_name"], str(tool_use_id)
        if approval_needed(name, self.approve):
            if identity not in self.answers:
                return self._held_back(identity, inside_agent=bool(event.get("agent_id")))
            if not self.answers[identity]:
                return decided("deny", "A person was asked, and refused this call.")
        if name.startswith("mcp__"):
            # A subagent's calls are in a record of their own.
            transcript = None if event.get("agent_id") else Path(event["transcript_path"])
            self.know(name, event["tool_input"], identity, transcript)
        return decided("allow", "A person approved of this call.") if identity in self.answers else {}

    def _held_back(self, identity: str, *, inside_agent: bool) -> dict[str, Any]:
        if inside_agent:
            return decided("deny", "This call needs a person's approval, which a subagent cannot ask for.")
        if self.deferred not in (None, identity):  # Claude Code keeps one call for later, not several
            return decided("deny", "Another call waits for a person's approval. Make this one again after it.")
        self.deferred = identity
        return decided("defer", "This call needs a person's approval.")


def asking(options: ClaudeAgentOptions, approve: Sequence[str]) -> ClaudeAgentOptions:
    """Return options with which Claude Code asks for tools by its own means, ``can_use_tool`` for one."""

    async def before_tool(event: Any, _tool_use_id: str | None, _context: Any) -> Any:
        needed = approval_needed(event["tool_name"], approve)
        return decided("ask", "This call needs a person's approval.") if needed else {}

    return hooked(options, before_tool) if approve else options


def hooked(options: ClaudeAgentOptions, hook: Any) -> ClaudeAgentOptions:
    """Return options with one hook more before the call of a tool."""
    hooks = dict(options.hooks or {})
    hooks["PreToolUse"] = [*hooks.get("PreToolUse", ()), HookMatcher(hooks=[hook])]
    return replace(options, hooks=hooks)


def decided(decision: str, reason: str) -> dict[str, Any]:
    """Return what a hook says of a call of a tool."""
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": reason,
        }
    }


def approval_needed(tool: str, approve: Sequence[str]) -> bool:
    """Return whether a pattern names a tool, with or without its server: ``"mcp__files__delete"``, ``"delete"``."""
    return any(fnmatchcase(name, pattern) for name in (tool, short(tool)) for pattern in approve)


def short(tool: str) -> str:
    """Return a tool's name without that of its server."""
    return tool.split("__", 2)[-1] if tool.startswith("mcp__") else tool


def _holds(transcript: Path, identity: str) -> bool:
    """Return whether an id is near the end of a record."""
    try:
        with transcript.open("rb") as file:
            file.seek(max(transcript.stat().st_size - _END, 0))
            return identity.encode() in file.read()
    except OSError:  # it is not there yet
        return False


def _call(tool: str, arguments: Any) -> str:
    return f"{tool} {json.dumps(arguments, sort_keys=True, default=repr)}"
