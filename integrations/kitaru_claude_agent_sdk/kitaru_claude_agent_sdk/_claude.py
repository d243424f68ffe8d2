"""Queries that are recorded, taken up again after a crash, and interrupted to ask a person."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from uuid import NAMESPACE_URL, uuid4, uuid5

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ProcessError,
    ResultMessage,
    StreamEvent,
    query,
)

from kitaru import adapter
from kitaru_claude_agent_sdk import _sessions, _usage
from kitaru_claude_agent_sdk._messages import Messages
from kitaru_claude_agent_sdk._process import tied
from kitaru_claude_agent_sdk._tools import Run, approval_needed, asking, short

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence

    from claude_agent_sdk import DeferredToolUse, Message, SessionMessage, Transport

    Prompt = str | list[dict[str, Any]]

_CLIPPED = 200
# Options that go into the record; others may hold secrets, such as environment variables.
_RECORDED = ("model", "system_prompt", "allowed_tools", "permission_mode", "max_turns")


class KitaruClaude:
    """Asks Claude Code as ``claude_agent_sdk.query`` does; in a flow each query is a checkpoint.

    A query that was cut off by a crash is taken up again from Claude Code's own record of the session, where that is
    there: what the model had said is not paid for twice. Outside a flow, and inside another checkpoint, it is that
    function, and what a query used counts as used by the checkpoint.

    Example:
        >>> claude = KitaruClaude(name="tidy", approve=["mcp__files__delete", "Bash"])  # doctest: +SKIP
        >>> async for message in claude.query(prompt="Tidy up.", options=options):  # doctest: +SKIP
        ...     print(message)
    """

    def __init__(
        self,
        *,
        name: str = "claude",
        retries: int = 0,
        approve: Sequence[str] = (),
        approval_timeout: float = 600,
    ) -> None:
        """Create it.

        Args:
            name: What the names of its checkpoints begin with; ``"claude"`` by default.
            retries: Maximum number of retries when a query raises; 0 by default.
            approve: Names of tools that a person has to approve of, asked by ``kitaru.wait``; ``*`` matches anything.
                Outside a flow's body Claude Code asks for them by its own means, ``can_use_tool`` for one.
            approval_timeout: Seconds for which the runner stays and looks for the answer, as of ``kitaru.wait``; 600 by
                default.

        Raises:
            TypeError: ``approve`` is a text, not a list of texts.
        """
        if isinstance(approve, str):
            raise TypeError(f"KitaruClaude(approve={approve!r}): give a list of names of tools, such as [{approve!r}].")
        self._name = name
        self._retries = retries
        self._approve = tuple(approve)
        self._approval_timeout = approval_timeout
        # What sessions had used at their end, by their id.
        self._used: dict[str, Any] = {}

    def query_sync(
        self,
        *,
        prompt: str | AsyncIterable[dict[str, Any]],
        options: ClaudeAgentOptions | None = None,
        transport: Transport | None = None,
    ) -> list[Message]:
        """Ask in code that is not async, and return all messages; arguments as of :meth:`query`.

        Raises:
            RuntimeError: Called in async code, where :meth:`query` asks.
            ValueError: A transport of one's own is given, and tools need an approval: a transport serves one query.
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What ``claude_agent_sdk.query`` raises.
        """

        async def collect() -> list[Message]:
            return [message async for message in self.query(prompt=prompt, options=options, transport=transport)]

        return asyncio.run(collect())

    async def query(
        self,
        *,
        prompt: str | AsyncIterable[dict[str, Any]],
        options: ClaudeAgentOptions | None = None,
        transport: Transport | None = None,
    ) -> AsyncIterator[Message]:
        """Ask, and yield the messages while they come; arguments as of ``claude_agent_sdk.query``.

        A query that is read back from the record yields what it yielded then, without pieces of messages.

        Raises:
            ValueError: A transport of one's own is given, and tools need an approval: a transport serves one query.
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What ``claude_agent_sdk.query`` raises.
        """
        options = options or ClaudeAgentOptions()
        place = adapter.current()
        if place is None or not place.in_body:
            async with aclosing(self._plain(prompt, options, transport)) as plain:
                async for message in plain:
                    yield message
            return
        if transport is not None and self._approve:
            raise ValueError(
                "A query with a transport of its own cannot be interrupted to ask a person, as a transport serves one "
                "query: leave out transport= or KitaruClaude(approve=)."
            )
        said: Prompt = prompt if isinstance(prompt, str) else [message async for message in prompt]
        run = Run(adapter.scope(self._name, key=_digest(said), run=object()), self._approve)
        part = _Part(run, options, exec_id=place.exec_id, used=self._used, prompt=said, transport=transport)
        while True:
            async with aclosing(self._live(part)) as live:
                async for message in live:
                    yield message
            call = part.pending_call
            if call is None:
                return
            run.answers[call.id] = await self._ask(run, call)
            part = part.next()

    async def _plain(
        self, prompt: Any, options: ClaudeAgentOptions, transport: Transport | None
    ) -> AsyncGenerator[Message, None]:
        messages: list[Message] = []
        stream = query(prompt=prompt, options=asking(options, self._approve), transport=transport)
        async with aclosing(cast("AsyncGenerator[Message, None]", stream)) as answered:
            async for message in answered:
                messages.append(message)
                yield message
        _usage.record(messages, None if options.resume or options.continue_conversation else {})

    async def _live(self, part: _Part) -> AsyncGenerator[Message, None]:
        """Run a part of a query as a checkpoint, and yield its messages while they come."""
        pieces: asyncio.Queue[Message | None] = asyncio.Queue()
        task = asyncio.ensure_future(
            adapter.run_async(
                lambda: part.ask(pieces),
                name="query",
                type="llm_call",
                inputs=part.inputs,
                key=f"part {part.number}",
                scope=part.run.scope,
                serializer=adapter.ObjectSerializer(Messages()),
                retries=self._retries,
            )
        )
        task.add_done_callback(lambda _: pieces.put_nowait(None))
        streamed = ended = False
        try:
            while (piece := await pieces.get()) is not None:
                streamed = True
                ended = isinstance(piece, ResultMessage)
                if not part.ends_with(piece):
                    yield piece
            part.messages = await task
            for message in () if streamed else part.messages:
                if not part.ends_with(message):
                    yield message
        finally:
            if ended:  # whoever read as far as the result need not read on for it to be recorded
                await asyncio.wait([task])
            task.cancel()
        part.remember()

    async def _ask(self, run: Run, call: DeferredToolUse) -> bool:
        arguments = json.dumps(call.input)
        shown = arguments if len(arguments) <= _CLIPPED else f"{arguments[:_CLIPPED]}…"
        return bool(
            await adapter.wait(
                bool,
                name=f"{run.scope.name}_approve_{short(call.name)}",
                question=f"May {self._name} call {short(call.name)}({shown})?",
                timeout=self._approval_timeout,
                metadata={"tool": call.name, "arguments": call.input},
            )
        )


class _Part:
    """A query up to its end, or to a call that a person has to approve of; what follows that is the next part."""

    def __init__(
        self,
        run: Run,
        options: ClaudeAgentOptions,
        *,
        exec_id: str,
        used: dict[str, Any],
        number: int = 1,
        prompt: Prompt | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.run = run
        self.number = number
        self.messages: list[Message] = []
        self._exec_id = exec_id
        self._prompt = prompt
        self._options = options
        self._transport = transport
        self._used = used
        self._directory = os.path.realpath(options.cwd or ".")
        own_session = options.session_id or options.continue_conversation or transport
        elsewhere = {"HOME", "CLAUDE_CONFIG_DIR"} & set(options.env)  # where this process does not see the sessions
        name = f"kitaru {exec_id} {run.scope.name} {number}"
        self._session = None if own_session or elsewhere else str(uuid5(NAMESPACE_URL, name))

    @property
    def inputs(self) -> dict[str, Any]:
        """What is recorded of the question."""
        values: dict[str, Any] = {name: getattr(self._options, name) for name in _RECORDED}
        values |= {"prompt": self._prompt, "resume": self._options.resume}
        return {name: value for name, value in values.items() if value not in (None, [])}

    @property
    def pending_call(self) -> DeferredToolUse | None:
        """The call that has to be approved of before the query can go on."""
        result = self._result
        return result.deferred_tool_use if result is not None and self.ends_with(result) else None

    def ends_with(self, message: Message) -> bool:
        """Return whether a message tells that a person has to be asked."""
        called = message.deferred_tool_use if isinstance(message, ResultMessage) else None
        return called is not None and approval_needed(called.name, self.run.approve)

    def next(self) -> _Part:
        """Return what follows the answer."""
        assert self._result is not None
        options = replace(self._options, resume=self._result.session_id, session_id=None, continue_conversation=False)
        return _Part(self.run, options, exec_id=self._exec_id, used=self._used, number=self.number + 1)

    def remember(self) -> None:
        """Remember what the session had used, for whoever takes it up again."""
        if self._result is not None:
            self._used[self._result.session_id] = self._result.model_usage

    @property
    def _result(self) -> ResultMessage | None:
        return next((message for message in reversed(self.messages) if isinstance(message, ResultMessage)), None)

    async def ask(self, pieces: asyncio.Queue[Message | None]) -> list[Message]:
        """Ask Claude Code, and pass on what it says."""
        self.run.enter()
        messages: list[Message] = []
        try:
            return await self._ask(messages, pieces)
        except ProcessError:
            if messages or self._session is None:
                raise
            # An attempt that was killed at once may leave a session in which there is nothing to take up.
            self._session = str(uuid4())
            return await self._ask(messages, pieces)

    async def _ask(self, messages: list[Message], pieces: asyncio.Queue[Message | None]) -> list[Message]:
        resume = self._options.resume
        before = self._used.get(resume) if resume else None if self._options.continue_conversation else {}
        options, prompt = tied(self.run.options(self._options)), self._prompt
        left = await self._recorded(self._session)
        if left:
            options, prompt = replace(options, resume=self._session, fork_session=False), await self._go_on(left)
        elif self._session:  # a fork leaves the session that it goes on with as it is, for another attempt
            options = replace(options, session_id=self._session, fork_session=bool(resume))
        known = _sessions.answers(await self._recorded(resume)) if left else {}
        unaccounted = [answer for identity, answer in _sessions.answers(left).items() if identity not in known]
        ended = asyncio.Event()
        stream = query(prompt=_spoken(prompt, ended), options=options, transport=self._transport)
        try:
            async with aclosing(cast("AsyncGenerator[Message, None]", stream)) as answered:
                async for message in answered:
                    if not isinstance(message, StreamEvent):
                        messages.append(message)
                    if isinstance(message, ResultMessage):
                        ended.set()
                    pieces.put_nowait(message)
        finally:
            _usage.record(messages, before, unaccounted)
        return messages

    async def _recorded(self, session: str | None) -> list[SessionMessage]:
        return await _sessions.recorded(self._options, session, self._directory) if session else []

    async def _go_on(self, left: list[SessionMessage]) -> Prompt | None:
        """Complete calls that an attempt had begun when it was killed, and return what is said to its session."""
        calls = _sessions.cut_off(left)
        if any(call["id"] in self.run.answers for call in calls):
            return None  # the call that Claude Code had held back, which it makes by itself
        unfinished = [call for call in calls if self._server_of(call) and self.run.was_started(call)]
        return _sessions.go_on(zip(unfinished, await asyncio.gather(*map(self._complete, unfinished)), strict=True))

    async def _complete(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        self.run.know(call["name"], call["input"], call["id"])
        return await _sessions.call(self._server_of(call), short(call["name"]), call["input"])

    def _server_of(self, call: dict[str, Any]) -> Any:
        """Return the server in this process that has a tool; None for tools of others."""
        servers: Any = self._options.mcp_servers if isinstance(self._options.mcp_servers, dict) else {}
        tool = short(call["name"])
        return {f"mcp__{name}__{tool}": made.get("instance") for name, made in servers.items()}.get(call["name"])


def _spoken(prompt: Prompt | None, ended: asyncio.Event) -> str | AsyncIterator[dict[str, Any]]:
    """Return what is said to Claude Code; nothing where it goes on with a call, until the query has ended."""

    async def several() -> AsyncIterator[dict[str, Any]]:
        for message in prompt or ():
            assert isinstance(message, dict)
            yield message
        if prompt is None:
            await ended.wait()

    return prompt if isinstance(prompt, str) else several()


def _digest(said: Prompt) -> str:
    """Return what tells queries apart that go on at the same time."""
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=repr).encode()).hexdigest()[:16]
