"""The keywords of calls that start executions, each list in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, cast

from kitaru._core.code.signatures import refuse_unknown
from kitaru._core.settings.options import SETTINGS, validate_options
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.images.image import ImageSettings
    from kitaru._core.settings.options import Options


class FlowKeywords(TypedDict, total=False):
    """The options of a flow.

    Attributes:
        stack: The stack to run on; None leaves it to the layers below (``kitaru config show``).
        image: Container image settings: a base image's name, a mapping or ``kitaru.ImageSettings``.
        cache: Whether checkpoints may reuse results of earlier executions; True where no layer says otherwise.
        retries: Maximum number of retries after a failure; 0 where no layer says otherwise.
    """

    stack: str | None
    image: ImageSettings | Mapping[str, Any] | str | None
    cache: bool | None
    retries: int | None


class ReplayKeywords(FlowKeywords, total=False):
    """What may be different in a replay.

    Attributes:
        at: The call of a checkpoint from which on everything runs again: its name (``"rank"``), the call
            (``"parse_2"``, or ``"parse[3]"`` for the third one of ``parse``) or an id. Without it, what has not
            succeeded runs, and what comes after the first call of ``outputs`` and wait of ``wait_answers``.
        inputs: New values of some of the flow's inputs; the recorded ones are taken otherwise.
        outputs: Values by call: these calls are not run but return the value, and what got theirs runs again.
        skip: Calls that are taken from the record though they come after the cut; a checkpoint's name means all
            its calls.
        wait_answers: Answers by wait, given ahead. Recorded ones are taken before the cut.
    """

    at: str | None
    inputs: Mapping[str, Any] | None
    outputs: Mapping[str, Any] | None
    skip: Sequence[str] | None
    wait_answers: Mapping[str, Any] | None


@dataclass(frozen=True)
class ReplayOptions:
    """What is different in a replay, beside its settings; see ``ReplayKeywords``."""

    at: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    skip: Sequence[str] | None = None
    wait_answers: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "wait_answers"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Mapping):
                raise KitaruUsageError(f"replay({name}={value!r}): give a mapping, such as {{'name': value}}.")
        if isinstance(self.skip, str):
            raise KitaruUsageError(f"replay(skip={self.skip!r}): give a list of names: skip=[{self.skip!r}].")


_OF_A_REPLAY = tuple(field.name for field in fields(ReplayOptions))


def checked_options(where: str, keywords: FlowKeywords) -> Options:
    """Return the settings that a call gives, checked.

    Args:
        where: The call, for messages: ``"@flow"``.
        keywords: What it was given.

    Raises:
        KitaruUsageError: A keyword is unknown, or its value is wrong.
    """
    refuse_unknown(where, keywords.keys() - SETTINGS.keys(), tuple(SETTINGS))
    return validate_options(where, **keywords)


def checked_replay(where: str, keywords: ReplayKeywords) -> tuple[ReplayOptions, Options]:
    """Return what is different in a replay, and its settings, both checked.

    Args:
        where: The call, for messages: ``".replay"``.
        keywords: What it was given.

    Raises:
        KitaruUsageError: A keyword is unknown, or its value is wrong.
    """
    arguments = dict(keywords)
    refuse_unknown(where, arguments.keys() - SETTINGS.keys() - {*_OF_A_REPLAY}, (*_OF_A_REPLAY, *SETTINGS))
    changes = ReplayOptions(**{name: arguments.pop(name) for name in _OF_A_REPLAY if name in arguments})  # type: ignore[arg-type]  # as the keywords say
    return changes, validate_options(where, **cast("dict[str, Any]", arguments))
