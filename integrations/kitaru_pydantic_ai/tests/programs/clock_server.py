"""An MCP server with one tool, which notes its calls."""

from __future__ import annotations

from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("clock")


@server.tool()
def tick(times: int) -> int:
    with Path("calls.log").open("a") as log:
        log.write(f"tick {times}\n")
    return times + 1


if __name__ == "__main__":
    server.run("stdio")
