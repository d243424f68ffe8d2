"""Logging in to a ZenML server and out of it, by ZenML's own functions, and a server on this machine."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal

from zenml import __version__ as zenml_version
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.constants import ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING
from zenml.enums import ServerProviderType, StoreType
from zenml.exceptions import AuthorizationException
from zenml.login.credentials_store import CREDENTIALS_STORE_FILENAME, get_credentials_store
from zenml.models import ProjectFilter
from zenml.utils.server_utils import get_local_server
from zenml.zen_stores.base_zen_store import BaseZenStore
from zenml.zen_stores.rest_zen_store import RestZenStoreConfiguration

from kitaru._core.package import VERSION
from kitaru._core.process import files
from kitaru._core.process.places import runner_directory
from kitaru._core.records.servers import ServerStatus
from kitaru._zenml.door import connection
from kitaru._zenml.door.connection import refuse_to_configure, store_variable
from kitaru._zenml.door.private import leave_lines_whole
from kitaru._zenml.door.store import open_client, quieted, translated
from kitaru.errors import KitaruBackendError, KitaruError, KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from zenml.zen_server.deploy import LocalServerDeployment

LOCAL_PORT: Final = 8237
# ZenML says as an error that the stack of the store before is not in this one.
_LOG_LEVEL: Final = logging.CRITICAL
_NEEDED: Final = ("fastapi", "jwt", "multipart", "uvicorn")  # what ZenML's own check looks for


# -- a server elsewhere -----------------------------------------------------------------------------------------------


def connect(url: str, api_key: str | None, project: str | None, verify: bool | str) -> ServerStatus:
    """Log in to a server and use it from now on."""
    refuse_to_configure("login", "where it is set, there is no need to log in")
    info = connection.ask(url, verify)
    if info.is_pro_server() and api_key is None and not get_credentials_store().has_valid_credentials(url):
        raise KitaruUsageError(
            f"{url} is a workspace of ZenML Pro, which has a login of its own: run `zenml login {quote(url)}`. Kitaru then "
            f"uses it, too. `kitaru login {quote(url)} --api-key` does without."
        )
    with translated(f"logging in to {url}"), quieted(_LOG_LEVEL):
        _hide_credentials()
        config = RestZenStoreConfiguration(url=url, verify_ssl=verify)
        if api_key is not None:
            _try(config, api_key)
            get_credentials_store().clear_credentials(url)
            get_credentials_store().set_api_key(url, api_key)
        elif not _credentials_hold(config):
            _log_in_with_browser(url, config.verify_ssl)
        _use(config, project)
    return read_status()


def _hide_credentials() -> None:
    """Let nobody else read ZenML's file of credentials, which it makes for everybody."""
    file = Path(GlobalConfiguration().config_directory) / CREDENTIALS_STORE_FILENAME
    file.touch(mode=0o600)
    file.chmod(0o600)


def _try(config: RestZenStoreConfiguration, api_key: str) -> None:
    """See whether the server accepts a key, and keep nothing of it."""
    credentials = get_credentials_store()
    before = credentials.get_credentials(config.url)
    with _nothing_on_disk():
        credentials.credentials.pop(config.url, None)
        try:
            credentials.set_api_key(config.url, api_key)
            _whoami(config)
        except AuthorizationException as error:
            raise KitaruUsageError(
                f"The ZenML server at {config.url} does not accept this API key. Copy it again, or have a new one made "
                f"there: `zenml service-account api-key NAME create KEY_NAME` prints it once. Nothing has changed here."
            ) from error
        finally:
            credentials.credentials.pop(config.url, None)
            if before is not None:
                credentials.credentials[config.url] = before


def _credentials_hold(config: RestZenStoreConfiguration) -> bool:
    """Whether credentials of an earlier login are there that the server still accepts."""
    if not get_credentials_store().has_valid_credentials(config.url):
        return False
    with suppress(AuthorizationException):
        _whoami(config)
        return True
    return False


def _log_in_with_browser(url: str, verify: bool | str) -> None:
    """Let ZenML open the browser, print the URL for it, and wait until somebody has confirmed there."""
    from zenml.cli.login import web_login  # the module it comes from cannot be imported first

    leave_lines_whole()
    try:
        web_login(url=url, verify_ssl=verify)
    except AuthorizationException as error:
        raise KitaruUsageError(
            f"Nobody was logged in to {url}: {error} Try again, or use the API key of a service account: "
            f"`kitaru login {quote(url)} --api-key`."
        ) from error


def _whoami(config: RestZenStoreConfiguration) -> str:
    return BaseZenStore.create_store(config, skip_default_registrations=True).get_user().name


def _use(config: RestZenStoreConfiguration, project: str | None) -> None:
    """Write into ZenML's configuration that this is the server, and which project is active."""
    chosen = None if project is None else _find_project(config, project)
    GlobalConfiguration().set_store(config)
    if chosen is not None:
        Client().set_active_project(chosen)


def _find_project(config: RestZenStoreConfiguration, name: str) -> UUID:
    store = BaseZenStore.create_store(config, skip_default_registrations=True)
    try:
        return store.get_project(name).id
    except KeyError as error:
        known = [project.name for project in store.list_projects(ProjectFilter(size=200))]
        raise connection.no_such_project(name, known, "login") from error


