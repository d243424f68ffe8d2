"""``kitaru login``, ``logout`` and ``status``: which ZenML server this machine works with."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Command
from kitaru._cli.output import is_terminal, output_option, say
from kitaru.errors import KitaruUsageError
from kitaru.server import LAST_PORT

if TYPE_CHECKING:
    from kitaru.server import ServerStatus

_UNREACHABLE = 3


@click.command(cls=Command)
@click.argument("url", required=False)
@click.option(
    "--api-key",
    "with_key",
    is_flag=True,
    help="Log in with the API key of a service account: asked for without showing it, or read from a pipe.",
)
@click.option("--project", metavar="NAME", help="The project to work in; default: the server's.")
@click.option(
    "--port", type=click.IntRange(1, LAST_PORT), help="Where a server on this machine listens; default: 8237."
)
@click.option("--no-open", is_flag=True, help="Do not open the dashboard of a server on this machine in the browser.")
@click.option(
    "--ssl-ca-cert", type=click.Path(exists=True, dir_okay=False), help="The authority that signed its certificate."
)
@click.option("--no-verify-ssl", is_flag=True, help="Accept any certificate; for tests only.")
@output_option
def login(
    *,
    url: str | None,
    with_key: bool,
    project: str | None,
    port: int | None,
    no_open: bool,
    ssl_ca_cert: str | None,
    no_verify_ssl: bool,
    output: str,
) -> None:
    """Use the ZenML server at URL from now on. Without a URL one is started on this machine.

    With a URL the browser opens to log in there; --api-key does without. Credentials are kept by ZenML, and its own
    commands use the same server. Without a URL a server with a dashboard is started in the background. It serves the
    executions of the local store, listens on 127.0.0.1 only, asks for no credentials, and ends with `kitaru logout`.

    \b
    Examples:
      kitaru login
      kitaru login https://zenml.example.com
      kitaru login https://zenml.example.com --api-key --project research
      printenv ZENML_KEY | kitaru login https://zenml.example.com --api-key
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.server import login as log_in

    if no_verify_ssl and ssl_ca_cert:
        raise KitaruUsageError("Give --ssl-ca-cert or --no-verify-ssl, not both.")
    if with_key and url is None:
        raise KitaruUsageError("--api-key goes with the URL of a server; one on this machine asks for no credentials.")
    server = log_in(
        url,
        api_key=_read_key() if with_key else None,
        project=project,
        verify_ssl=ssl_ca_cert or not no_verify_ssl,
        port=port,
    )
    say(json.dumps(server.to_json(), indent=2) if output == "json" else _logged_in(server))
    if url is None and not no_open and output == "text" and is_terminal():
        click.launch(str(server.dashboard_url))


@click.command(cls=Command)
@click.option("--force", is_flag=True, help="Stop the server even while executions run here that need it.")
@output_option
def logout(*, force: bool, output: str) -> None:
    """Go back to the local store.

    The credentials are forgotten, and a server that `kitaru login` has started is stopped.

    \b
    Example:
      kitaru logout
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.server import logout as log_out

    done = log_out(force=force)
    if output == "json":
        say(json.dumps({"done": done}))
        return
    say("\n".join([*(done or ["There was no server to log out from."]), "Executions are in the local store."]))


@click.command(cls=Command)
@output_option
def status(output: str) -> None:
    """Show where executions are kept, and as whom.

    It shows versions, too, and exits with 3 where the server does not answer.

    \b
    Examples:
      kitaru status
      kitaru status --output json
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.server import status as read

    server = read()
    say(json.dumps(server.to_json(), indent=2) if output == "json" else _described(server))
    if server.problem is not None:
        raise click.exceptions.Exit(_UNREACHABLE)


def _read_key() -> str:
    """Read the key where nobody sees it: neither on the screen nor among the arguments of the process."""
    key = click.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise KitaruUsageError("There is no API key on stdin. Type it where --api-key asks, or pipe it in.")
    return str(key).strip()


def _logged_in(status: ServerStatus) -> str:
    lines = [f"Logged in to {status.url} as {status.user}, project {status.project}, stack {status.stack}."]
    lines += [f"Dashboard: {status.dashboard_url}"]
    lines += ["The server ends with `kitaru logout`."] if status.where == "local server" else []
    return "\n".join(lines)


def _described(status: ServerStatus) -> str:
    rows = {
        "Executions": {"server": f"server {status.url}"}.get(status.where, f"{status.where}, {status.url}"),
        "Chosen by": {"login": "`kitaru login`", "default": "default"}.get(status.chosen_by, status.chosen_by),
        "User": status.user,
        "Project": status.project,
        "Stack": status.stack,
        "Dashboard": status.dashboard_url,
        "Versions": _versions(status),
        "Configuration": status.config_directory,
        "Local stores": status.local_stores,
        "Problem": status.problem,
    }
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items() if value)


def _versions(status: ServerStatus) -> str:
    here = f"Kitaru {status.kitaru_version}, ZenML {status.zenml_version}"
    return f"{here}, server {status.server_version}" if status.server_version else here
