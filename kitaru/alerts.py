"""Alerts: messages that the stack's alerter posts to a chat or a webhook."""

from __future__ import annotations

from typing import Any

from kitaru.errors import KitaruUsageError


def alert(message: str, *, params: Any = None) -> None:
    """Post a message by the alerter of the stack: that of the execution in a flow, a checkpoint or a hook, else the active one.

    In a flow's body it is posted each time the body runs, after a lost runner for example; in a checkpoint as often as that
    runs.

    Args:
        message: What is posted, as it is: no secret is taken out.
        params: What the alerter's ``post`` takes beside it, such as a ``SlackAlerterParameters`` of ZenML's.

    Raises:
        KitaruUsageError: The message is no text.
        KitaruStackError: The stack has no alerter.
        KitaruBackendError: The alerter did not post it, or the store cannot be reached.

    Examples:
        >>> kitaru.alert("The nightly report is ready.")  # doctest: +SKIP
    """
    if not isinstance(message, str) or not message.strip():
        raise KitaruUsageError(f"alert({message!r}): the message is a text.")
    from kitaru._zenml.hooks import alerter

    alerter.post(message, params)
