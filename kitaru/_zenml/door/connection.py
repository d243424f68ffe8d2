"""Which server ZenML's client talks to: what the environment says, and what to tell where the server does not answer."""

from __future__ import annotations

import os
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import requests
from packaging.version import InvalidVersion, Version
from pydantic import ValidationError
from zenml import __version__ as zenml_version
from zenml.config.global_config import GlobalConfiguration
from zenml.constants import (
    API,
    ENV_ZENML_ACTIVE_PROJECT_ID,
    ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING,
    ENV_ZENML_STORE_PREFIX,
    INFO,
    VERSION_1,
    ZENML_API_KEY_PREFIX,
    ZENML_PRO_API_KEY_PREFIX,
)
from zenml.enums import StoreType
from zenml.models import ServerModel
from zenml.utils.pagination_utils import depaginate

from kitaru._core.process import files, patience
from kitaru._core.settings import environment
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.private import leave_configuration_alone
from kitaru.errors import KitaruBackendError, KitaruError, KitaruUsageError

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.zen_stores.base_zen_store import BaseZenStore
    from zenml.zen_stores.rest_zen_store import RestZenStore

URL: Final = f"{ENV_ZENML_STORE_PREFIX}URL"
API_KEY: Final = f"{ENV_ZENML_STORE_PREFIX}API_KEY"
API_TOKEN: Final = f"{ENV_ZENML_STORE_PREFIX}API_TOKEN"
_STORE_VARIABLES: Final = (
    URL,
    API_KEY,
    API_TOKEN,
    *(f"{ENV_ZENML_STORE_PREFIX}{name}" for name in ("TYPE", "USERNAME", "PASSWORD")),
)
REFUSED: Final = (
    "the ZenML server refused the credentials; `kitaru login URL` asks for new ones, KITARU_AUTH_TOKEN holds them"
)
_REST_STORE: Final = "zenml.zen_stores.rest_zen_store"  # not imported where the store is a database
_PATIENCE: Final = (3.05, 10.0)  # seconds to connect and to answer
# How long a runner waits for a server that is gone, and the longest pause between two tries; in seconds.
_OUTAGE: Final = 300.0
_LONGEST_PAUSE: Final = 10.0


# -- what the environment says ----------------------------------------------------------------------------------------


def apply_environment() -> None:
    """Tell ZenML which server ``KITARU_*`` name, before it opens its store; its configuration files stay as they are.

    Raises:
        KitaruUsageError: A variable is wrong, or a variable of ZenML's says otherwise.
    """
    if files.own_directory() is not None or store_variable():
        leave_configuration_alone()  # its user may log in elsewhere while a runner works
    url, token = environment.server_url(), environment.auth_token()
    if url is None:
        if token is not None:
            raise KitaruUsageError(
                "KITARU_AUTH_TOKEN is set without KITARU_SERVER_URL. Set both, or unset it: `kitaru login URL` keeps its "
                "own credentials."
            )
        return
    _refuse_other_store(url)
    _set(URL, url, "KITARU_SERVER_URL")
    if token is not None:
        is_key = token.startswith((ZENML_API_KEY_PREFIX, ZENML_PRO_API_KEY_PREFIX))
        _set(API_KEY if is_key else API_TOKEN, token, "KITARU_AUTH_TOKEN")
        if (API_TOKEN if is_key else API_KEY) in os.environ:
            raise _contradiction("KITARU_AUTH_TOKEN", API_TOKEN if is_key else API_KEY)
        os.environ[ENV_ZENML_DISABLE_CREDENTIALS_DISK_CACHING] = "true"


def _set(name: str, value: str, ours: str) -> None:
    if os.environ.get(name, value).rstrip("/") != value:
        raise _contradiction(ours, name)
    os.environ[name] = value


def _contradiction(ours: str, theirs: str) -> KitaruUsageError:
    return KitaruUsageError(f"{ours} and {theirs} are both set, and do not agree. Unset one of them.")


