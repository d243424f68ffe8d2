"""Which calls a selector names, what a replay takes from the record, and which answers it has ahead."""

from __future__ import annotations

import pytest

from kitaru._core.identity.replaying import Call, Plan, Recording, Wait
from kitaru.errors import KitaruUsageError


def call(name: str, checkpoint: str, index: int, *producers: str, ok: bool = True) -> Call:
    return Call(name, checkpoint, index, f"{index:08x}-0000-4000-8000-000000000000", ok, frozenset(producers))


CALLS = [
    call("fetch", "fetch", 1),
    call("parse", "parse", 2, "fetch"),
    call("parse_2", "parse", 3, "fetch"),
    call("rank", "rank", 4, "parse", "parse_2"),
    call("note", "note", 5),
    call("publish", "publish", 6, "rank"),
]
WAITS = [Wait("sure", 1, True, {"type": "boolean"}), Wait("stars", 4, 3), Wait("open", 5)]
RECORDING = Recording("the-execution", CALLS, WAITS)


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("rank", "rank"),
        ("parse_2", "parse_2"),
        ("parse[1]", "parse"),
        ("parse[2]", "parse_2"),
        (" rank[1] ", "rank"),
        ("00000004-0000-4000-8000-000000000000", "rank"),
        ("00000006", "publish"),
    ],
)
def test_a_selector_names_a_call_by_name_number_or_id(selector: str, name: str) -> None:
    assert RECORDING.find(selector, "at").name == name


def test_an_ambiguous_selector_lists_the_calls_it_fits() -> None:
    with pytest.raises(KitaruUsageError) as caught:
        RECORDING.find("parse", "at")
    assert "at='parse' fits 2 calls" in str(caught.value)
    assert "parse[2]" in str(caught.value)
    assert "parse_2" in str(caught.value)
    assert "rank" not in str(caught.value)


@pytest.mark.parametrize("selector", ["ranck", "parse[3]", "parse[0]", "99999999", "", None])
def test_an_unknown_selector_lists_what_there_is(selector: str) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        RECORDING.find(selector, "at")
    if selector:
        assert all(name in str(caught.value) for name in ("fetch", "parse[1]", "parse[2]", "rank", "publish"))
    if selector == "ranck":
        assert "Did you mean 'rank'?" in str(caught.value)


def cut(**given: object) -> tuple[str, ...]:
    options = {"at": None, "overridden": [], "skip": [], "answers": {}, **given}
    return RECORDING.cut(**options)[2]


def test_from_the_cut_on_everything_runs_again() -> None:
    assert cut(at="rank") == ("fetch", "parse", "parse_2")
    assert cut(at="parse[2]") == ("fetch", "parse")
    assert cut(at="fetch") == ()


def test_without_a_cut_what_has_not_succeeded_runs() -> None:
    calls = [call("fetch", "fetch", 1), call("parse", "parse", 2, "fetch", ok=False), call("other", "other", 3)]
    assert Recording("x", calls).cut(at=None, overridden=[], skip=[], answers={})[2] == ("fetch", "other")
    assert len(cut()) == len(CALLS)


def test_an_override_cuts_behind_itself_and_makes_what_got_its_value_run_again() -> None:
    assert cut(overridden=["parse_2"]) == ("fetch", "parse")
    # a later cut was asked for, yet what got the value cannot be taken
    assert cut(at="publish", overridden=["parse_2"]) == ("fetch", "parse", "note")


def test_a_new_answer_cuts_behind_its_question() -> None:
    assert cut(answers={"sure": False}) == ("fetch",)
    assert cut(answers={"stars": 1}) == ("fetch", "parse", "parse_2", "rank")


def test_what_is_skipped_is_taken_wherever_it_is() -> None:
    assert cut(at="fetch", skip=["parse", "note"]) == ("parse", "parse_2", "note")
    with pytest.raises(KitaruUsageError, match="in outputs and in skip"):
        cut(overridden=["rank"], skip=["rank"])
    failed = Recording("x", [call("fetch", "fetch", 1, ok=False)])
    with pytest.raises(KitaruUsageError, match="has no value"):
        failed.cut(at=None, overridden=[], skip=["fetch"], answers={})


def test_recorded_answers_are_taken_before_the_cut_and_new_ones_win() -> None:
    start = RECORDING.find("rank", "at")
    assert RECORDING.answers({}, start, []) == {"sure": True}
    assert RECORDING.answers({}, None, []) == {"sure": True, "stars": 3}
    assert RECORDING.answers({"sure": False}, None, []) == {"sure": False}
    assert RECORDING.answers({"open": 1}, start, []) == {"sure": True, "open": 1}
    # asked when the overridden call had given its value: the question may be another one now
    assert RECORDING.answers({}, None, ["rank"]) == {"sure": True}


def test_a_plan_survives_the_store() -> None:
    plan = Plan("x", "rank", 4, ("fetch",), {"rank": {"output": "id"}}, {"sure": None}, cache=False)
    assert Plan.from_json(plan.to_json()) == plan
