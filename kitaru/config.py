"""Settings of this process, and a look at what the layers of settings add up to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kitaru._core.settings import settings
from kitaru._core.settings.environment import OTHER_VARIABLES
from kitaru._core.settings.settings import SETTINGS, Provenance, ResolvedSettings, Setting
from kitaru._core.settings.unset import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru._core.policies.retry import Retry
    from kitaru.image import ImageSettings

__all__ = [
    "OTHER_VARIABLES",
    "SETTINGS",
    "Provenance",
    "ResolvedSettings",
    "Setting",
    "configure",
    "current_settings",
]


def configure(
    *,
    stack: str | Unset | None = UNSET,
    image: ImageSettings | Mapping[str, Any] | str | Unset | None = UNSET,
    cache: bool | Unset | None = UNSET,
    retries: int | Retry | Unset | None = UNSET,
    zenml: Mapping[str, Any] | Unset | None = UNSET,
) -> None:
    """Set defaults for every flow of this process.

    They win over ``KITARU_*`` and pyproject.toml, and give way to ``@flow(...)``, ``.with_options(...)`` and
    ``.run(...)``. They apply to executions started from now on, in every thread. An execution keeps the settings that
    it was started with.

    Args:
        stack: The name of the ZenML stack to run on. Here as below ``None`` clears what an earlier call has set,
            and a setting that is left out stays as it is.
        image: The container image: a base image's name, a mapping of fields or an ``ImageSettings``. It replaces the
            image of an earlier call whole, and merges field by field with those of the other layers.
        cache: Whether a checkpoint may reuse the output of an earlier one with the same code and inputs; True where no
            layer says otherwise.
        retries: Maximum number of retries after a failure, a whole number, or a policy (``kitaru.Retry``); 0 where no
            layer says otherwise.
        zenml: What ZenML sets for pipelines beside these, by its own words. It replaces the mapping of an earlier call
            whole, and merges key by key with those of the other layers.

    Raises:
        KitaruUsageError: A value is not what its setting accepts; then none of them has changed.

    Examples:
        >>> import kitaru
        >>> kitaru.configure(cache=False, image={"requirements": ["httpx"]})
        >>> kitaru.configure(cache=None, image=None)  # as if it had not been called
    """
    settings.configure(stack=stack, image=image, cache=cache, retries=retries, zenml=zenml)


def current_settings() -> ResolvedSettings:
    """Return the settings that a flow without options of its own would run with now, and where each came from.

    Where no layer gives a stack, ``stack`` is the name of the active one.

    Raises:
        KitaruUsageError: The environment or pyproject.toml gives something wrong.
        KitaruBackendError: No layer gives a stack, and the store cannot be reached.

    Examples:
        >>> current_settings().provenance["cache"]
        Provenance(layer='default', detail='built-in default')
    """
    resolved = settings.resolve()
    if resolved.stack is not None:
        return resolved
    from kitaru._zenml.stacks import stacks

    return replace(resolved, stack=stacks.active_stack_name())