def store_variable() -> str | None:
    """Return the variable of the environment that chooses the store or server; ``None`` where none does."""
    if environment.server_url():
        return "KITARU_SERVER_URL"
    return next((name for name in _STORE_VARIABLES if name in os.environ), None)


def refuse_to_configure(what: str, remedy: str) -> None:
    """Refuse a change of ZenML's configuration that the environment would make void.

    Raises:
        KitaruUsageError: The environment names the server.
    """
    variable = store_variable()
    if variable:
        raise KitaruUsageError(
            f"{variable} names the server and wins over what `kitaru {what}` would change: {remedy}."
        )


def _refuse_other_store(url: str) -> None:
    config = GlobalConfiguration()
    if config.is_initialized and config.store_configuration.url != url:
        raise KitaruUsageError(
            f"KITARU_SERVER_URL names {url}, but this process uses {config.store_configuration.url} already. Set the "
            f"variable before ZenML's client is first used."
        )


def enter_project(client: Client) -> None:
    """Work in the project that KITARU_PROJECT names; it is written nowhere but into the environment of children.

    Raises:
        KitaruUsageError: There is no such project.
    """
    name = environment.project()
    if name is None:
        return
    try:
        project_id = str(client.get_project(name, allow_name_prefix_match=False).id)
    except KeyError as error:
        known = [project.name for project in depaginate(client.list_projects)]
        raise no_such_project(name, known, "KITARU_PROJECT") from error
    active_id = os.environ.get(ENV_ZENML_ACTIVE_PROJECT_ID)
    if active_id and active_id != project_id:
        raise _contradiction("KITARU_PROJECT", ENV_ZENML_ACTIVE_PROJECT_ID)
    os.environ[ENV_ZENML_ACTIVE_PROJECT_ID] = str(UUID(project_id))


def no_such_project(name: str, known: list[str], source: str) -> KitaruUsageError:
    """Return the error for a project that is not there."""
    return KitaruUsageError(
        f"There is no project {name!r}, which {source} names.{did_you_mean(name, known)} Existing projects: "
        f"{', '.join(sorted(known)) or 'none that these credentials may see'}."
    )


# -- whether the server answers ---------------------------------------------------------------------------------------


def before_opening() -> None:
    """See that the server answers before ZenML, which is patient, opens it; a runner is patient, too.

    Raises:
        KitaruBackendError: It does not, or it is no ZenML server.
    """
    config = GlobalConfiguration()
    if config.is_initialized:
        return
    store = config.store_configuration
    if store.type != StoreType.REST:
        return
    verify = getattr(store, "verify_ssl", True)
    deadline = time.monotonic() + _OUTAGE
    while True:
        try:
            ask(store.url, verify)
        except KitaruBackendError:
            if files.own_directory() is None or time.monotonic() > deadline:
                raise
            time.sleep(2)
        else:
            return


def after_opening(store: BaseZenStore) -> None:
    """Limit how long a process in a hurry waits for a server that has gone meanwhile, and have a runner wait longer."""
    if patience.in_a_hurry:
        _retry(store, connect=3, read=1, status=2)  # 0 + 2 + 4 seconds
    elif files.own_directory() is not None:
        outlast_outages(store)


def outlast_outages(store: BaseZenStore) -> None:
    """Have this process, which runs a flow, wait some minutes for a server that is gone, as while it is upgraded."""
    tries = int(_OUTAGE / _LONGEST_PAUSE)
    _retry(store, connect=tries, read=tries, status=tries, backoff_max=_LONGEST_PAUSE)


def _retry(store: BaseZenStore, **limits: Any) -> None:
    if store.type == StoreType.REST:
        for adapter in cast("RestZenStore", store).session.adapters.values():
            if isinstance(adapter, requests.adapters.HTTPAdapter):
                adapter.max_retries = adapter.max_retries.new(**limits)


