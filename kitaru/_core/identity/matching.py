"""Which recorded call or question is the one that a body makes now.

A call is told by where it is made and by what it is given. What is in the record goes to the call at the same place with
the same inputs, else to a call of the same checkpoint with the same inputs, else to nobody. Where the body still does what
the record says, anything else means that it does not do the same again: it diverges. Once it was given an outcome that is
more recent than a part of the record, it may leave that part: what it does not find there is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kitaru._core.settings.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Place:
    """Where a call or a question is made.

    Attributes:
        lane: Path of the lane, see :mod:`kitaru._core.identity.lanes`.
        checkpoint: What tells the checkpoint from others: module, name, and what it captured. Of a question its name.
        turn: Which call of the checkpoint it is in the lane, from 1.
    """

    lane: str
    checkpoint: str
    turn: int


class Recency(NamedTuple):
    """When an outcome came about; a greater one is more recent.

    Attributes:
        source: 0 for what a replay takes of its original, 1 for what the execution itself has recorded, 2 for what
            comes about now.
        attempt: The attempt in which the call was made.
    """

    source: int
    attempt: int


NEVER: Final = Recency(0, 0)
NOW: Final = Recency(2, 0)


class State(Enum):
    """What is done with a recorded call."""

    COMPLETED = "its result is taken"
    FAILED = "its failure is raised again"
    RUNNING = "it still runs, and its outcome is waited for"
    AGAIN = "it runs again: it failed in an earlier attempt, was cut off, or a replay is to run it"


@dataclass(frozen=True)
class Recorded:
    """A call in the record.

    Attributes:
        name: Its name in the execution.
        checkpoint: The checkpoint's name.
        index: Which call of the body it was, from 1.
        state: What is done with it.
        place: Where it was made; None in records of Kitaru 0.1.
        inputs: The digest of each input, None for one that has no stable one; None in records of Kitaru 0.1.
        id: What its author calls it.
        key: Stem and key of an adapter's call that is told by a key.
        stands: Whether a replay takes it whatever the inputs are.
        recency: When its outcome came about.
    """

    name: str
    checkpoint: str
    index: int
    state: State
    place: Place | None = None
    inputs: Mapping[str, str | None] | None = None
    id: str | None = None
    key: tuple[str, str] | None = None
    stands: bool = False
    recency: Recency = NEVER


@dataclass(frozen=True)
class Call:
    """A call that the body makes.

    Attributes:
        checkpoint: The checkpoint's name.
        place: Where it is made.
        inputs: The digest of each input; None for one that has no stable one, or that is not there yet.
        news: The most recent outcome that the body was given here; it may leave what was recorded before that.
        is_ordered: Whether calls come in the order of the code.
        index: Which call of the body it is, from 1.
        number: Which call of this name it is in the body, from 1: the place in records of Kitaru 0.1.
        base: What its name begins with.
        id: What its author calls it.
        key: Stem and key of an adapter's call that is told by a key.
        group: What the lane shares with lanes that cannot be told from it but by timing; None where it can be.
        called: What is called, and
        values: what it is given: for messages, and for comparing values where digests differ.
    """

    checkpoint: str
    place: Place
    inputs: Mapping[str, str | None]
    news: Recency
    is_ordered: bool
    index: int
    number: int
    base: str
    id: str | None = None
    key: tuple[str, str] | None = None
    group: str | None = None
    called: Any = field(default=None, compare=False)
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def may_leave(self, known: Recorded) -> bool:
        """Whether the body may do something else here than what is recorded."""
        return self.news > known.recency


class Reason(Enum):
    """How a body diverges from its record."""

    INPUTS = "the call at this place was given something else"
    UNEXPECTED = "another call is recorded before this one"
    MISSING = "a recorded call was not made"
    OTHER_ID = "the id belongs to another call"
    UNCLEAR = "several recorded calls may be this one"


class Mismatch(Exception):  # noqa: N818 - what is raised to people is made of it
    """The body does not do what the record says.

    Attributes:
        reason: How it differs.
        recorded: The recorded call or question that it is held against.
        call: The call or question.
        instead_of: The recorded call of another checkpoint that comes here; None where it is the same checkpoint.
    """

    def __init__(self, reason: Reason, recorded: Any, call: Any, instead_of: Recorded | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.recorded = recorded
        self.call = call
        self.instead_of = instead_of


@dataclass
class Calls:
    """The recorded calls of an execution, each of which is taken at most once by an attempt.

    Attributes:
        recorded: The calls.
        same_values: Whether a recorded call was given equal values, where the digests differ: the value of a checkpoint
            and an equal one of the body's own have different digests.
    """

    recorded: Iterable[Recorded]
    same_values: Callable[[Recorded, Call], bool] = lambda _recorded, _call: False
    _taken: set[str] = field(default_factory=set)
    _owed: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorded = sorted(self.recorded, key=lambda call: (call.index, call.name))
        self.names = frozenset(call.name for call in self.recorded)
        self._by_place = {call.place: call for call in self.recorded if call.place is not None and call.key is None}
        self._by_index = {call.index: call for call in self.recorded if call.place is None}
        indexes = {call.index for call in self.recorded}
        self._lacking = set(range(1, max(indexes, default=0))) - indexes
        self._by_checkpoint: dict[str, list[Recorded]] = {}
        for call in self.recorded:
            if call.place is not None:
                self._by_checkpoint.setdefault(call.place.checkpoint, []).append(call)
        self._by_lane: dict[str, list[Recorded]] = {}
        for call in self.recorded:
            if call.place is not None and call.state is not State.AGAIN and call.id is None and call.key is None:
                self._by_lane.setdefault(call.place.lane, []).append(call)

    def take(self, call: Call) -> Recorded | None:
        """Return the recorded call that a call is, which no other call gets; None where it is new.

        Raises:
            Mismatch: The body diverges from the record.
        """
        match = self._match(call)
        if match is not None:
            self._taken.add(match.name)
        elif call.id is not None:
            self._owed += [known for known in self._free() if known.id is not None and _is_beside(known, call)]
        return match

    def _match(self, call: Call) -> Recorded | None:
        if call.key is not None:
            return self.keyed(call.key)
        if call.id is not None and (match := self._by_id(call)) is not None:
            return match
        own = self._by_place.get(call.place)
        if (
            own is not None
            and own.id is not None
            and own.name not in self._taken
            and call.id is None
            and not call.may_leave(own)
        ):
            raise Mismatch(Reason.OTHER_ID, own, call)
        at = own if own is not None and self._is_open(own) else None
        if at is not None and self._fits(at, call):
            return self._unambiguous(at, call) if at.state is not State.AGAIN else self._in_order(call, at)
        match = self._elsewhere(call)
        if match is not None:
            return self._unambiguous(match, call)
        if own is not None and at is None and own.id is None and self._fits(own, call):
            self._in_order(call, own)  # its record went to an equal call elsewhere: it is new, and comes here
            return None
        return self._of_old(call) or self._changed(call, at)

    def _changed(self, call: Call, at: Recorded | None) -> Recorded | None:
        """Return what a call is that nothing was recorded for: new, or the one at its place with other inputs."""
        if at is None or call.id is not None or at.state is State.AGAIN:
            return self._in_order(call, at if call.id is None else None)
        if call.may_leave(at):
            return None
        if self.same_values(at, call):
            return at
        raise Mismatch(Reason.INPUTS, at, call, instead_of=self._other_checkpoint(call))

    def _other_checkpoint(self, call: Call) -> Recorded | None:
        """Return the call of another checkpoint that the record has in the place of a call: the order has changed."""
        in_lane = self._by_lane.get(call.place.lane, ())
        other = next((known for known in in_lane if known.index == call.index), None)
        return other if other is not None and other.checkpoint != call.checkpoint and self._is_open(other) else None

    def keyed(self, key: tuple[str, str]) -> Recorded | None:
        """Return the first call with a stem and key that is not taken."""
        return next((known for known in self._free() if known.key == key), None)

    def _by_id(self, call: Call) -> Recorded | None:
        match = next((known for known in self.recorded if known.id == call.id), None)
        if match is not None and match.place is not None and match.place.checkpoint != call.place.checkpoint:
            raise Mismatch(Reason.OTHER_ID, match, call)
        return match

    def _fits(self, at: Recorded, call: Call) -> bool:
        """Whether the call at the same place is this one."""
        if at.stands:
            return True
        if at.inputs is None or set(at.inputs) != set(call.inputs):
            return False
        pairs = [(at.inputs[name], call.inputs[name]) for name in call.inputs]
        unknown = [pair for pair in pairs if None in pair]
        return all(one == other for one, other in pairs if None not in (one, other)) and not (
            unknown and call.may_leave(at)
        )

    def _elsewhere(self, call: Call) -> Recorded | None:
        """Return a call of the same checkpoint with the same inputs that nobody has taken."""
        if None in call.inputs.values():
            return None
        of_checkpoint = self._by_checkpoint.get(call.place.checkpoint, ())
        equal = [known for known in of_checkpoint if known.inputs == call.inputs and self._is_open(known)]
        return min(equal, key=lambda known: (known.state is State.AGAIN, known.index), default=None)

    def _unambiguous(self, match: Recorded, call: Call) -> Recorded:
        """Refuse a result where timing decides which of several lanes has it."""
        if call.group is None or match.state is State.AGAIN:
            return match
        others = [
            known
            for known in self._by_checkpoint.get(call.place.checkpoint, ())
            if known is not match and self._is_open(known) and known.inputs == match.inputs and known.place is not None
            if known.place.turn == call.place.turn and known.place.lane.partition("#")[0] == call.group
        ]
        if others:
            raise Mismatch(Reason.UNCLEAR, match, call)
        return match

    def _in_order(self, call: Call, at: Recorded | None) -> Recorded | None:
        """Refuse a call that leaves out what is recorded before it.

        Where the record lacks a call of the body, that was made and never recorded: it had waited for a result, or for a
        place, as the body ended. It is new, and leaves nothing out.
        """
        if at is None and call.index in self._lacking:
            return None
        for known in self._by_lane.get(call.place.lane, ()):
            is_before = at is None or known.index < at.index
            if is_before and known.name not in self._taken and not call.may_leave(known):
                raise Mismatch(Reason.UNEXPECTED, known, call)
        return at

    def _of_old(self, call: Call) -> Recorded | None:
        """Return the call that a record of Kitaru 0.1 has for this one: the n-th of a checkpoint is the n-th."""
        expected = self._by_index.get(call.index)
        is_other = expected is not None and expected.checkpoint != call.checkpoint
        if expected is not None and is_other and call.is_ordered and not call.may_leave(expected):
            raise Mismatch(Reason.UNEXPECTED, expected, call)
        name = numbered(call.base, call.number)
        return next((known for known in self._free() if known.place is None and known.name == name), None)

    def left_out(self, news: Recency) -> Recorded | None:
        """Return the first recorded outcome that no call has taken.

        Args:
            news: The most recent outcome that the body was given; it may leave what was recorded before that.
        """
        unused = (known for known in self._free() if known.state is not State.AGAIN)
        return next((known for known in unused if known.recency >= news), None)

    def owed(self) -> Recorded | None:
        """Return the first recorded call with an id that the body has not made, though it has made one with a new id.

        Calls with ids may come in any order, so that only the end of the body shows that its ids are others each time.
        """
        return next((known for known in self._owed if known.name not in self._taken), None)

    def _free(self) -> Iterator[Recorded]:
        return (known for known in self.recorded if known.name not in self._taken)

    def _is_open(self, known: Recorded) -> bool:
        return known.name not in self._taken and known.id is None


def _is_beside(known: Recorded, call: Call) -> bool:
    """Whether a recorded outcome is one of the same checkpoint in the same lane."""
    if known.place is None or known.state is State.AGAIN or call.may_leave(known):
        return False
    return (known.place.lane, known.place.checkpoint) == (call.place.lane, call.place.checkpoint)


def numbered(base: str, number: int) -> str:
    """Return the name of the n-th of several: ``"fetch"``, ``"fetch_2"``, ..."""
    return base if number == 1 else f"{base}_{number}"


# -- questions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A question that a body asks.

    Attributes:
        place: Where it is asked; its ``checkpoint`` is the name that the body gives.
        content: Digest of its schema and metadata; the text may differ.
        number: Which question of this name it is in the body, from 1: the place in records of Kitaru 0.1.
        news: The most recent outcome that the body was given here; it may leave what was recorded before that.
    """

    place: Place
    content: str
    number: int
    news: Recency


