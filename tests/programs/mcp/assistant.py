"""What an assistant does with a server of the Model Context Protocol: two ways to call a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.types import TextContent

if TYPE_CHECKING:
    from mcp import Client


class Assistant:
    """An assistant: ``call`` gives a tool's result, ``refused`` the message of its error."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, tool: str, /, **arguments: Any) -> Any:
        done = await self._client.call_tool(tool, arguments)
        assert not done.is_error, done.content[0]
        return done.structured_content

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        done = await self._client.call_tool(tool, arguments)
        assert done.is_error, done.structured_content
        message = done.content[0]
        assert isinstance(message, TextContent), message
        return message.text