def ask(url: str, verify: bool | str = True) -> ServerModel:
    """Ask a server what it is, which it tells without credentials.

    Raises:
        KitaruBackendError: It does not answer, is no ZenML server, or one that is too old.
        KitaruUsageError: It sends its callers elsewhere.
    """
    where = f"{url}{API}{VERSION_1}{INFO}"
    try:
        response = requests.get(where, timeout=_PATIENCE, verify=verify)
    except requests.RequestException as error:
        raise KitaruBackendError(f"{unreachable(url, reason(error))}") from error
    if response.history and not response.url.startswith(url):
        there = response.url.removesuffix(f"{API}{VERSION_1}{INFO}")
        raise KitaruUsageError(f"{url} sends its callers to {there}. Use that URL.")
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise KitaruBackendError(unreachable(url, f"it says HTTP {response.status_code} {response.reason}"))
    try:
        response.raise_for_status()
        info = ServerModel.model_validate(response.json())
    except (requests.RequestException, ValidationError) as error:
        raise KitaruBackendError(
            f"What answers at {url} is not a ZenML server: {API}{VERSION_1}{INFO} gives HTTP {response.status_code} and "
            f"no description of one. Check host, port and path of the URL."
        ) from error
    _refuse_old(url, info.version)
    return info


def _refuse_old(url: str, version: str) -> None:
    """Refuse a server of an earlier minor version, which lacks what this client calls."""
    try:
        theirs, ours = Version(version), Version(zenml_version)
    except InvalidVersion:
        return
    if theirs.release[:2] < ours.release[:2]:
        raise KitaruBackendError(
            f"The ZenML server at {url} has version {version}, and this client {zenml_version}: it is too old for what "
            f"the client asks of it. Upgrade the server to {zenml_version}."
        )


def unreachable(url: str, why: str) -> str:
    """Return the message for a server that does not answer."""
    return f"The ZenML server at {url} does not answer: {why}. See that it runs and that this machine reaches it. {remedy()}"


def remedy() -> str:
    """Say how to use another server."""
    if variable := store_variable():
        return f"{variable} names it."
    return "`kitaru login` connects to another one, `kitaru logout` goes back to the local store."


# -- what an error means ----------------------------------------------------------------------------------------------


def server_failure(doing: str, error: Exception) -> KitaruError | None:
    """Return the error for one that came of talking to the server; ``None`` for any other.

    Args:
        doing: What was being done.
        error: The error.
    """
    config = GlobalConfiguration.get_instance()
    url = config.store_configuration.url if config is not None else ""
    if not url.startswith("http"):
        return None
    failed = error if isinstance(error, requests.RequestException) else error.__cause__
    if isinstance(failed, requests.RequestException) and _goes_to(url, failed):
        return KitaruBackendError(f"{doing} failed. {unreachable(url, reason(failed))}")
    if isinstance(error, RuntimeError | ValueError) and _raised_by(error, _REST_STORE):
        return KitaruBackendError(f"{doing} failed: the ZenML server at {url} gave an answer of no use ({error}).")
    return None


def _goes_to(url: str, failed: requests.RequestException) -> bool:
    return failed.request is not None and str(failed.request.url).startswith(url)


def _raised_by(error: Exception, module: str) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == module


def reason(error: requests.RequestException) -> str:
    """Return in a few words why a request had no answer."""
    if isinstance(error, requests.Timeout):
        return "there was no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate is not trusted here ({_innermost(error)})"
    return _innermost(error).lower()


def _innermost(error: BaseException) -> str:
    """Return the words of the system's own error below the layers of the HTTP library."""
    seen: BaseException | None = error
    words = type(error).__name__
    for _ in range(10):
        if seen is None:
            break
        if isinstance(seen, OSError) and seen.strerror:
            words = seen.strerror
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = getattr(seen, "reason", None) or inner or seen.__cause__ or seen.__context__
        if not isinstance(seen, BaseException):
            break
    return words
