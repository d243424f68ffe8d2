"""What a replay takes from the record of its original, and what it runs again: selectors, the cut and the plan."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kitaru._core.settings.unset import UNSET
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NTH = re.compile(r"(?P<name>.+)\[(?P<number>\d+)\]")
# An id is given whole, or by a beginning that is long enough to be no name.
_ID = re.compile(r"[0-9a-f]{8}[-0-9a-f]*")


@dataclass(frozen=True)
class Call:
    """A recorded call of a checkpoint.

    Attributes:
        name: Its name in the execution: ``"parse_2"``.
        checkpoint: The function's name.
        index: Which call of the body it was, from 1; 0 where that was not recorded.
        id: Its id in the store.
        succeeded: Whether it has a value.
        producers: Names of the calls whose values it got.
    """

    name: str
    checkpoint: str
    index: int
    id: str
    succeeded: bool
    producers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wait:
    """A recorded question.

    Attributes:
        name: Its name in the execution.
        after: How many calls the body had made before it asked.
        answer: What was answered; ``UNSET`` where nothing was.
        schema: JSON schema of the answer.
    """

    name: str
    after: int
    answer: Any = UNSET
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a replay takes from its original; stored with the new execution.

    Attributes:
        original: The execution that is replayed.
        at: The call from which on everything runs again; None where nothing but what has not succeeded does.
        first: That call's index, or None.
        reused: Calls whose recorded outputs are taken.
        overridden: Calls that are not run but return a value given: the artifact's id by output.
        answers: Answers that are taken or were given ahead, by wait.
        cache: Whether what runs again may be answered by the cache.
        new_inputs: Whether the flow has other inputs than in the original: what is taken before the cut was made with those.
        skipped: Calls among the reused ones that were named, and are taken whatever they are given.
        given: Waits whose answers were given ahead, and are taken whatever their metadata is.
        questions: What is recorded of each question: its place and the digest of its content.
    """

    original: str
    at: str | None
    first: int | None
    reused: tuple[str, ...]
    overridden: dict[str, dict[str, str]]
    answers: dict[str, Any]
    cache: bool
    new_inputs: bool = False
    skipped: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def takes(self, call: str) -> bool:
        """Whether a call is not run."""
        return call in self.reused or call in self.overridden

    def stands(self, call: str) -> bool:
        """Whether what is taken for a call is taken whatever the call is given."""
        return call in self.skipped or call in self.overridden

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Read a plan that :meth:`to_json` wrote."""
        fields: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in data.items()}
        return cls(**fields)


class Recording:
    """The calls and questions of an execution that is to be replayed."""

    def __init__(self, exec_id: str, calls: Iterable[Call], waits: Iterable[Wait] = ()) -> None:
        """Create the recording.

        Args:
            exec_id: The execution.
            calls: Its calls.
            waits: Its questions.
        """
        self.exec_id = exec_id
        self.calls = sorted(calls, key=lambda call: (call.index, call.name))
        self.waits = {wait.name: wait for wait in waits}
        self._by_name = {call.name: call for call in self.calls}

    def find(self, selector: str, option: str) -> Call:
        """Return the call that a selector names.

        Args:
            selector: ``"rank"`` for the one call of a checkpoint, ``"parse_2"`` for a call, ``"parse[3]"`` for the
                third call of a checkpoint, or an id.
            option: What the selector was given as, for messages: ``"at"``.

        Raises:
            KitaruUsageError: It names no call, or several; lists what there is.
        """
        matches = self._matches(selector, option)
        if len(matches) > 1:
            raise KitaruUsageError(
                f"{option}={selector!r} fits {len(matches)} calls of execution {self.exec_id}; name one of them:\n"
                f"{self._listed(matches)}"
            )
        return matches[0]

    def find_all(self, selector: str, option: str) -> list[Call]:
        """Return the calls that a selector names: all calls of a checkpoint, where it is a checkpoint's name."""
        return self._matches(selector, option)

    def _matches(self, selector: str, option: str) -> list[Call]:
        if not isinstance(selector, str) or not selector.strip():
            raise KitaruUsageError(f"{option}={selector!r}: a checkpoint is named by some text, such as 'parse[3]'.")
        selector = selector.strip()
        matches = [call for call in self.calls if selector in (call.name, call.checkpoint)]
        if not matches and (nth := _NTH.fullmatch(selector)):
            same = [call for call in self.calls if call.checkpoint == nth["name"]]
            matches = same[int(nth["number"]) - 1 : int(nth["number"])] if int(nth["number"]) else []
        if not matches and _ID.fullmatch(selector.lower()):
            matches = [call for call in self.calls if call.id.startswith(selector.lower())]
        if not matches:
            known = {call.name for call in self.calls} | {call.checkpoint for call in self.calls}
            shown = f"There are:\n{self._listed(self.calls)}" if self.calls else "It has made none."
            raise KitaruUsageError(
                f"{option}={selector!r} fits no call of a checkpoint in execution {self.exec_id}."
                f"{did_you_mean(selector, known)} {shown}"
            )
        return matches

    def _listed(self, calls: Sequence[Call]) -> str:
        counts: dict[str, int] = {}
        numbers = {}
        for call in self.calls:
            counts[call.checkpoint] = numbers[call.name] = counts.get(call.checkpoint, 0) + 1
        lines = []
        for call in calls:
            several = counts[call.checkpoint] > 1
            shown = f"{call.checkpoint}[{numbers[call.name]}]" if several else call.name
            lines.append(f"  {shown:<24} {'' if shown == call.name else call.name:<20} {call.id}".rstrip())
        return "\n".join(lines)

    # -- the cut ------------------------------------------------------------------------------------------------------

    def cut(
        self,
        *,
        at: str | None,
        overridden: Sequence[str],
        skip: Sequence[str],
        answers: Mapping[str, Any],
    ) -> tuple[Call | None, int | None, tuple[str, ...]]:
        """Work out what is taken from the record.

        Args:
            at: Selector of the first call that runs again.
            overridden: Names of calls that return a value given.
            skip: Selectors of calls that are taken from the record wherever they are.
            answers: New answers by wait.

        Returns:
            The call at which the cut is, the index from which on calls run again (None where only those do that have
            not succeeded), and the names of the calls that are taken from the record.
        """
        start = self.find(at, "at") if at is not None else None
        first = start.index if start is not None else self._implied(overridden, answers)
        again = {call.name for call in self.calls if not call.succeeded or (first is not None and call.index >= first)}
        again |= self._dependents(overridden)
        again -= {call.name for selector in skip for call in self._skipped(selector, overridden)}
        return start, first, tuple(call.name for call in self.calls if call.name not in {*again, *overridden})

    def _implied(self, overridden: Sequence[str], answers: Mapping[str, Any]) -> int | None:
        """Return where the cut is when nobody said: behind the first thing that is different."""
        changed = [self._by_name[name].index + 1 for name in overridden]
        changed += [self.waits[name].after + 1 for name in answers if name in self.waits]
        return min(changed, default=None)

    def _dependents(self, names: Sequence[str]) -> set[str]:
        """Return the calls that got a value of these, or of one that did."""
        reached = set(names)
        for call in self.calls:  # in the order of the body: what a call gets comes from earlier ones
            if call.producers & reached:
                reached.add(call.name)
        return reached - set(names)

    def _skipped(self, selector: str, overridden: Sequence[str]) -> list[Call]:
        calls = self.find_all(selector, "skip")
        for call in calls:
            if call.name in overridden:
                raise KitaruUsageError(f"{call.name!r} is in outputs and in skip; name it in one of them.")
            if not call.succeeded:
                raise KitaruUsageError(
                    f"skip={selector!r}: call {call.name!r} has no value in execution {self.exec_id} that could be taken. "
                    f"Give it one with outputs, or let it run."
                )
        return calls

    def answers(self, new_answers: Mapping[str, Any], start: Call | None, overridden: Sequence[str]) -> dict[str, Any]:
        """Return the answers that a replay has ahead: the recorded ones before the cut, and those given.

        Args:
            new_answers: New answers by wait.
            start: The call at which the cut is, where one was named.
            overridden: Names of calls that return a value given.
        """
        order = list(self.waits)
        changed = min((order.index(name) for name in new_answers if name in self.waits), default=len(order))
        behind = (
            start.index if start is not None else min((self._by_name[name].index for name in overridden), default=None)
        )
        until = len(order) if start is not None else changed
        taken = {
            wait.name: wait.answer
            for wait in list(self.waits.values())[:until]
            if wait.answer is not UNSET and (behind is None or wait.after < behind)
        }
        return {**taken, **new_answers}
