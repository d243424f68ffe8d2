"""Aliases of models in ZenML's store: one record each, and one that names the default."""

from __future__ import annotations

from contextlib import suppress

from kitaru._core.records.model_aliases import ModelAlias
from kitaru._zenml.servers import secrets
from kitaru.errors import KitaruUsageError

_ALIAS = f"{secrets.OWN}alias_"
_DEFAULT = f"{secrets.OWN}default"


def write(alias: str, model: str, secret: str | None) -> ModelAlias:
    """Record an alias."""
    name = f"{_ALIAS}{alias}"
    with suppress(KitaruUsageError):  # there is none yet
        secrets.delete(name)
    secrets.write(name, {"model": model, **({"secret": secret} if secret is not None else {})})
    if _default() is None:
        write_default(alias)
    return ModelAlias(alias=alias, model=model, secret=secret, is_default=_default() == alias)


def read_all() -> list[ModelAlias]:
    """Return the aliases by name."""
    names = [secret.name for secret in secrets.list_all(own=True) if secret.name.startswith(_ALIAS)]
    default = _default() if names else None
    return [_read(name, default) for name in names]


def write_default(alias: str) -> None:
    """Record which alias is the default."""
    secrets.write(_DEFAULT, {"alias": alias})


def delete(alias: ModelAlias) -> None:
    """Delete an alias; where it was the default, there is none then."""
    secrets.delete(f"{_ALIAS}{alias.alias}")
    if alias.is_default:
        secrets.delete(_DEFAULT)


def _read(name: str, default: str | None) -> ModelAlias:
    values = secrets.read(name)
    alias = name.removeprefix(_ALIAS)
    return ModelAlias(alias=alias, model=values["model"], secret=values.get("secret"), is_default=alias == default)


def _default() -> str | None:
    try:
        return secrets.read(_DEFAULT)["alias"]
    except KitaruUsageError:
        return None
