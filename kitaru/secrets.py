"""Secrets, in ZenML's secret store: the ones that stacks, images and models use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kitaru._core.records.secrets import SecretInfo
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SecretInfo", "delete_secret", "get_secret", "list_secrets", "set_secret"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def set_secret(name: str, values: Mapping[str, str], *, private: bool = False) -> SecretInfo:
    """Store values under a name; a secret that exists keeps its other values.

    Args:
        name: Its name: letters, digits, underscores, hyphens and points.
        values: Texts by key.
        private: Whether only you can read it, where a server is shared; False by default. It counts when the secret is
            made.

    Raises:
        KitaruUsageError: The name or a value is invalid.
        KitaruBackendError: The store cannot be reached.

    Examples:
        >>> set_secret("openai-creds", {"api_key": key})  # doctest: +SKIP
    """
    _check(name)
    if not values:
        raise KitaruUsageError(f"Secret {name!r} needs at least one value: {{'api_key': ...}}.")
    for key, value in values.items():
        if not isinstance(key, str) or not key.strip() or not isinstance(value, str) or not value:
            kind = "nothing" if value == "" else f"a {type(value).__name__}"  # never the value itself
            raise KitaruUsageError(f"Secret {name!r}: the value of {key!r} is {kind}; keys and values are texts.")
    from kitaru._zenml.servers import secrets

    return secrets.write(name, dict(values), private=private)


def list_secrets() -> list[SecretInfo]:
    """Return the secrets by name, without their values.

    Raises:
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.servers import secrets

    return secrets.list_all()


def get_secret(name: str) -> dict[str, str]:
    """Return the values of a secret by key.

    Raises:
        KitaruUsageError: The name is invalid, or there is no such secret.
        KitaruBackendError: The store cannot be reached.
    """
    _check(name)
    from kitaru._zenml.servers import secrets

    return secrets.read(name)


def delete_secret(name: str) -> None:
    """Delete a secret with all its values.

    Raises:
        KitaruUsageError: The name is invalid, or there is no such secret.
        KitaruBackendError: The store cannot be reached.
    """
    _check(name)
    from kitaru._zenml.servers import secrets

    secrets.delete(name)


def _check(name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise KitaruUsageError(f"{name!r} is no name for a secret: letters, digits, underscores, hyphens and points.")
