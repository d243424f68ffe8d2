"""The keywords of calls that start executions, each list in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, cast

from kitaru._core.code.signatures import refuse_unknown
from kitaru._core.settings.flow_options import FLOW_OPTIONS, checked_flow_options
from kitaru._core.settings.options import RUN_OPTIONS, SETTINGS, Options, validate_options
from kitaru._core.words.zenml_words import FLOW_WORDS
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.images.image import ImageSettings
    from kitaru._core.policies.hook_functions import Hook
    from kitaru._core.policies.retry import Retry


class RunKeywords(TypedDict, total=False):
    """The options of one execution.

    Attributes:
        stack: The stack to run on; None leaves it to the layers below (``kitaru config show``).
        image: Container image settings: a base image's name, a mapping or ``kitaru.ImageSettings``.
        cache: Whether checkpoints may reuse results of earlier executions; True where no layer says otherwise.
        retries: Maximum number of retries after a failure, or a policy; 0 where no layer says otherwise.
    """

    stack: str | None
    image: ImageSettings | Mapping[str, Any] | str | None
    cache: bool | None
    retries: int | Retry | None


class FlowKeywords(RunKeywords, total=False):
    """The options of a flow: those of one execution, and what ``.run()`` does not take.

    Attributes:
        zenml: What ZenML sets for a pipeline beside these, by its own words; merged key by key over the layers below.
        timeout: Seconds that one attempt may take; time that it waits for an answer does not count. No limit by default.
        resources: ZenML resource settings of the flow's own container: ``{"cpu_count": 2, "memory": "4GB"}``.
        name: The name of the run in ZenML, which no other one of the project may have; ``{date}`` and ``{time}`` in it are
            filled in, in UTC. A replay takes that of ``.with_options`` only.
        tags: Tags of the execution in ZenML; those of ``.with_options`` are added to those of ``@flow``.
        idempotency_key: What tells the order for which the execution is started, 1 to 200 characters: with the same key
            ``run`` gives the execution that exists.
        concurrency: How many executions of the flow run at once; the rest are pending, in order. No limit by default.
        on_success: A function, or a list of functions, that get the execution when it has completed.
        on_failure: The same, when it has failed and is not tried again.
        on_wait: The same, when it waits for an answer.
        on_cancelled: The same, when it was cancelled.
        on_end: The same, when it has ended, however, after the others.
    """

    zenml: Mapping[str, Any] | None
    timeout: float | None
    resources: Mapping[str, Any] | None
    name: str | None
    tags: Sequence[str] | None
    idempotency_key: str | None
    concurrency: int | None
    on_success: Hook | Sequence[Hook] | None
    on_failure: Hook | Sequence[Hook] | None
    on_wait: Hook | Sequence[Hook] | None
    on_cancelled: Hook | Sequence[Hook] | None
    on_end: Hook | Sequence[Hook] | None


class ReplayKeywords(RunKeywords, total=False):
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
    known = (*SETTINGS, *FLOW_OPTIONS)
    refuse_unknown(where, [name for name in keywords if name not in known], known, FLOW_WORDS)
    values = cast("dict[str, Any]", keywords)
    settings = validate_options(where, **{name: value for name, value in values.items() if name in SETTINGS})
    options = checked_flow_options(where, {name: value for name, value in values.items() if name in FLOW_OPTIONS})
    return Options(where, {**settings, **options})


def checked_replay(where: str, keywords: ReplayKeywords) -> tuple[ReplayOptions, Options]:
    """Return what is different in a replay, and its settings, both checked.

    Args:
        where: The call, for messages: ``".replay"``.
        keywords: What it was given.

    Raises:
        KitaruUsageError: A keyword is unknown, or its value is wrong.
    """
    arguments = dict(keywords)
    known = (*_OF_A_REPLAY, *RUN_OPTIONS)
    refuse_unknown(where, [name for name in arguments if name not in known], known)
    changes = ReplayOptions(**{name: arguments.pop(name) for name in _OF_A_REPLAY if name in arguments})  # type: ignore[arg-type]  # as the keywords say
    return changes, validate_options(where, **cast("dict[str, Any]", arguments))
