"""The one table of settings: their names, variables, checks and defaults. The table is also their manual."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.policies import retry
from kitaru._core.policies.amounts import wrong
from kitaru._core.settings import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru._core.images.image import ImageSettings
    from kitaru._core.policies.retry import Retry


@dataclass(frozen=True)
class Setting:
    """One row of the table.

    Attributes:
        name: The keyword in calls and the key in ``[tool.kitaru]``.
        variable: The environment variable.
        default: The built-in value where no layer gives one; ``None`` leaves it to ZenML.
        accepted: What a value has to be.
        description: One line for the manual.
        check: Returns the checked value that a layer gives, or raises ``KitaruUsageError`` naming the layer.
        from_text: Does the same for the text of an environment variable.
    """

    name: str
    variable: str
    default: Any
    accepted: str
    description: str
    check: Callable[[Any, str], Any]
    from_text: Callable[[str, str], Any]


class Options(dict[str, Any]):
    """The checked settings that one call gives. It remembers the call, so that each value can be traced to it.

    Attributes:
        where: The call, such as ``".run"`` or ``"@flow"``.
    """

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.where = where

    def __reduce__(self) -> tuple[Any, ...]:
        # A dict subclass with another constructor: pickle and copy have to be told how to call it.
        return (type(self), (self.where, dict(self)))


_STACK: Final = "the name of a stack"
_CACHE: Final = "True or False"
_ZENML: Final = "a table of what ZenML sets for pipelines"


def _check_stack(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong("stack", _STACK, where, value)
    return value


def _check_image(value: Any, where: str) -> ImageSettings:
    from kitaru._core.images.image import ImageSettings

    return ImageSettings.parse(value, where)


def _image_from_text(text: str, where: str) -> ImageSettings:
    from kitaru._core.images.image import ImageSettings

    return ImageSettings.parse_text(text, where)


def _check_cache(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong("cache", _CACHE, where, value)
    return value


def _cache_from_text(text: str, where: str) -> bool:
    value = environment.truth(text)
    if value is None:
        raise environment.malformed("cache", where, text, environment.TRUTH_WORDS)
    return value


def _retries_from_text(text: str, where: str) -> int | Retry:
    value = environment.whole_number(text)
    if value is None:
        raise environment.malformed("retries", where, text, "a whole number, 0 or more")
    return retry.checked_retries(value, where)


def _check_zenml(value: Any, where: str) -> dict[str, Any]:
    from kitaru._core.settings.zenml_keys import FLOW, checked_zenml  # only where it is given

    return checked_zenml(value, where, FLOW)


def _zenml_from_text(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise environment.malformed("zenml", where, text, f"{_ZENML}, as JSON") from error
    return _check_zenml(value, where)


SETTINGS: Final = {
    setting.name: setting
    for setting in (
        Setting(
            name="stack",
            variable="KITARU_STACK",
            default=None,
            accepted=_STACK,
            description="The ZenML stack that executions run on; without one, the active stack.",
            check=_check_stack,
            from_text=_check_stack,
        ),
        Setting(
            name="image",
            variable="KITARU_IMAGE",
            default=None,
            accepted="an image name, or a table of image fields (in KITARU_IMAGE: as JSON)",
            description="The container image of stacks that run containers. Layers merge field by field.",
            check=_check_image,
            from_text=_image_from_text,
        ),
        Setting(
            name="cache",
            variable="KITARU_CACHE",
            default=True,
            accepted=f"{_CACHE} (in KITARU_CACHE: {environment.TRUTH_WORDS})",
            description="Whether a checkpoint may reuse the output of an earlier one with the same code and inputs.",
            check=_check_cache,
            from_text=_cache_from_text,
        ),
        Setting(
            name="retries",
            variable="KITARU_RETRIES",
            default=0,
            accepted=retry.ACCEPTED,
            description="How many times a failed execution is tried again; completed checkpoints are not run again.",
            check=retry.checked_retries,
            from_text=_retries_from_text,
        ),
        Setting(
            name="zenml",
            variable="KITARU_ZENML",
            default=None,
            accepted=f"{_ZENML} (in KITARU_ZENML: as JSON)",
            description="What ZenML sets beside these for a pipeline. Layers merge key by key.",
            check=_check_zenml,
            from_text=_zenml_from_text,
        ),
    )
}
"""The settings by name, in the order in which they are shown."""

RUN_OPTIONS: Final = ("stack", "image", "cache", "retries")
"""Those that ``.run()`` takes beside the flow's own arguments; each takes a name from these."""


def validate_options(
    where: str,
    *,
    stack: object = None,
    image: object = None,
    cache: object = None,
    retries: object = None,
    zenml: object = None,
) -> Options:
    """Check the settings that one call gives, at once, and return those that are given.

    Args:
        where: The call for messages and provenance, such as ``"@flow"``, ``".run"`` or ``".with_options"``.
        stack: A stack's name; ``None``, here as below, means "not given".
        image: An image name, a mapping of fields or an ``ImageSettings``.
        cache: ``True`` or ``False``.
        retries: A whole number, 0 or more, or a policy.
        zenml: What ZenML sets for pipelines, by its words.

    Raises:
        KitaruUsageError: A value is not what its setting accepts; the message names the setting and the call.

    Examples:
        >>> validate_options("@flow", retries=2)
        {'retries': 2}
    """
    where = where.removesuffix("()")
    offered = {"stack": stack, "image": image, "cache": cache, "retries": retries, "zenml": zenml}
    checked = {
        name: SETTINGS[name].check(value, f"{where}({name}=)") for name, value in offered.items() if value is not None
    }
    return Options(where, checked)
