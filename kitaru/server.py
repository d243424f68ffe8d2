"""The ZenML server that this machine works with: log in, log out, and see which one it is."""

from __future__ import annotations

from kitaru._core.records.servers import ServerStatus
from kitaru._core.settings.server_url import checked_url
from kitaru.errors import KitaruStateError, KitaruUsageError

__all__ = ["ServerStatus", "dashboard_url", "login", "logout", "status", "use_short_timeouts"]

LAST_PORT = 65535


def login(
    url: str | None = None,
    *,
    api_key: str | None = None,
    project: str | None = None,
    verify_ssl: bool | str = True,
    port: int | None = None,
) -> ServerStatus:
    """Use a ZenML server from now on, for ZenML's own commands as well; without a URL start one on this machine.

    Nothing changes unless the server accepts the credentials. Executions that run on this machine go on where they are.

    Args:
        url: The server's URL. Default: a server on this machine that serves the local store, dashboard included, and
            listens on 127.0.0.1 only, without credentials. It needs ``zenml[server]``.
        api_key: The API key of a service account. Default: credentials of an earlier login that still hold, else
            ZenML's login in the browser.
        project: Name or id of the project to work in; default: the server's.
        verify_ssl: Whether the server's certificate must be valid, or the file of the authority that signed it;
            default: True.
        port: Where a server on this machine listens; default: where it runs already, else 8237.

    Raises:
        KitaruUsageError: The URL, the key, the project or the port is wrong, or the environment names a server.
        KitaruBackendError: The server does not answer, is no ZenML server or too old, or does not start on this
            machine.
        KitaruError: A server on this machine needs a package that is not installed.
    """
    if url is None:
        for name, value in (("api_key", api_key), ("verify_ssl", None if verify_ssl is True else verify_ssl)):
            if value is not None:
                raise KitaruUsageError(f"login({name}=) belongs to the URL of a server; a local one needs none.")
        if port is not None and not 0 < port <= LAST_PORT:
            raise KitaruUsageError(f"The port must be a number from 1 to {LAST_PORT}, not {port}.")
    else:
        url = checked_url(url, "login")
        if port is not None:
            raise KitaruUsageError("login(port=) is for a server on this machine; another one's port is in its URL.")
    from kitaru._zenml.servers import server

    return server.start_local(port, project) if url is None else server.connect(url, api_key, project, verify_ssl)


def logout(*, force: bool = False) -> list[str]:
    """Go back to the local store, forget the server's credentials, and stop the server on this machine.

    Args:
        force: Stop it even while executions run on this machine that need it; they then fail. False by default.

    Returns:
        What was done, in sentences; empty where there was nothing to do.

    Raises:
        KitaruUsageError: The environment names the server.
        KitaruStateError: Executions run on this machine that need the server.
        KitaruBackendError: ZenML's configuration cannot be read or written.
    """
    from kitaru._zenml.servers import server

    return server.disconnect(force=force)


def status() -> ServerStatus:
    """Return where executions are kept; a server that does not answer is a ``problem``, not an error.

    Raises:
        KitaruUsageError: A variable of the environment is wrong.
        KitaruBackendError: ZenML cannot be loaded.

    Examples:
        >>> print(status().where)  # doctest: +SKIP
        local store
    """
    from kitaru._zenml.servers import server

    return server.read_status()


def dashboard_url(exec_id: str | None = None) -> str:
    """Return the page of an execution in ZenML's dashboard.

    Args:
        exec_id: Its id, or the beginning of one that fits no other; None for the list of all executions.

    Raises:
        KitaruStateError: Executions are in the local store, which has no dashboard.
        KitaruUsageError: The id fits no execution, or several.
        KitaruBackendError: The store cannot be reached.

    Examples:
        >>> dashboard_url()  # doctest: +SKIP
        'http://127.0.0.1:8237/projects/default/runs'
    """
    from kitaru._zenml.records import runs

    url = runs.dashboard_url(exec_id) if exec_id is not None else runs.executions_url()
    if url is None:
        raise KitaruStateError(
            "The executions are in the local store, which has no dashboard. `kitaru login` starts a server on this "
            "machine that shows them (it needs `pip install 'zenml[server]'`); `kitaru login URL` uses another one."
        )
    return url


def use_short_timeouts() -> None:
    """Give up after some seconds, in this process, on a server that does not answer any more.

    Otherwise requests are repeated for half a minute, since the server may be restarting. It counts for stores that are
    opened after the call.
    """
    from kitaru._core.process import patience

    patience.in_a_hurry = True
