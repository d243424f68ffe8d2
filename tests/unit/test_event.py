"""Events of a runner as lines of a file, and a text log taken apart into output and events."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kitaru._core.drawing.live_state import LiveState, Step
from kitaru._core.process.event import Event, Kind, decode, encode, encode_line
from kitaru._core.process.event_log import LogSplitter

MOMENT = datetime(2026, 1, 31, 18, 30, tzinfo=UTC)
FAILED = Event(
    Kind.FAILED,
    "checkpoint train failed after 1.0 s: ValueError: boom",
    MOMENT,
    checkpoint="train",
    status="failed",
    seconds=1.0,
    error="ValueError: boom",
    log_size=7,
)


def started(name: str, log_size: int | None) -> Event:
    return Event(Kind.STARTED, f"checkpoint {name} started", MOMENT, checkpoint=name, log_size=log_size)


def split_at_once(log: bytes, *events: Event) -> list[str | Event]:
    return LogSplitter().split(log, events, final=True)


# -- lines of the file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        FAILED,
        Event(Kind.FAN_OUT, "fan-out of parse: 6 calls", MOMENT, checkpoint="parse", total=6),
        Event(Kind.WAITING, "waiting for input 'grüße'", MOMENT, wait="grüße", message="how\nmuch?", log_size=0),
        Event(Kind.ATTEMPT_FAILED, "attempt 1 failed (no); trying again", MOMENT, attempt=1, error="no"),
        Event("of_a_later_version", "", MOMENT),
    ],
)
def test_an_event_is_read_as_it_was_written_on_one_line(event: Event) -> None:
    line = encode(event)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == event


def test_an_event_as_data_has_what_applies_without_words() -> None:
    assert FAILED.data() == {
        "kind": "checkpoint_failed",
        "at": "2026-01-31T18:30:00+00:00",
        "checkpoint": "train",
        "status": "failed",
        "seconds": 1.0,
        "error": "ValueError: boom",
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\x00",
        b"null",
        b"[]",
        b"7",
        b'"at"',
        encode(FAILED)[:-20],
        encode(FAILED)[20:],
        b"[" * 100_000,
        b'{"at": "2026-01-31T18:30:00+00:00"}',
        b'{"at": "2026-01-31T18:30:00+00:00", "kind": "progress", "text": 7}',
        b'{"at": "2026-01-31T18:30:00", "kind": "progress", "text": "no zone"}',
        b'{"at": 7, "kind": "progress", "text": ""}',
    ],
)
def test_what_is_torn_or_no_event_is_none(line: bytes) -> None:
    assert decode(line) is None


def test_what_a_later_version_added_or_changed_is_left_out() -> None:
    written = {**json.loads(encode(FAILED)), "seconds": "one", "colour": "red"}
    found = decode(json.dumps(written).encode())
    assert found is not None
    assert (found.seconds, found.error) == (None, "ValueError: boom")


# -- a log taken apart ------------------------------------------------------------------------------------------------


def test_the_words_of_an_event_are_taken_where_they_stand_and_the_same_words_elsewhere_are_output() -> None:
    words = encode_line(FAILED)
    log = words + b"before\n" + words + b"after\n" + words
    event = Event(**{**vars(FAILED), "log_size": len(words + b"before\n")})
    assert split_at_once(log, event) == [FAILED.line, "before", event, "after", FAILED.line]


def test_without_events_all_is_output_as_of_an_older_runner() -> None:
    assert split_at_once(encode_line(FAILED) + b"kitaru: checkpoint a started") == [
        FAILED.line,
        "kitaru: checkpoint a started",
    ]


def test_an_event_in_the_middle_of_a_line_leaves_both_parts_of_it() -> None:
    event = started("a", 4)
    assert split_at_once(b"half" + encode_line(event) + b"rest\n\n", event) == ["half", event, "rest", ""]


def test_every_way_of_reading_a_growing_log_gives_the_same() -> None:
    first, second = started("a", 4), started("b", 4 + len(encode_line(started("a", 4))) + 6)
    log = b"one\n" + encode_line(first) + b"tw\xc3\xb6 \n" + encode_line(second) + b"end"
    whole = split_at_once(log, first, second)
    assert whole == ["one", first, "twö ", second, "end"]
    for cut in range(len(log) + 1):
        splitter = LogSplitter()
        # The events are read after the log, and may be ahead of it.
        known = [event for event in (first, second) if (event.log_size or 0) <= cut]
        later = [event for event in (first, second) if event not in known]
        found = splitter.split(log[:cut], known, final=False)
        assert found + splitter.split(log[cut:], later, final=True) == whole, cut


def test_an_event_without_its_words_is_awaited_once_and_then_told_and_output_stays() -> None:
    event = started("a", 4)
    splitter = LogSplitter()
    assert splitter.split(b"one\n", [event], final=False) == ["one"]
    assert splitter.split(b"two\n", [], final=False) == [event, "two"]
    assert splitter.split(encode_line(event), [], final=False) == [event.line]  # which is somebody else's by now


@pytest.mark.parametrize("log_size", [None, 0, 10**12])
def test_an_event_whose_place_is_not_in_the_log_takes_nothing_of_it(log_size: int | None) -> None:
    event = started("a", log_size)
    found = split_at_once(b"one\nkitaru: checkpoint b started\n", event)
    assert [item for item in found if isinstance(item, str)] == ["one", "kitaru: checkpoint b started"]
    assert found.count(event) == 1


# -- what the view takes of it ----------------------------------------------------------------------------------------


def test_a_live_state_takes_what_its_rows_show_and_leaves_the_rest_to_be_printed() -> None:
    state = LiveState()
    state.update([Step("train", "failed", 1, MOMENT, MOMENT)])
    shown = [
        started("train", 0),
        FAILED,
        Event(Kind.PROGRESS, "checkpoint train: page 1", MOMENT, checkpoint="train", message="page 1"),
        Event(Kind.FAN_OUT, "fan-out of parse: 6 calls", MOMENT, checkpoint="parse", total=6),
        Event(Kind.WAITING, "waiting for input 'a'", MOMENT, wait="a"),
    ]
    printed = [
        Event(Kind.PROGRESS, "checkpoint train: of the flow's body", MOMENT, message="checkpoint train: page 9"),
        Event(Kind.WARNING, "the failure of train is not kept", MOMENT, checkpoint="train", message="..."),
        Event("of_a_later_version", "something", MOMENT, checkpoint="train"),
    ]
    assert [state.take(event) for event in shown] == [True] * len(shown)
    assert [state.take(event) for event in printed] == [False] * len(printed)
    assert state.rows()[0][0].note == "ValueError: boom"
    assert state.expected == {"parse": 6}
