"""Running a graph in a flow: its calls under one name, and its interrupts answered by people."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from langgraph.types import Command
from pydantic_core import to_jsonable_python

from kitaru import adapter
from kitaru_langgraph._scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLIPPED = 300


class KitaruGraph:
    """A compiled graph of durable models and tools, whose interrupts ask by ``kitaru.wait``.

    Interrupts need a checkpointer, ``InMemorySaver()`` for one: a runner that starts anew goes through the graph from its
    beginning and reads back what was called.

    Example:
        >>> KitaruGraph(graph, name="guide").invoke({"messages": [("user", "Hello")]})  # doctest: +SKIP
    """

    def __init__(self, graph: Any, *, name: str | None = None, interrupt_timeout: float = 600) -> None:
        """Wrap a graph.

        Args:
            graph: The compiled graph.
            name: What the names of its checkpoints begin with; the graph's own name by default.
            interrupt_timeout: Seconds for which the runner stays and looks for an answer, as of ``kitaru.wait``; 600 by
                default.
        """
        self.graph = graph
        self._name = name or graph.get_name()
        self._timeout = interrupt_timeout

    def invoke(self, given: Any, config: Any = None, **options: Any) -> Any:
        """Run the graph to its end; arguments as of its own ``invoke``.

        Raises:
            RuntimeError: The graph was interrupted in async code, where only ``ainvoke`` can ask.
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the graph raises.
        """
        with self._scope(given) as scope:
            if scope is None:
                return self.graph.invoke(given, config, **options)
            config = _threaded(config)
            result = self.graph.invoke(given, config, **options)
            while interrupts := _interrupts(result):
                if _in_event_loop():  # where an answer can only be awaited
                    raise RuntimeError(
                        f"{self._name}.invoke() was interrupted, and cannot ask in async code: await ainvoke()."
                    )
                ordered = _in_order(interrupts, self.graph.get_state(config))
                answers = {one.id: self._ask(scope, one) for one in ordered}
                result = self.graph.invoke(Command(resume=answers), config, **options)
            return result

    async def ainvoke(self, given: Any, config: Any = None, **options: Any) -> Any:
        """Run the graph to its end; arguments as of its own ``ainvoke``.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the graph raises.
        """
        with self._scope(given) as scope:
            if scope is None:
                return await self.graph.ainvoke(given, config, **options)
            config = _threaded(config)
            result = await self.graph.ainvoke(given, config, **options)
            while interrupts := _interrupts(result):
                ordered = _in_order(interrupts, await self.graph.aget_state(config))
                answers = {one.id: await self._ask(scope, one) for one in ordered}
                result = await self.graph.ainvoke(Command(resume=answers), config, **options)
            return result

    def stream(self, given: Any, config: Any = None, **options: Any) -> Iterator[Any]:
        """Run the graph and yield what it streams; arguments as of its own ``stream``. It ends with an interrupt.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the graph raises.
        """
        with self._scope(given) as scope:
            yield from self.graph.stream(given, config if scope is None else _threaded(config), **options)

    async def astream(self, given: Any, config: Any = None, **options: Any) -> Any:
        """Run the graph and yield what it streams; arguments as of its own ``astream``. It ends with an interrupt.

        Raises:
            KitaruUsageError: The name has no letter and no digit, a number of retries is wrong, or a value cannot be
                stored.
            KitaruDivergenceError: The flow's body no longer follows the record of its execution.
            Exception: What the graph raises.
        """
        with self._scope(given) as scope:
            async for part in self.graph.astream(given, config if scope is None else _threaded(config), **options):
                yield part

    @contextmanager
    def _scope(self, value: Any) -> Iterator[adapter.Scope | None]:
        place = adapter.current()
        if place is None or not place.in_body:
            yield None
            return
        text = json.dumps(to_jsonable_python(value, fallback=repr), sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        scope = adapter.scope(self._name, key=key, run=object())
        token = current_scope.set(scope)
        try:
            yield scope
        finally:
            current_scope.reset(token)

    def _ask(self, scope: adapter.Scope, question: Any) -> Any:
        text = question.value if isinstance(question.value, str) else json.dumps(question.value, default=str)
        return adapter.wait(
            question.response_schema if isinstance(question.response_schema, type) else Any,
            name=f"{scope.name}_interrupt",
            question=text if len(text) <= _CLIPPED else f"{text[:_CLIPPED]}…",
            timeout=self._timeout,
            metadata={"interrupt": to_jsonable_python(question.value, fallback=repr)},
        )


def _threaded(config: Any) -> dict[str, Any]:
    """Return a configuration that names a thread, which checkpointers want."""
    made = dict(config or {})
    made["configurable"] = {"thread_id": str(uuid4()), **made.get("configurable", {})}
    return made


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _interrupts(result: Any) -> list[Any]:
    return list(result.get("__interrupt__") or ()) if isinstance(result, dict) else []


def _in_order(interrupts: list[Any], state: Any) -> list[Any]:
    """Return interrupts in the order of their tasks, which is the same each time; they come as tasks happen to end."""
    ids = [one.id for task in state.tasks for one in task.interrupts]
    return sorted(interrupts, key=lambda one: ids.index(one.id) if one.id in ids else len(ids))
