"""Which recorded call or question a body's call is."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from kitaru._core.identity import lanes
from kitaru._core.identity.lanes import Lane
from kitaru._core.identity.matching import (
    NEVER,
    NOW,
    Call,
    Calls,
    Mismatch,
    Place,
    Question,
    Questions,
    Reason,
    Recency,
    Recorded,
    RecordedQuestion,
    State,
)


def recorded(name, digest, *, lane="", turn=1, index=1, state=State.COMPLETED, checkpoint="grade", **more):
    inputs = {"text": digest}
    return Recorded(name, checkpoint, index, state, Place(lane, checkpoint, turn), inputs, **more)


def call(digest, *, lane="", turn=1, index=1, checkpoint="grade", news=NEVER, **more):
    return Call(
        checkpoint,
        Place(lane, checkpoint, turn),
        {"text": digest},
        news=news,
        is_ordered=True,
        index=index,
        number=turn,
        base=checkpoint,
        **more,
    )


def reason_of(calls, made):
    with pytest.raises(Mismatch) as mismatch:
        calls.take(made)
    return mismatch.value.reason


# -- calls ------------------------------------------------------------------------------------------------------------


def test_the_same_place_comes_before_the_same_inputs_elsewhere():
    calls = Calls([recorded("grade", "a", lane="1"), recorded("grade_2", "a", lane="2", index=2)])
    assert calls.take(call("a", lane="2")).name == "grade_2"


def test_the_same_inputs_are_found_wherever_they_were():
    calls = Calls([recorded("grade", "a"), recorded("grade_2", "b", turn=2, index=2)])
    assert [calls.take(call("b")).name, calls.take(call("a", turn=2)).name] == ["grade_2", "grade"]


def test_a_call_whose_record_went_to_an_equal_call_elsewhere_is_new_and_what_follows_it_is_taken():
    later = recorded("risky", "b", lane="2", index=2, state=State.FAILED, checkpoint="risky")
    calls = Calls([recorded("grade", "a", lane="2"), later])
    assert calls.take(call("a", lane="1")).name == "grade"
    assert calls.take(call("a", lane="2", index=2)) is None
    assert calls.take(call("b", lane="2", index=3, checkpoint="risky")) is later


def test_a_recorded_call_is_taken_once():
    calls = Calls([recorded("grade", "a")])
    calls.take(call("a"))
    assert calls.take(call("a", turn=2, index=2)) is None


def test_other_inputs_at_a_recorded_place_are_a_divergence_while_the_body_follows():
    assert reason_of(Calls([recorded("grade", "a")]), call("b")) is Reason.INPUTS


def test_other_inputs_at_a_recorded_place_are_new_where_the_body_is_free():
    assert Calls([recorded("grade", "a")]).take(call("b", news=NOW)) is None


def test_what_runs_again_keeps_its_name_whatever_it_is_given_now():
    assert Calls([recorded("grade", "a", state=State.AGAIN)]).take(call("b")).name == "grade"


def test_equal_values_are_the_same_though_their_digests_differ():
    calls = Calls([recorded("grade", "a")], lambda _recorded, made: made.inputs["text"] == "b")
    assert calls.take(call("b")).name == "grade"
    assert reason_of(Calls([recorded("grade", "a")], lambda *_: False), call("b")) is Reason.INPUTS


FIRST, SECOND = Recency(1, 1), Recency(1, 2)


def test_a_body_may_leave_what_is_recorded_before_its_news_and_nothing_else():
    calls = Calls([recorded("grade", "a", recency=FIRST), recorded("grade_2", "b", turn=2, index=2, recency=SECOND)])
    assert calls.take(call("new", news=SECOND)) is None
    assert reason_of(calls, call("newer", turn=2, index=2, news=SECOND)) is Reason.INPUTS
    assert calls.left_out(SECOND).name == "grade_2"


def test_a_question_may_be_another_one_than_was_asked_before_the_news():
    asked = RecordedQuestion("approve", Place("", "approve", 1), "a", recency=FIRST)
    assert Questions([asked]).take(question("b", news=SECOND)) is None
    assert reason_of(Questions([asked]), question("b", news=FIRST)) is Reason.INPUTS


def test_without_a_digest_the_place_tells_a_call_as_long_as_the_body_follows():
    assert Calls([recorded("grade", None)]).take(call(None)).name == "grade"
    assert Calls([recorded("grade", None)]).take(call(None, news=NOW)) is None


@pytest.mark.parametrize(
    "made",
    [call("c", checkpoint="store"), call("a", checkpoint="other", index=1)],
    ids=["an extra call", "another call"],
)
def test_a_call_before_what_is_recorded_next_is_a_divergence(made):
    assert reason_of(Calls([recorded("grade", "a")]), made) is Reason.UNEXPECTED


def test_a_call_that_waited_as_the_body_ended_was_never_recorded_and_is_new():
    calls = [recorded("fetch", "a", checkpoint="fetch"), recorded("store", "c", index=3, checkpoint="store")]
    waited = Calls(calls)
    assert [waited.take(call("a", checkpoint="fetch")).name, waited.take(call("b", index=2))] == ["fetch", None]
    assert waited.take(call("c", index=3, checkpoint="store")).name == "store"
    assert reason_of(Calls(calls), call("b", index=3)) is Reason.UNEXPECTED


def test_a_call_that_leaves_out_what_is_recorded_before_it_is_a_divergence():
    failed = recorded("store", "s", checkpoint="store", index=2, state=State.AGAIN)
    assert reason_of(Calls([recorded("grade", "a"), failed]), call("s", checkpoint="store")) is Reason.UNEXPECTED


def test_what_other_lanes_have_left_is_no_affair_of_this_one():
    assert Calls([recorded("grade", "a", lane="1")]).take(call("b", lane="2")) is None


def test_a_body_that_ends_too_early_leaves_an_outcome():
    calls = Calls([recorded("grade", "a"), recorded("store", "s", checkpoint="store", index=2, state=State.AGAIN)])
    assert calls.left_out(NEVER).name == "grade"
    calls.take(call("a"))
    assert calls.left_out(NEVER) is None


def test_an_id_is_the_identity_whatever_place_and_inputs_are():
    calls = Calls([recorded("refund-7", "a", lane="3", turn=4, id="refund-7")])
    assert calls.take(call("b", id="refund-7")).name == "refund-7"


def test_an_id_of_another_checkpoint_is_a_divergence():
    calls = Calls([recorded("7", "a", id="7", checkpoint="charge")])
    assert reason_of(calls, call("a", id="7")) is Reason.OTHER_ID


def test_a_call_without_its_id_is_not_the_one_with_it():
    assert reason_of(Calls([recorded("refund-7", "a", id="refund-7")]), call("a")) is Reason.OTHER_ID
    assert Calls([recorded("refund-7", "a", id="refund-7")]).take(call("a", news=NOW)) is None


def test_an_id_that_differs_each_time_leaves_the_recorded_one():
    calls = Calls([recorded("refund-7", "a", id="refund-7")])
    assert calls.take(call("a", id="refund-8")) is None
    assert calls.owed().name == "refund-7"
    calls.take(call("a", turn=2, index=2, id="refund-7"))  # it was another order
    assert calls.owed() is None


def test_an_id_that_is_new_takes_the_call_with_the_same_inputs():
    assert Calls([recorded("grade", "a")]).take(call("a", id="mine")).name == "grade"


def test_threads_that_began_with_the_same_call_cannot_be_told_apart():
    calls = Calls([recorded("roll", "a", lane="~x"), recorded("roll_2", "a", lane="~x#2", index=2)])
    assert reason_of(calls, call("a", lane="~x", group="~x")) is Reason.UNCLEAR


def test_what_a_replay_was_told_to_take_is_taken_whatever_it_is_given():
    assert Calls([recorded("grade", "a", stands=True)]).take(call("b", news=NOW)).name == "grade"


def test_records_without_digests_are_matched_by_their_number():
    old = [Recorded("grade", "grade", 1, State.COMPLETED), Recorded("grade_2", "grade", 2, State.COMPLETED)]
    calls = Calls(old)
    assert [calls.take(call("a")).name, calls.take(call("b", turn=2, index=2)).name] == ["grade", "grade_2"]
    assert reason_of(Calls(old), call("a", checkpoint="store")) is Reason.UNEXPECTED


# -- questions --------------------------------------------------------------------------------------------------------


def question(content, *, lane="", turn=1, news=NEVER):
    return Question(Place(lane, "approve", turn), content, turn, news)


def asked(name, content, *, lane="", turn=1, **more):
    return RecordedQuestion(name, Place(lane, "approve", turn), content, **more)


def test_a_question_is_told_by_its_place_and_its_content():
    record = Questions([asked("approve", "small", lane="2", answer=True)])
    assert record.take(question("large", lane="1")) is None
    assert record.take(question("small", lane="2")).name == "approve"


def test_a_question_is_found_elsewhere_where_it_is_the_only_one():
    assert Questions([asked("approve", "small", turn=2, answer=True)]).take(question("small")).name == "approve"


def test_questions_that_cannot_be_told_apart_are_refused():
    record = Questions([asked("approve", "c", lane="2", answer=True), asked("approve_2", "c", lane="3", answer=False)])
    with pytest.raises(Mismatch) as mismatch:
        record.take(question("c", lane="1"))
    assert mismatch.value.reason is Reason.UNCLEAR


def test_other_metadata_at_the_place_of_a_question_is_a_divergence():
    with pytest.raises(Mismatch) as mismatch:
        Questions([asked("approve", "small", answer=True)]).take(question("large"))
    assert mismatch.value.reason is Reason.INPUTS


def test_an_open_question_of_which_nothing_was_stored_is_taken_and_an_answered_one_is_not():
    assert Questions([RecordedQuestion("approve", None, None)]).take(question("c")).name == "approve"
    with pytest.raises(Mismatch):
        Questions([RecordedQuestion("approve", None, None, answer=True)]).take(question("c"))


# -- lanes ------------------------------------------------------------------------------------------------------------


def run_in_lanes(main):
    body = Lane()
    with asyncio.Runner() as runner, lanes.inside(body):
        lanes.count_tasks(runner.get_loop(), body)
        runner.run(main())
    return body


def path():
    return lanes.current(lambda: "first").path


def test_tasks_are_told_by_the_order_in_which_their_parent_made_them():
    paths = {}

    async def chain(name, delay):
        await asyncio.sleep(delay)
        paths[name] = path()
        await asyncio.gather(leaf(name))

    async def leaf(name):
        paths[f"{name}.leaf"] = path()

    async def main():
        paths["main"] = path()
        async with asyncio.TaskGroup() as group:
            group.create_task(chain("slow", 0.02))
            group.create_task(chain("quick", 0))

    run_in_lanes(main)
    assert paths == {"main": "", "slow": "1", "slow.leaf": "1.1", "quick": "2", "quick.leaf": "2.1"}


def test_a_lane_is_free_once_one_that_it_made_has_ended_free():
    async def learns():
        lanes.here().learn(NOW)

    async def main():
        others = [asyncio.create_task(asyncio.sleep(0))]
        task = asyncio.create_task(learns())
        await task
        assert lanes.here().news == NOW
        await asyncio.gather(*others)

    assert run_in_lanes(main).news == NOW


def test_threads_are_told_by_the_first_call_that_they_make():
    body = Lane()
    paths = []

    def work(first):
        paths.append([lanes.current(lambda: first).path, lanes.current(lambda: "second").path])

    with lanes.inside(body):
        for first in ("a", "b", "a"):
            thread = threading.Thread(target=contextvars.copy_context().run, args=(work, first))
            thread.start()
            thread.join()
        assert path() == ""
    assert paths == [["~a", "~a"], ["~b", "~b"], ["~a#2", "~a#2"]]
