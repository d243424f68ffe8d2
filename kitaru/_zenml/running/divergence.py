"""Errors for bodies that do not do what the record of their execution says."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING, Any

from kitaru._core.identity.matching import Call, Mismatch, Reason, Recorded
from kitaru._zenml.running.identity import named_inputs, recorded_arguments
from kitaru.errors import KitaruDivergenceError

if TYPE_CHECKING:
    from zenml.models import StepRunResponse

_CURE = "Put the clock, chance or order that it depends on into a checkpoint, or give the call an id"
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 3


class Divergences:
    """Makes the errors of one execution."""

    def __init__(self, exec_id: str, original: str | None) -> None:
        """Create it.

        Args:
            exec_id: The execution.
            original: The execution that it replays; None where it replays none.
        """
        self._exec_id = exec_id
        self._original = original

    def of_call(self, mismatch: Mismatch, step: StepRunResponse) -> KitaruDivergenceError:
        """Return the error for a call that is not what the record has for it.

        Args:
            mismatch: The call, and the recorded one that it is held against.
            step: The step run of that.
        """
        recorded, call = mismatch.recorded, mismatch.call
        if mismatch.reason is Reason.INPUTS:
            what = _inputs(recorded, step, call, mismatch.instead_of)
        else:
            ways = {Reason.UNEXPECTED: _unexpected, Reason.OTHER_ID: _other_id, Reason.UNCLEAR: _unclear}
            what = ways[mismatch.reason](recorded, call)
        return self._error(what, recorded.name, call.checkpoint)

    def left_out(self, recorded: Recorded) -> KitaruDivergenceError:
        """Return the error for a recorded call that the body, which has ended, did not make."""
        what = f"it has ended without call {recorded.index}, {_named(recorded)}. Restore the call."
        return self._error(what, recorded.name, recorded.name)

    def of_question(self, reason: Reason, name: str, differing: str) -> KitaruDivergenceError:
        """Return the error for a question that is not what the record has for it.

        Args:
            reason: How it differs.
            name: Name of the recorded question.
            differing: In what the recorded question and this one differ.
        """
        if reason is Reason.UNCLEAR:
            what = (
                f"it asks {name!r}, and several recorded questions may be this one. Give each a name of its own: "
                f"kitaru.wait(name=...)."
            )
        elif reason is Reason.MISSING:
            what = f"it has ended without asking {name!r}, which was answered. Restore the question."
        else:
            what = (
                f"question {name!r} has other metadata or another type of answer: {differing}. An answer is never taken "
                f"for another question. Restore it, keep what changes out of it, or give the question another name."
            )
        return self._error(what, None, None)

    def _error(self, what: str, recorded: str | None, checkpoint: str | None) -> KitaruDivergenceError:
        whose = self._exec_id if self._original is None else f"{self._original}, which it replays"
        again = f" Or run again from there on, in a replay: at={recorded!r}." if recorded is not None else ""
        return KitaruDivergenceError(
            f"The flow's body no longer follows the record of execution {whose}: {what}{again}",
            exec_id=self._exec_id,
            failure_origin="divergence",
            checkpoint=checkpoint,
        )


def _named(recorded: Recorded) -> str:
    called = "" if recorded.name == recorded.checkpoint else f" ({recorded.name!r})"
    return f"checkpoint {recorded.checkpoint!r}{called}"


def _inputs(recorded: Recorded, step: StepRunResponse, call: Call, instead_of: Recorded | None) -> str:
    which = f"its call {call.index}, {_named(recorded)}, is"
    if instead_of is not None:
        which = f"its call {call.index} was checkpoint {instead_of.checkpoint!r} and is {call.checkpoint!r} now,"
    return (
        f"{which} given something else: {_differences(recorded, step, call)}. No recorded call was made with this. "
        f"{_CURE}: {call.checkpoint}.with_options(id=...)."
    )


def _differences(recorded: Recorded, step: StepRunResponse, call: Call) -> str:
    before = recorded.inputs or {}
    names = [name for name in call.inputs if name not in before or call.inputs[name] != before[name]]
    names += [name for name in before if name not in call.inputs]
    try:
        values = named_inputs(call.called, recorded_arguments(call.called, step))
    except Exception:  # noqa: BLE001 - the message says what it can: what was recorded may not be readable any more
        values = {}
    return "; ".join(_difference(name, values, call.values) for name in names)


def _difference(name: str, before: Any, now: Any) -> str:
    recorded = short(before[name]) if name in before else "nothing that can be read"
    return f"argument {name!r} was {recorded} and is {short(now[name]) if name in now else 'not there'} now"


def short(value: Any) -> str:
    """Return a value as a message shows it."""
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - the repr of a user's class may do anything
        return f"a {type(value).__qualname__}"


def _unexpected(recorded: Recorded, call: Call) -> str:
    if recorded.checkpoint == call.checkpoint and call.id is not None:
        what = (
            f"its call {call.index} of checkpoint {call.checkpoint!r} has the id {call.id!r}, and call {recorded.index} was "
            f"recorded without one and with other inputs. An id that is new takes a recorded call with the same inputs."
        )
    elif recorded.index == call.index:
        what = f"its call {call.index} was checkpoint {recorded.checkpoint!r} and is {call.checkpoint!r} now."
    else:
        what = (
            f"its call {call.index} is checkpoint {call.checkpoint!r}, and call {recorded.index}, {_named(recorded)}, "
            f"which is recorded before it, was not made."
        )
    return f"{what} Restore the calls before this point."


def _other_id(recorded: Recorded, call: Call) -> str:
    if call.id is None:
        what = f"has no id, and the record has the id {recorded.id!r} for it. Give it its id again."
    else:
        what = (
            f"has the id {call.id!r}, which the record has for a call of {recorded.checkpoint!r}. Give it another one."
        )
    return f"its call {call.index} of checkpoint {call.checkpoint!r} {what}"


def _unclear(recorded: Recorded, call: Call) -> str:
    return (
        f"its call {call.index}, {_named(recorded)}, comes from a thread, and several threads began with this very call: "
        f"which result is whose cannot be told. Give each call an id: {call.checkpoint}.with_options(id=...)."
    )
