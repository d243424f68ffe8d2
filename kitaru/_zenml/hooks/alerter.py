"""Posting a message by the alerter of a stack."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from kitaru._core.settings.redaction import without_secrets
from kitaru._core.words.exception_text import text_of
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.stacks.stacks import stack_of
from kitaru.errors import KitaruBackendError, KitaruStackError

if TYPE_CHECKING:
    from collections.abc import Iterator


def post(message: str, params: Any = None) -> None:
    """Post a message by the alerter of the active stack.

    Raises:
        KitaruStackError: It has none, or a package of it is missing.
        KitaruBackendError: The alerter did not post it.
    """
    client = open_client()
    with translated("looking for the stack's alerter"):
        model = client.active_stack_model
        name = model.name
        try:
            alerter = stack_of(model).alerter
        except ImportError as error:
            raise KitaruStackError(
                f"The alerter of stack {name!r} needs a package that is not installed: {error}."
            ) from error
    if alerter is None:
        raise KitaruStackError(
            f"Stack {name!r} has no alerter, so that nothing is posted. Register one with ZenML and add it: "
            f"`zenml alerter register NAME --flavor ...`, `zenml stack update {shlex.quote(name)} --alerter NAME`."
        )
    try:
        is_posted = alerter.post(message, params)
    except Exception as error:  # noqa: BLE001 - a flavor may raise anything
        # It may hold its configuration, a webhook's URL for one: that is for no log.
        reason = without_secrets(f"{type(error).__name__}: {text_of(error)}", _texts(alerter.config.model_dump()))
        raise KitaruBackendError(
            f"Alerter {alerter.name!r} of stack {name!r} has not posted the message: {reason}"
        ) from None
    if not is_posted:
        raise KitaruBackendError(
            f"Alerter {alerter.name!r} of stack {name!r} has not posted the message, and does not say why; its log lines may."
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
