"""The questions that earlier attempts at a body, and the execution that it replays, have left in the store."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zenml.enums import RunWaitConditionResolution, RunWaitConditionStatus
from zenml.utils.pydantic_utils import get_json_schema_for_type

from kitaru._core.identity.digests import digest
from kitaru._core.identity.matching import NEVER, NOW, Mismatch, Place, Questions, Reason, Recency, RecordedQuestion
from kitaru._core.settings.unset import UNSET
from kitaru._zenml.records.waits import AFTER_KEY, ATTEMPT_KEY, CONTENT_KEY, OWN_KEYS, PLACE_KEY, conditions
from kitaru._zenml.running.divergence import short
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from zenml.models import RunWaitConditionResponse

    from kitaru._core.identity.matching import Question
    from kitaru._core.identity.replaying import Plan
    from kitaru._zenml.running.divergence import Divergences
    from kitaru.errors import KitaruDivergenceError


@dataclass(frozen=True)
class Content:
    """What is asked, beside the text: the type of the answer, and the metadata."""

    schema: dict[str, Any]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, schema: Any, metadata: Mapping[str, Any]) -> Content:
        """Return the content of a question that a body asks.

        Raises:
            KitaruUsageError: JSON cannot express the type.
        """
        try:
            return cls(get_json_schema_for_type(schema), dict(metadata))
        except Exception as error:
            raise KitaruUsageError(
                f"kitaru.wait(schema={schema!r}): this is no type that JSON can express ({error}). Use bool, str, int, "
                f"float, a Literal, a list or dict of such, a dataclass or a pydantic model."
            ) from error

    @classmethod
    def recorded(cls, condition: RunWaitConditionResponse) -> Content:
        """Return the content of a recorded question."""
        metadata = {name: value for name, value in condition.run_metadata.items() if name not in OWN_KEYS}
        return cls(condition.data_schema or {}, metadata)

    @property
    def digest(self) -> str:
        """What tells it from other contents, in every process."""
        return digest([_as_json(self.schema), _as_json(self.metadata)])

    def difference(self, now: Content) -> str:
        """Return in what another content differs from this one, for a message."""
        for name in {**self.metadata, **now.metadata}:
            one, other = self.metadata.get(name), now.metadata.get(name)
            if _as_json(one) != _as_json(other):
                return f"metadata {name!r} was {short(one)} and is {short(other)} now"
        return f"the type was {short(self.schema)} and is {short(now.schema)} now"


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=lambda part: type(part).__qualname__)


class QuestionRecord:
    """The recorded questions of an execution; read from the store when the body asks its first one."""

    def __init__(self, run_id: UUID, plan: Plan | None, divergences: Divergences) -> None:
        """Create it.

        Args:
            run_id: The execution's run.
            plan: What it takes of the execution that it replays; None where it replays none.
            divergences: Makes errors.
        """
        self._run_id = run_id
        self._plan = plan
        self._divergences = divergences
        self.opening = threading.Lock()
        self.polled: set[str] = set()

    @cached_property
    def _conditions(self) -> dict[str, RunWaitConditionResponse]:
        return {condition.name: condition for condition in conditions(self._run_id)}

    @cached_property
    def _questions(self) -> Questions:
        own = [_recorded(condition) for condition in self._conditions.values()]
        return Questions([*own, *self._of_plan(self._conditions)])

    def _of_plan(self, but: Mapping[str, Any]) -> list[RecordedQuestion]:
        """Return the questions of the execution that is replayed, but those that were asked here already."""
        if self._plan is None:
            return []
        plan = self._plan
        return [_planned(plan, name) for name in {**plan.questions, **plan.answers} if name not in but]

    @property
    def names(self) -> frozenset[str]:
        """Names of recorded questions: no new one may have them."""
        return self._questions.names

    def take(self, question: Question, content: Content) -> RecordedQuestion | None:
        """Return the recorded question that one is; None where it is new.

        Raises:
            KitaruDivergenceError: The body does not ask what the record says.
        """
        try:
            return self._questions.take(question)
        except Mismatch as mismatch:
            name = mismatch.recorded.name
            condition = self._conditions.get(name)
            before = Content.recorded(condition) if condition is not None else None
            differing = "it is another one than in the original" if before is None else before.difference(content)
            raise self._divergences.of_question(mismatch.reason, name, differing) from None

    def condition(self, name: str) -> RunWaitConditionResponse | None:
        """Return a question of this execution as it was when the body began; None where it was not asked yet."""
        return self._conditions.get(name)

    def answer_ahead(self, name: str) -> Any:
        """Return the answer that a replay has for a question; ``UNSET`` where there is none."""
        return UNSET if self._plan is None else self._plan.answers.get(name, UNSET)

    def recency(self, name: str) -> Recency:
        """Return when the answer to a question came about: what was recorded before that was recorded without it."""
        if self._plan is not None and name in self._plan.answers and name not in self._plan.given:
            return NEVER  # it is the original's
        condition = self._conditions.get(name)
        if condition is None or condition.status == RunWaitConditionStatus.PENDING:
            return NOW
        return _asked(condition)

    def left_out(self, news: Recency) -> KitaruDivergenceError | None:
        """Return the error for the first answered question that the body, which has ended, did not ask.

        Args:
            news: The most recent outcome that it was given; it may leave what was recorded before that.
        """
        known = self._questions.left_out(news)
        return None if known is None else self._divergences.of_question(Reason.MISSING, known.name, "")


def _recorded(condition: RunWaitConditionResponse) -> RecordedQuestion:
    metadata = condition.run_metadata
    place: Any = metadata.get(PLACE_KEY)
    content = metadata.get(CONTENT_KEY)
    if content is None and AFTER_KEY in metadata:  # of Kitaru 0.1
        content = Content.recorded(condition).digest
    answer: Any = UNSET
    if condition.resolution is not None:
        answer = condition.result if condition.resolution == RunWaitConditionResolution.CONTINUE else "aborted"
    return RecordedQuestion(
        condition.name,
        Place(**place) if place else None,
        str(content) if content is not None else None,
        answer,
        recency=_asked(condition),
    )


def _asked(condition: RunWaitConditionResponse) -> Recency:
    return Recency(1, int(str(condition.run_metadata.get(ATTEMPT_KEY, 0))))


def _planned(plan: Plan, name: str) -> RecordedQuestion:
    question = plan.questions.get(name)
    place = question["place"] if question else None
    return RecordedQuestion(
        name,
        Place(**place) if place else None,
        question["content"] if question else None,
        UNSET,  # a replay that leaves out a question does what it was told to do differently
        stands=question is None or name in plan.given,
    )


def planned(condition: RunWaitConditionResponse) -> dict[str, Any]:
    """Return what a replay's plan says of a question of its original."""
    known = _recorded(condition)
    return {"place": vars(known.place) if known.place is not None else None, "content": known.content}
