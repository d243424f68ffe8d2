"""Asking an image registry whether it would take a push, without pushing anything.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs,
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import docker.auth
import requests

if TYPE_CHECKING:
    from zenml.container_registries import BaseContainerRegistry

_TIMEOUT = 10
_LOCAL = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class PushRefusedError(Exception):
    """The registry would not take a push; says why."""


def try_push(registry: BaseContainerRegistry, repository: str | None = None) -> None:
    """Begin an upload in the repository that images go to, and cancel it.

    Args:
        registry: The registry.
        repository: The repository, where it is not the one that ZenML uses by default.

    Raises:
        PushRefusedError: The registry answers, and refuses.
        requests.RequestException: The registry does not answer.
    """
    host, _, path = registry.config.uri.partition("/")
    name = repository or registry.config.default_repository or "zenml"
    repository = "/".join(filter(None, [path.strip("/"), name]))
    session = requests.Session()
    base = _base_url(session, host)
    session.headers.update(_authorization(session, base, repository, _credentials(registry, host)))
    answer = session.post(f"{base}/v2/{repository}/blobs/uploads/", timeout=_TIMEOUT)
    if answer.status_code != HTTPStatus.ACCEPTED:
        raise PushRefusedError(f"it refuses a push to {repository!r}: {_reason(answer)}")
    location = answer.headers.get("Location", "")
    if location:
        session.delete(location if "://" in location else f"{base}{location}", timeout=_TIMEOUT)


def _base_url(session: requests.Session, host: str) -> str:
    """Return where the registry's API is; like Docker, only this machine is spoken to without TLS."""
    base = f"{'http' if _LOCAL.match(host) else 'https'}://{host}"
    session.get(f"{base}/v2/", timeout=_TIMEOUT)
    return base


def _credentials(registry: BaseContainerRegistry, host: str) -> tuple[str, str] | None:
    """Return the registry's own credentials, else those of `docker login`."""
    own = registry.credentials
    if own:
        return own
    try:
        known: dict[str, Any] | None = docker.auth.load_config().resolve_authconfig(host)
    except docker.errors.DockerException:  # a credential helper that is missing or fails
        return None
    if not known or not known.get("username"):
        return None
    return str(known["username"]), str(known.get("password") or "")


def _authorization(
    session: requests.Session, base: str, repository: str, credentials: tuple[str, str] | None
) -> dict[str, str]:
    challenge = session.get(f"{base}/v2/", timeout=_TIMEOUT).headers.get("WWW-Authenticate", "")
    kind, _, rest = challenge.partition(" ")
    if kind.lower() == "bearer":
        parameters = dict(_CHALLENGE.findall(rest))
        scope = {"service": parameters.get("service", ""), "scope": f"repository:{repository}:pull,push"}
        answer = session.get(parameters.get("realm", ""), params=scope, auth=credentials, timeout=_TIMEOUT)
        if answer.status_code != HTTPStatus.OK:
            raise PushRefusedError(f"it refuses the login: {_reason(answer)}")
        body = answer.json()
        return {"Authorization": f"Bearer {body.get('token') or body.get('access_token')}"}
    if kind.lower() == "basic" and credentials is not None:
        session.auth = credentials
    return {}


def _reason(answer: requests.Response) -> str:
    status = f"{answer.status_code} {answer.reason}"
    try:
        errors = answer.json().get("errors") or [{}]
        return f"{status}, {errors[0].get('message') or errors[0].get('code') or 'no reason given'}"
    except (ValueError, AttributeError, IndexError):
        return status
