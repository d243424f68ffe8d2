"""Functions as tools of an MCP server: arguments taken strictly, Kitaru's errors told in their own words."""

from __future__ import annotations

import inspect
import threading
import types
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.types import ToolAnnotations
from pydantic import ValidationError

from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.mcpserver.context import Context

_opening = threading.Lock()
_opened = False


def open_store() -> None:
    """Open ZenML's store, once for all: threads that do so at the same time would get in each other's way."""
    global _opened  # noqa: PLW0603 - as ZenML's own clients, of which there is one a process
    with _opening:
        if not _opened:
            from kitaru.server import status, use_short_timeouts

            use_short_timeouts()
            _opened = status().problem is None


class KitaruTool(Tool):
    """A function as a tool.

    Unknown arguments are refused, and what goes wrong is told without Python's names and addresses. Functions that are
    not ``async`` run in threads.
    """

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Call the function.

        Raises:
            ToolError: The arguments do not fit, or Kitaru cannot do it.
        """
        try:
            await anyio.to_thread.run_sync(open_store)
            return await super().run(arguments, context, convert_result)
        except KitaruError as error:
            raise ToolError(str(error)) from error
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(self._problems(error.__cause__)) from None
            if isinstance(error.__cause__, KitaruError):
                raise ToolError(str(error.__cause__)) from error.__cause__
            raise

    def _problems(self, error: ValidationError) -> str:
        from kitaru._core.words.validation import problems

        known = ", ".join(self.parameters.get("properties", {})) or "none"
        details = problems(error, joint="\n")
        return f"The arguments do not fit the tool {self.name}:\n{details}\nIts arguments are: {known}."


class _Arguments(FuncMetadata):
    """The arguments of a tool, where text that stands for any value stays text: the question says what it means."""

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """Parse texts that stand for lists and objects, as some assistants send them."""
        fields = self.arg_model.model_fields
        whole = {name: value for name, value in data.items() if name in fields and fields[name].annotation is Any}
        others = {name: value for name, value in data.items() if name not in whole}
        return {**super().pre_parse_json(others), **whole}


def tool(function: Callable[..., Any], *, title: str, changes: bool = False, destroys: bool = False) -> Tool:
    """Return a function as a tool.

    Args:
        function: The function; its docstring tells the assistant what it does.
        title: Its name for people.
        changes: Whether it changes anything.
        destroys: Whether what it changes is lost.
    """
    hints = ToolAnnotations(
        title=title, read_only_hint=not changes, destructive_hint=destroys, idempotent_hint=not changes
    )
    made = KitaruTool.from_function(function, title=title, description=inspect.getdoc(function), annotations=hints)
    metadata = made.fn_metadata
    strict: Any = types.new_class(metadata.arg_model.__name__, (metadata.arg_model,), {"extra": "forbid"})
    made.fn_metadata = _Arguments(
        arg_model=strict, output_schema=metadata.output_schema, output_model=metadata.output_model
    )
    made.parameters = strict.model_json_schema(by_alias=True)
    return made
