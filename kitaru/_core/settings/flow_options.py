"""Options that a flow has beside the settings: ``@flow`` and ``.with_options`` give them, and no other layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from kitaru._core.policies import amounts
from kitaru._core.policies.amounts import wrong
from kitaru._core.policies.hook_functions import Hook, checked_hooks
from kitaru._core.settings.run_names import check_template
from kitaru._core.settings.zenml_keys import checked_resources
from kitaru.errors import KitaruUsageError

LONGEST_KEY: Final = 200
_LONGEST_NAME: Final = 200

HOOKS: Final = ("on_success", "on_failure", "on_wait", "on_cancelled", "on_end")
"""The events of an execution that functions can be called at."""


@dataclass(frozen=True)
class FlowOptions:
    """What a flow's options say beside the settings.

    Attributes:
        timeout: Seconds that one attempt may take; None for no limit.
        resources: ZenML resource settings of the flow's own container.
        name: The run's name in ZenML; None for one that Kitaru makes.
        tags: Tags of the execution, beside those of every run of the flow.
        idempotency_key: What tells the order for which the execution is started; None for none.
        concurrency: How many executions of the flow run at once; None for no limit.
        on_success: Called when it has completed.
        on_failure: Called when it has failed.
        on_wait: Called when it waits for an answer.
        on_cancelled: Called when it was cancelled.
        on_end: Called when it has ended, however.
    """

    timeout: float | None = None
    resources: Mapping[str, Any] | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    idempotency_key: str | None = None
    concurrency: int | None = None
    on_success: tuple[Hook, ...] = ()
    on_failure: tuple[Hook, ...] = ()
    on_wait: tuple[Hook, ...] = ()
    on_cancelled: tuple[Hook, ...] = ()
    on_end: tuple[Hook, ...] = ()


def checked_text(name: str, value: Any, where: str, longest: int) -> str:
    """Return a text of one line.

    Raises:
        KitaruUsageError: It is none, or too long.
    """
    if not isinstance(value, str) or not value.strip() or value != value.strip() or not value.isprintable():
        raise wrong(name, f"a text of 1 to {longest} characters, without line breaks or space around it", where, value)
    if len(value) > longest:
        raise KitaruUsageError(f"{name} has at most {longest} characters, but {where} gives {len(value)}.")
    return value


def _checked_name(name: str, value: Any, where: str) -> str:
    text = checked_text(name, value, where, _LONGEST_NAME)
    check_template(text, where)
    return text


def _checked_tags(name: str, value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
        raise wrong(name, "a list of texts", where, value)
    return tuple(dict.fromkeys(_checked_tag(name, tag, where) for tag in value))


def _checked_tag(name: str, value: Any, where: str) -> str:
    tag = checked_text(name, value, where, _LONGEST_NAME)
    try:
        UUID(tag)
    except ValueError:
        return tag
    raise KitaruUsageError(f"{where} gives {tag!r}: ZenML takes no UUID for a tag. Put a word before it.")


_CHECKS: Final[dict[str, Callable[[str, Any, str], Any]]] = {
    "timeout": amounts.checked_seconds,
    "resources": checked_resources,
    "name": _checked_name,
    "tags": _checked_tags,
    "idempotency_key": lambda name, value, where: checked_text(name, value, where, LONGEST_KEY),
    "concurrency": amounts.checked_count,
    **dict.fromkeys(HOOKS, checked_hooks),
}

FLOW_OPTIONS: Final = tuple(field.name for field in fields(FlowOptions))
"""Their names."""


def checked_flow_options(where: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options that are given, checked.

    Args:
        where: The call, for messages: ``"@flow"``.
        values: By name; None, as everywhere, means that it is not given.

    Raises:
        KitaruUsageError: A value is not what its option accepts.
    """
    return {
        name: _CHECKS[name](name, value, f"{where}({name}=)") for name, value in values.items() if value is not None
    }


def resolved_flow_options(layers: Sequence[Mapping[str, Any]]) -> FlowOptions:
    """Return the options of a flow.

    Args:
        layers: What was given, the highest first: of ``.with_options()`` before that of ``@flow()``.

    Raises:
        KitaruUsageError: Two of them contradict each other.
    """
    _refuse_name_with_key(layers)
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        tags = (*merged.get("tags", ()), *layer.get("tags", ()))
        merged |= {name: value for name, value in layer.items() if name in FLOW_OPTIONS}
        merged["tags"] = tuple(dict.fromkeys(tags))
    return FlowOptions(**merged)


def _refuse_name_with_key(layers: Sequence[Mapping[str, Any]]) -> None:
    where = {
        name: getattr(layer, "where", "@flow")
        for layer in reversed(layers)
        for name in ("name", "idempotency_key")
        if name in layer
    }
    if len(where) > 1:
        raise KitaruUsageError(
            f"{where['name']}(name=) and {where['idempotency_key']}(idempotency_key=) contradict each other: with a key the "
            f"run's name is made of the flow's name and the key. Give one of them."
        )
