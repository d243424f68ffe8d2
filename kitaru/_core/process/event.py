"""What a runner tells about its execution, as data: one JSON object a line in a file beside the runner's text log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What has happened."""

    STARTED = "checkpoint_started"
    ENDED = "checkpoint_ended"
    FAILED = "checkpoint_failed"
    RETRYING = "checkpoint_retrying"
    TAKEN = "checkpoint_taken"  # a replay took the call from the execution that it replays
    PROGRESS = "progress"
    FAN_OUT = "fan_out"
    WAITING = "waiting"
    PAUSING = "pausing"
    QUEUED = "queued"  # a call, or the execution, waits for a place under a limit
    ATTEMPT_FAILED = "attempt_failed"
    WARNING = "warning"
    # Without words in the log: between the two stands what the flow's module printed as it was imported.
    LOADING = "loading"
    LOADED = "loaded"


# What the record of the execution tells of its checkpoints and questions, too.
_RECORDED: Final = frozenset({Kind.STARTED, Kind.ENDED, Kind.FAILED, Kind.TAKEN, Kind.WAITING})
_TYPES: Final[dict[str, Any]] = {
    "kind": str,
    "text": str,
    "checkpoint": str,
    "wait": str,
    "status": str,
    "seconds": (int, float),
    "error": str,
    "total": int,
    "attempt": int,
    "message": str,
    "log_size": int,
}


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: What happened, a ``Kind``; a later version of Kitaru may have written others.
        text: The same in words, on one line; empty for what only marks a place in the text log.
        at: When it happened, in UTC.
        checkpoint: The call's name; for a fan-out, the checkpoint's.
        wait: The question's name.
        status: How a call ended, or what a replay took of it.
        seconds: How long a call ran, or a question was waited for, or in how many seconds something is tried again.
        error: What was raised, on one line.
        total: How many calls of the checkpoint there will be at least.
        attempt: Number of the attempt at the flow's body, or of the one at the call that has failed.
        message: What code said of its progress, what is asked, or what is warned of.
        log_size: Bytes of the text log just before the words were written to it; None where there is no log.
    """

    kind: str
    text: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    checkpoint: str | None = None
    wait: str | None = None
    status: str | None = None
    seconds: float | None = None
    error: str | None = None
    total: int | None = None
    attempt: int | None = None
    message: str | None = None
    log_size: int | None = None

    @property
    def line(self) -> str:
        """The line in the text log."""
        return f"kitaru: {self.text}"

    @property
    def is_recorded(self) -> bool:
        """Whether the execution's record has it as well, so that who reads that need not be told."""
        return self.kind in _RECORDED or (self.kind == Kind.PROGRESS and self.checkpoint is not None)

    def data(self) -> dict[str, Any]:
        """Return what happened as plain JSON, without words and without what does not apply."""
        named = {item.name: getattr(self, item.name) for item in fields(self)}
        present = {name: value for name, value in named.items() if value is not None}
        del present["text"]
        present.pop("log_size", None)
        return {**present, "kind": str(self.kind), "at": self.at.isoformat()}


def encode(event: Event) -> bytes:
    """Return an event as a line of the file."""
    written = {**event.data(), "text": event.text, "log_size": event.log_size}
    return json.dumps(written).encode() + b"\n"


def encode_line(event: Event) -> bytes:
    """Return the line that the text log has of an event; nothing of one without words."""
    return f"{event.line}\n".encode(errors="backslashreplace") if event.text else b""


def decode(line: bytes) -> Event | None:
    """Read a line of the file; None where it is torn, or not an event at all.

    What a later version has added is left out, and what has another type there counts as missing.
    """
    try:
        written = json.loads(line)
        at = datetime.fromisoformat(written["at"])
        known = {name: value for name, value in written.items() if isinstance(value, _TYPES.get(name, ()))}
        return Event(**known, at=at) if at.tzinfo is not None else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
