"""The right result for the right call: what a body gets when it runs again, from programs in ``tests/programs/right_call``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.conformance.model_server import Answer, model_server

if TYPE_CHECKING:
    from tests.conformance.model_server import Asked

CITIES = ("Oslo", "Rome", "Bern")
ROWS = [[city, f"summary of page of {city}"] for city in CITIES]
FETCHED = {f"fetch {city}": 1 for city in CITIES}
SUMMARISED = {f"summarise page of {city}": 1 for city in CITIES}


@pytest.fixture
def shown(project):
    """``shown(program, *arguments)``: run a copy of a program in a project, and give the facts that it prints."""

    def shown(program, *arguments, **options):
        project.take("right_call/marks.py", f"right_call/{program}")
        return json.loads(project.run(program, *arguments, **options).stdout.splitlines()[-1])

    return shown


def completed(result):
    return {"status": "completed", "result": result}


def is_divergence(facts):
    assert facts["status"] == "failed", facts
    return (facts["error"], facts["origin"]) == ("KitaruDivergenceError", "divergence")


# -- chains -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", ["by_gather", "by_thread", "by_done"])
def test_chains_keep_their_results_when_a_later_checkpoint_has_failed(shown, flow):
    facts = shown("chains.py", flow)
    assert facts["original"] == completed(ROWS)
    assert facts["ran"] == {**FETCHED, **SUMMARISED, "publish": 2}


def test_chains_keep_their_results_over_a_pause(shown):
    facts = shown("chains.py", "by_answer")
    assert facts["original"] == completed(ROWS)
    assert facts["ran"] == {**FETCHED, **SUMMARISED}


def test_chains_keep_their_results_when_the_worker_is_killed_and_in_a_replay(shown):
    facts = shown("chains.py", "by_group")
    assert facts["original"] == facts["replay"] == completed(ROWS)
    assert facts["attempts"] == ["lost", "completed"]
    assert facts["ran"] == {**FETCHED, **SUMMARISED, "last": 3}


def test_chains_keep_the_answers_of_models(shown):
    def answer(asked: Asked) -> Answer:
        return Answer(asked.messages[-1]["content"].replace("summarise", "summary of"))

    with model_server(answer) as server:
        facts = shown("chains.py", "by_model", env=server.env("sk-of-a-test"))
    assert facts["original"] == completed(ROWS)
    assert facts["ran"] == {**FETCHED, "publish": 2}
    questions = sorted(request.messages[-1]["content"] for request in server.asked)
    assert questions == sorted(f"summarise page of {city}" for city in CITIES)


# -- questions --------------------------------------------------------------------------------------------------------


def test_what_is_approved_is_what_was_asked_about(shown):
    facts = shown("approvals.py")
    large, small = "1,000,000 to account X", "5 to account Y"
    assert facts["answers"] == [
        [{"payment": small, "draft": f"draft of {small}"}, True],
        [{"payment": large, "draft": f"draft of {large}"}, False],
    ]
    assert facts["result"] == [[large, "refused"], [small, "paid"]]
    assert facts["ran"] == {f"prepare {small}": 1, f"prepare {large}": 1, f"pay {small}": 1}


@pytest.mark.parametrize("text", ["clock", "typo"])
def test_the_text_of_a_question_may_change_while_it_waits(shown, text):
    facts = shown("question_text.py", text)
    assert facts["text_changed"], "the second run asked with the same text"
    assert (facts["status"], facts["first_stands"]) == ("completed", True), facts
    assert facts["result"] == "draft True"
    assert facts["ran"] == {"draft": 1}


# -- caught failures --------------------------------------------------------------------------------------------------


def test_a_caught_failure_is_raised_again_as_long_as_the_attempt_goes_on(shown):
    facts = shown("caught_then_wait.py")
    assert facts["questions"] == ["A", "C"]
    assert facts["result"] == {"A": "refunded account of A", "C": "refunded account of C"}
    looked_up = {f"look up {customer}": 1 for customer in "ABC"}
    assert facts["ran"] == {**looked_up, "refund account of A": 1, "refund account of C": 1}


GRADES = {str(page): f"grade of text {page}" for page in (1, 2, 3)}
GRADED = {"fetch 1": 1, "fetch 2": 2, "fetch 3": 1, "grade text 1": 1, "grade text 2": 1, "grade text 3": 1}


@pytest.mark.parametrize("then", ["retry", "pause"])
def test_another_attempt_tries_a_caught_failure_again(shown, then):
    facts = shown("caught_failure.py", then)
    assert facts["original"] == completed(GRADES)
    assert facts["ran"] == {**GRADED, "store": 2}


def test_a_replay_tries_a_caught_failure_again(shown):
    facts = shown("caught_failure.py", "replay")
    assert facts["original"] == completed({page: GRADES[page] for page in ("1", "3")})
    assert facts["replay"] == completed(GRADES)
    assert facts["ran"] == GRADED
    assert sorted(how for _, how in facts["calls"]) == ["reused"] * 4 + ["run"] * 2


# -- another order ----------------------------------------------------------------------------------------------------


def test_the_order_of_a_set_does_not_matter(shown):
    facts = shown("set_order.py")
    words = ("a", "bb", "ccc", "dddd", "eeeee", "ffffff")
    assert facts["orders"] == 2, "both processes had the same order"
    assert facts["result"] == {word: len(word) for word in words}
    assert facts["ran"] == {f"length of {word}": 1 for word in words}


def test_checkpoints_of_one_factory_are_not_taken_for_each_other(shown):
    facts = shown("factory.py")
    assert facts["first"] == "failed"
    assert facts["result"] == {"prices": "rows of prices", "stock": "rows of stock"}
    assert facts["ran"] == {"load prices": 1, "load stock": 1, "join": 2}


def test_each_attempt_is_given_the_values_as_they_were_returned(shown):
    facts = shown("spoiled_values.py")
    assert facts["result"] == "word of a and word of b"
    assert facts["seen"] == ["([1, 2, 3, 4], [7, 8])"] * 3
    assert facts["ran"] == {"numbers": 1, "word a": 1, "word b": 1, "joined": 1, "publish": 3}


# -- divergence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", ["catching_exceptions", "catching_everything", "gathering_exceptions"])
def test_nothing_in_the_body_swallows_divergence(shown, flow):
    facts = shown("swallowed.py", flow)
    assert is_divergence(facts["diverged"])
    assert "'grade" in facts["diverged"]["message"]
    assert "'text'" in facts["diverged"]["message"]
    assert facts["mended"] == completed({"1": "grade of text 1", "2": "grade of checked text 2"})
    once = ("fetch 1", "fetch 2", "check text 2", "grade text 1", "grade checked text 2")
    assert facts["ran"] == dict.fromkeys(once, 1)


@pytest.mark.parametrize("flow", ["in_order", "in_async_order"])
@pytest.mark.parametrize(("change", "named"), [("fewer", "second"), ("more", "unforeseen"), ("other", "unforeseen")])
def test_a_body_that_leaves_its_record_is_told_where(shown, flow, change, named):
    facts = shown("divergence.py", flow, change)
    assert facts["first"] == "failed"
    assert is_divergence(facts["diverged"])
    assert f"'{named}'" in facts["diverged"]["message"]
    assert facts["mended"] == completed("1 2 3")
    assert facts["ran"] == {"first": 1, "second": 1, "last": 2}


@pytest.mark.parametrize("kind", ["number", "text"])
def test_the_clock_in_an_argument_is_told(shown, kind):
    facts = shown("clock.py", kind)
    assert is_divergence(facts)
    message = facts["message"]
    assert "'stamp'" in message
    assert "'moment'" in message
    assert "id=" in message
    assert len(facts["moments"]) == 2
    assert all(moment in message for moment in facts["moments"]), message
    assert len(message) < 2000, "both values are to be shortened"
    assert facts["ran"] == {"stamp": 1, "publish": 1}


@pytest.mark.parametrize("kind", ["number", "text"])
def test_an_id_stands_for_all_inputs_and_the_record_says_which_have_changed(shown, kind):
    facts = shown("clock.py", kind, "stamp-1")
    first, second = facts["moments"]
    assert first != second
    assert (facts["status"], facts.get("result")) == ("completed", f"stamped {first}"), facts
    assert facts["changed_inputs"] == {"stamp-1": ["moment"], "publish": []}
    assert facts["ran"] == {"stamp": 1, "publish": 2}


# -- records of an earlier Kitaru -------------------------------------------------------------------------------------


def make_earlier(database):
    """Take from the calls of a store what Kitaru 0.1 did not record."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for row, config in connection.execute("SELECT id, config FROM step_configuration").fetchall():
            step = json.loads(config)
            for part in ("config", "step_config_overrides"):
                about = step.get(part, {}).get("extra", {}).get("kitaru", {})
                for key in about.keys() - {"index", "type", "stem", "key", "scope"}:
                    del about[key]
            connection.execute("UPDATE step_configuration SET config = ? WHERE id = ?", (json.dumps(step), row))


