"""The ``kitaru-mcp`` command: start the server on stdin and stdout."""

from __future__ import annotations

import sys
from typing import Final

import click

from kitaru.errors import KitaruError

_INTERRUPTED: Final = 130  # what shells report for SIGINT: 128 + 2
_MISSING: Final = (
    "Error: kitaru-mcp needs the MCP SDK, version 2, which cannot be imported ({error}). "
    "Install it: pip install 'kitaru-zenml[mcp]'"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--read-only", is_flag=True, help="Offer only tools that change nothing; as KITARU_MCP_READ_ONLY=on does."
)
def cli(*, read_only: bool) -> int:
    """Let an assistant run flows, look at executions and steer them: an MCP server on stdin and stdout.

    An assistant starts it by itself, once it knows the command. Paths of flows count from the folder in which it is
    started, and the ZenML store, server and stack are those that `kitaru status` shows there.

    \b
    Examples, where an assistant is told of its servers:
      command: kitaru-mcp
      command: kitaru-mcp --read-only
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru._core.settings.environment import mcp_read_only

    try:
        read_only = mcp_read_only() or read_only
    except KitaruError as error:
        raise click.UsageError(str(error)) from error
    try:
        from kitaru._mcp.server import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("anyio", "mcp"):
            raise
        click.echo(_MISSING.format(error=error), err=True)
        return 1
    serve(read_only=read_only)
    return 0


def main() -> None:
    """Run the server until its client closes stdin; the ``kitaru-mcp`` console script."""
    try:
        code = cli.main(prog_name="kitaru-mcp", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _INTERRUPTED
    sys.exit(code)