@dataclass(frozen=True)
class RecordedQuestion:
    """A question in the record.

    Attributes:
        name: Its name in the execution.
        place: Where it was asked; None in records of Kitaru 0.1.
        content: Digest of its schema and metadata; None where it was cut off before they were stored.
        answer: The answer; ``UNSET`` where there is none.
        stands: Whether a replay gives this answer whatever the metadata is.
        recency: When it was asked.
    """

    name: str
    place: Place | None
    content: str | None
    answer: Any = UNSET
    stands: bool = False
    recency: Recency = NEVER


@dataclass
class Questions:
    """The recorded questions of an execution, each of which is taken at most once by an attempt."""

    recorded: Iterable[RecordedQuestion]
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.recorded = list(self.recorded)
        self.names = frozenset(question.name for question in self.recorded)

    def take(self, question: Question) -> RecordedQuestion | None:
        """Return the recorded question that one is, which no other gets; None where it is new.

        Raises:
            Mismatch: The body diverges from the record.
        """
        match = self._match(question)
        if match is not None:
            self._taken.add(match.name)
        return match

    def _match(self, question: Question) -> RecordedQuestion | None:
        unasked = [known for known in self.recorded if known.name not in self._taken]
        at = next((known for known in unasked if known.place == question.place), None) or self._of_old(
            unasked, question
        )
        if at is not None and (at.stands or at.content == question.content or _is_cut_off(at)):
            return at
        equal = [k for k in unasked if k.place is not None and k.place.checkpoint == question.place.checkpoint]
        equal = [known for known in equal if known.content == question.content]
        if len(equal) > 1 and any(known.answer is not UNSET for known in equal):
            raise Mismatch(Reason.UNCLEAR, equal[0], question)
        if equal:
            return equal[0]
        if at is not None and question.news <= at.recency:
            raise Mismatch(Reason.INPUTS, at, question)
        return None

    def _of_old(self, unasked: list[RecordedQuestion], question: Question) -> RecordedQuestion | None:
        name = numbered(question.place.checkpoint, question.number)
        return next((known for known in unasked if known.place is None and known.name == name), None)

    def left_out(self, news: Recency) -> RecordedQuestion | None:
        """Return the first answered question that was not asked.

        Args:
            news: The most recent outcome that the body was given; it may leave what was recorded before that.
        """
        unasked = (known for known in self.recorded if known.name not in self._taken and known.answer is not UNSET)
        return next((known for known in unasked if known.recency >= news), None)


def _is_cut_off(question: RecordedQuestion) -> bool:
    """Whether nothing is known of an open question but its name: its runner was lost while it was stored."""
    return question.content is None and question.answer is UNSET
