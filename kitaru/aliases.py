"""Aliases of language models: a short name for a model and for the secret that holds its key.

They are kept in ZenML's store, as secrets whose names begin with ``kitaru_model_``, so that flows on every stack find
them. They hold no key themselves.
"""

from __future__ import annotations

import re
from shlex import quote

from kitaru._core.records.model_aliases import ModelAlias
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

__all__ = ["ModelAlias", "delete_model", "list_models", "register_model", "set_default_model"]

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def register_model(alias: str, model: str, *, secret: str | None = None) -> ModelAlias:
    """Call a model by an alias; one that exists is replaced, and the first one is the default.

    Args:
        alias: The alias: letters, digits, underscores, hyphens and points.
        model: Provider and model, as PydanticAI calls them: ``"openai:gpt-4o-mini"``.
        secret: Name of the secret with the provider's key, under ``"api_key"`` or the name of the provider's
            environment variable; ``"base_url"`` may be beside it. None leaves it to the environment.

    Raises:
        KitaruUsageError: The alias or the model is invalid, or there is no such secret.
        KitaruBackendError: The store cannot be reached.
    """
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias):
        raise KitaruUsageError(f"{alias!r} is no alias: letters, digits, underscores, hyphens and points.")
    provider, _, name = model.partition(":") if isinstance(model, str) else ("", "", "")
    if not provider or not name:
        raise KitaruUsageError(f"Model {model!r} is not of the form PROVIDER:MODEL, such as openai:gpt-4o-mini.")
    from kitaru._zenml.servers import aliases
    from kitaru.secrets import get_secret

    if secret is not None:
        get_secret(secret)
    return aliases.write(alias, model, secret)


def list_models() -> list[ModelAlias]:
    """Return the aliases by name.

    Raises:
        KitaruBackendError: The store cannot be reached.
    """
    from kitaru._zenml.servers import aliases

    return aliases.read_all()


def set_default_model(alias: str) -> ModelAlias:
    """Make an alias the one that ``kitaru.llm`` asks where no model is named.

    Raises:
        KitaruUsageError: There is no such alias.
        KitaruBackendError: The store cannot be reached.
    """
    model = _registered(alias)
    from kitaru._zenml.servers import aliases

    aliases.write_default(model.alias)
    return model.model_copy(update={"is_default": True})


def delete_model(alias: str) -> None:
    """Forget an alias. The model's secret stays.

    Raises:
        KitaruUsageError: There is no such alias.
        KitaruBackendError: The store cannot be reached.
    """
    model = _registered(alias)
    from kitaru._zenml.servers import aliases

    aliases.delete(model)


def _registered(alias: str) -> ModelAlias:
    known = {one.alias: one for one in list_models()}
    if alias not in known:
        raise KitaruUsageError(
            f"There is no model alias {alias!r}.{did_you_mean(str(alias), known)} There are: "
            f"{', '.join(known) or 'none'}. Make one: kitaru model register {quote(str(alias))} --model openai:gpt-4o-mini"
        )
    return known[alias]