def test_the_record_of_an_earlier_kitaru_is_followed_by_name_and_turn(shown, home):
    begun = shown("earlier_record.py", "begin")
    assert begun["endings"] == ["failed", "completed"]
    make_earlier(home.database)
    facts = shown("earlier_record.py", "go_on", *begun["ids"])
    pages = "page 1 page 2 page 3"
    assert facts["retried"] == completed(f"{pages} on paper")
    assert facts["replayed"] == completed(f"{pages} on web")
    assert facts["answered"] == completed(f"{pages} on a wall")
    assert facts["ran"] == {
        **{f"page {number}": 3 for number in (1, 2, 3)},
        "publish paper": 2,
        "publish web": 2,
        "publish a wall": 1,
    }


# -- ids --------------------------------------------------------------------------------------------------------------


def test_calls_with_ids_are_found_by_them_in_any_order(shown):
    facts = shown("ids.py")
    rows = [
        *(f"refunded {customer}" for customer in "CABDE"),
        "beside",
        *(f"refunded {customer}" for customer in "FGH"),
    ]
    assert facts["original"] == completed(rows)
    ids = ["refund-A", "refund-B", "refund-C", "direct", "beside", "batch-1", "batch-2"]
    assert facts["names"] == sorted([*ids, "refund", "publish"])
    assert facts["replay"] == completed([*rows[:-2], "refunded nobody", rows[-1]])
    once = {f"refund {customer}": 1 for customer in "ABCDEG"}
    assert facts["ran"] == {**once, "refund F": 2, "refund H": 2, "publish": 3}


