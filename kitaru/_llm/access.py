"""Which language model is asked: aliases, providers, and where their keys are."""

from __future__ import annotations

import inspect
from shlex import quote
from typing import TYPE_CHECKING, Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import infer_provider_class

from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.aliases import ModelAlias

_HIDDEN = "***"


def alias_of(model: str | None) -> ModelAlias:
    """Return the alias of a name; a model without one stands for itself."""
    from kitaru.aliases import ModelAlias, list_models

    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise KitaruUsageError(f"kitaru.llm(model={model!r}): a model is some text, such as openai:gpt-4o-mini.")
    if model is not None and ":" in model:
        return ModelAlias(alias=model, model=model, secret=None)
    known = {one.alias: one for one in list_models()}
    if model is None:
        default = next((one for one in known.values() if one.is_default), None)
        if default is None:
            raise KitaruUsageError(
                "kitaru.llm() was given no model, and there is no default one. Name it, model='openai:gpt-4o-mini', or "
                "make a default: kitaru model register fast --model openai:gpt-4o-mini"
            )
        return default
    if model not in known:
        raise KitaruUsageError(
            f"kitaru.llm(model={model!r}): this is no alias.{did_you_mean(model, known)} There are: "
            f"{', '.join(known) or 'none'}. A model without an alias is written PROVIDER:MODEL."
        )
    return known[model]


def open_model(alias: ModelAlias | None) -> tuple[Model, list[str]]:
    """Return the model of an alias, and the texts that no message may show.

    Raises:
        KitaruUsageError: The provider is unknown, its package is missing, or there is no key.
    """
    assert alias is not None
    values = _secret_of(alias)

    def provider(name: str) -> Any:
        kind = infer_provider_class(name)
        return kind(**_arguments(kind, values, alias)) if values else kind()

    try:
        model = infer_model(alias.model, provider_factory=provider)
    except KitaruUsageError:
        raise
    except (UserError, ValueError, ImportError) as error:
        problem = f"Model {alias.model} cannot be asked: {scrubbed(str(error), [*values.values()])}"
        if not isinstance(error, UserError):  # its provider is unknown, or a package is missing
            raise KitaruUsageError(problem) from None
        looked = (
            f"secret {alias.secret!r}, then in the environment"
            if alias.secret
            else "the environment (it has no secret)"
        )
        secret, name = alias.secret or "NAME", "ALIAS" if alias.alias == alias.model else alias.alias
        raise KitaruUsageError(
            f"{problem.partition(' or pass it')[0]}. Kitaru looked for the key in {looked}. Give it one: "
            f"kitaru secrets set {quote(secret)} api_key, and then kitaru model register {quote(name)} "
            f"--model {quote(alias.model)} --secret {quote(secret)}"
        ) from None
    client = getattr(model, "client", None)
    key = getattr(client, "api_key", None)
    return model, [*values.values(), *([key] if isinstance(key, str) else [])]


def _secret_of(alias: ModelAlias) -> dict[str, str]:
    from kitaru.secrets import get_secret

    try:
        return {} if alias.secret is None else get_secret(alias.secret)
    except KitaruUsageError as error:
        raise KitaruUsageError(
            f"Model {alias.model} cannot be asked: its alias {alias.alias!r} names a secret for the key. {error} Store it "
            f"again: kitaru secrets set {quote(str(alias.secret))} api_key"
        ) from error


def _arguments(kind: type[Any], values: Mapping[str, str], alias: ModelAlias) -> dict[str, str]:
    """Return a secret's values as the provider takes them: ``OPENAI_API_KEY`` is its ``api_key``."""
    accepted = {name for name in inspect.signature(kind.__init__).parameters if name != "self"}
    arguments: dict[str, str] = {}
    for key, value in values.items():
        plain = key.lower().replace("-", "_")
        fits = [name for name in accepted if plain == name or plain.endswith(f"_{name}")]
        if not fits and len(values) == 1 and "api_key" in accepted:
            fits = ["api_key"]
        if not fits:
            raise KitaruUsageError(
                f"Secret {alias.secret!r} has {key!r}, which the provider of {alias.model} does not take. It takes: "
                f"{', '.join(sorted(accepted))}."
            )
        arguments[max(fits, key=len)] = value
    return arguments


def scrubbed(text: str, hidden: Sequence[str]) -> str:
    """Return a text without those that nobody may read."""
    for value in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(value, _HIDDEN)
    return text