@contextmanager
def _nothing_on_disk() -> Iterator[None]:
    """Keep credentials that are only tried out of ZenML's file."""
    before = os.environ.get(ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING)
    os.environ[ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING]
        else:
            os.environ[ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING] = before


# -- a server on this machine -----------------------------------------------------------------------------------------


def start_local(port: int | None, project: str | None) -> ServerStatus:
    """Serve the local store on this machine, and use that server from now on."""
    refuse_to_configure("login", "where it is set, there is no need to log in")
    running = _running_local_server()
    if running is None or (port is not None and _port_of(running) != port):
        _start_local(port or LOCAL_PORT)
    with translated("connecting to the local server"), quieted(_LOG_LEVEL):
        server = _running_local_server()
        assert server is not None
        assert server.status is not None
        assert server.status.url is not None
        _use(RestZenStoreConfiguration(url=server.status.url), project)
    return read_status()


def _start_local(port: int) -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise KitaruError(
            f"A ZenML server on this machine needs packages that are not installed ({', '.join(missing)}). Install them: "
            f"pip install 'zenml[server]=={zenml_version}'"
        )
    _refuse_taken(port)
    if sys.platform == "darwin":
        os.environ.setdefault("OBJC_DISABLE_INITIALIZE_FORK_SAFETY", "YES")  # ZenML's daemon forks
    from zenml.zen_server.deploy import LocalServerDeploymentConfig
    from zenml.zen_server.deploy.deployer import LocalServerDeployer

    with translated("starting the local server"), quieted(_LOG_LEVEL):
        config = LocalServerDeploymentConfig(provider=ServerProviderType.DAEMON, port=port)  # type: ignore[call-arg]
        try:
            LocalServerDeployer().deploy_server(config)
        except RuntimeError as error:
            raise KitaruBackendError(
                f"The local ZenML server does not start: {error}. Its log is in {_daemon_directory()}; "
                f"`kitaru logout` removes what is left of it."
            ) from error
    if _running_local_server() is None:
        raise KitaruBackendError(
            f"The local ZenML server does not answer on port {port}. Its log is in {_daemon_directory()}; "
            f"`kitaru logout` removes what is left of it."
        )


def _daemon_directory() -> str:
    from zenml.zen_server.deploy.daemon.daemon_zen_server import DaemonZenServer

    return DaemonZenServer.config_path()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise KitaruUsageError(
                f"Port {port} cannot be used: {error.strerror}. Choose another one: `kitaru login --port {port + 1}`."
            ) from error


def _running_local_server() -> LocalServerDeployment | None:
    server = get_local_server()
    return server if server is not None and server.is_running else None


def _port_of(server: LocalServerDeployment) -> int | None:
    return getattr(server.config, "port", None)


# -- out again --------------------------------------------------------------------------------------------------------


def disconnect(*, force: bool) -> list[str]:
    """Go back to the local store; returns what was done."""
    refuse_to_configure("logout", "unset it to leave that server")
    done = []
    config = GlobalConfiguration()
    with translated("logging out"), quieted(_LOG_LEVEL):
        url = config.store_configuration.url
        local = get_local_server()
        if local is not None and local.config.url == url and not force:
            _refuse_while_needed()
        if config.store_configuration.type == StoreType.REST:
            config.set_default_store()
            get_credentials_store().clear_credentials(url)
            done.append(f"Logged out from {url}.")
        if local is not None:
            from zenml.zen_server.deploy.deployer import LocalServerDeployer

            LocalServerDeployer().remove_server()
            done.append("Stopped the server on this machine.")
    return done


def _refuse_while_needed() -> None:
    """Keep the local server while executions run in local runners, which talk to it."""
    running = files.running(runner_directory())
    if running:
        raise KitaruStateError(
            f"The server on this machine cannot be stopped while executions run here that need it: {', '.join(running)}. "
            f"Wait for them, cancel them with `kitaru executions cancel ID`, or stop it all the same: "
            f"`kitaru logout --force`."
        )


# -- where we are -----------------------------------------------------------------------------------------------------


def read_status() -> ServerStatus:
    """Return which store or server is used."""
    problem = None
    try:
        client = open_client()
        with translated("reading the status"), quieted(_LOG_LEVEL):
            user, project, stack = client.active_user.name, client.active_project.name, client.active_stack_model.name
    except KitaruBackendError as error:
        problem, user, project, stack = str(error), None, None, None
    with translated("reading the status"):  # without a store, this is where ZenML makes its folder
        config = GlobalConfiguration()
        store = config.store_configuration
        remote = store.type == StoreType.REST
        info = config.zen_store.get_store_info() if remote and problem is None else None
    return ServerStatus(
        where=_where(store.url) if remote else "local store",
        url=store.url,
        chosen_by=_chosen_by(remote=remote),
        user=user,
        project=project,
        stack=stack,
        dashboard_url=((info and (info.dashboard_url or info.server_url)) or store.url) if remote else None,
        server_version=str(info.version) if info else None,
        zenml_version=zenml_version,
        kitaru_version=VERSION,
        config_directory=config.config_directory,
        local_stores=config.local_stores_path,
        problem=problem,
    )


def _where(url: str) -> Literal["local server", "server"]:
    local = get_local_server()
    return "local server" if local is not None and local.config.url == url else "server"


def _chosen_by(*, remote: bool) -> str:
    return store_variable() or ("login" if remote else "default")