def test_an_id_names_one_call_of_an_execution(shown):
    facts = shown("bad_ids.py", "twice")
    assert facts["refused"]["type"].endswith("KitaruUsageError")
    assert "'refund-7'" in facts["refused"]["message"]
    assert "'refund'" in facts["refused"]["message"]
    assert facts["mended"] == completed(["refunded A", "refunded B"])
    assert facts["ran"] == {"refund A": 1, "refund B": 1}


def test_an_id_that_zenml_cannot_keep_is_refused_with_the_reason(shown):
    facts = shown("bad_ids.py", "unkept")
    assert facts["status"] == "completed", facts
    size, lines, kind = "characters", "line breaks", "int"
    reasons = {"empty": size, "long": size, "made": size, "lines": lines, "number": kind}
    assert facts["result"].keys() == reasons.keys()
    for case, reason in reasons.items():
        assert "refund.with_options(id=" in facts["result"][case]
        assert reason in facts["result"][case]
    assert facts["ran"] == {}


def test_arguments_without_a_digest_are_matched_by_place(shown):
    facts = shown("opaque.py")
    assert facts["first"] == "failed"
    assert facts["status"] == "completed", facts
    assert facts["result"] == [["Bern", "Oslo", "Rome"], ["Lima", "Riga"]]
    assert facts["ran"] == {"sift Bern Oslo Rome": 1, "sift Lima Riga": 1, "publish": 2}
