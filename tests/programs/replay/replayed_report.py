"""A report is replayed: with values that are overridden, with other inputs, again, and in ways that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from expecting import raised
from marks import HERE, lines
from ranking_report import Ranking, other, report
from zenml.client import Client

from kitaru import KitaruClient, KitaruUsageError

if TYPE_CHECKING:
    from kitaru import Flow, FlowHandle
    from kitaru.flows import ReplayKeywords

BY_HAND = "THE BEST HAS 99 WORDS\nRANKED BY HAND"

executions = KitaruClient().executions


def ran_since() -> list[str]:
    """Return the checkpoints that ran since this was asked last."""
    names = sorted(lines("ran.txt"))
    (HERE / "ran.txt").unlink(missing_ok=True)
    return names


def run_original() -> FlowHandle[str]:
    original = report.run(2)
    assert original.wait() == "THE BEST HAS 2 WORDS\nRANKED BY WORDS"
    assert ran_since() == ["fetch", "parse", "parse", "publish", "rank", "write 2"]
    return original


def replay_with_an_override(original: FlowHandle[str]) -> FlowHandle[str]:
    """The fourth call is overridden, the first three are taken, the fifth gets the override."""
    replay = report.replay(original.exec_id, at="rank", outputs={"rank": Ranking(99, "hand")})
    assert replay.wait() == BY_HAND
    assert ran_since() == ["publish", "write 99"]
    execution = replay.execution
    assert execution.original_exec_id == original.exec_id
    assert {call.name: (call.status, call.replay) for call in execution.checkpoints} == {
        "fetch": ("skipped", "reused"),
        "parse": ("skipped", "reused"),
        "parse_2": ("skipped", "reused"),
        "rank": ("skipped", "overridden"),
        "write": ("completed", "run"),
        "publish": ("completed", "run"),
    }, execution.checkpoints
    assert next(call for call in execution.checkpoints if call.name == "fetch").metadata == {"pages": 2}
    cache = execution.settings["cache"]
    assert cache.value is False
    assert cache.detail == "off in replays"
    assert all(call.replay is None for call in original.execution.checkpoints)
    return replay


def lineage_is_in_the_store(original: FlowHandle[str], replay: FlowHandle[str]) -> None:
    """What is taken and what is overridden is told in ZenML's own words, too."""
    before = Client().get_pipeline_run(original.exec_id).steps
    run = Client().get_pipeline_run(replay.exec_id)
    assert run.original_run is not None
    assert str(run.original_run.id) == original.exec_id
    for name in ("fetch", "parse", "parse_2"):
        assert str(run.steps[name].status) == "skipped"
        assert run.steps[name].original_step_run_id == before[name].id
        assert run.steps[name].outputs["output"][0].id == before[name].outputs["output"][0].id
    given = run.steps["rank"].outputs["output"][0]
    assert given.id != before["rank"].outputs["output"][0].id
    assert given.load() == Ranking(99, "hand")
    assert run.steps["write"].inputs["ranking"][0].id == given.id
    assert run.steps["write"].inputs["ranking"][0].input_type == "step_output"
    assert run.steps["write"].spec.upstream_steps == ["rank"]
    assert sorted(run.steps["rank"].spec.upstream_steps) == ["fetch", "parse", "parse_2"]


def replay_the_replay(replay: FlowHandle[str]) -> None:
    """One call of the fan-out and an input are new; what comes later is kept."""
    again = replay.replay(at="parse[2]", inputs={"by": "luck"}, skip=["publish"])
    assert again.wait() == BY_HAND
    assert ran_since() == ["parse", "rank", "write 2"]
    assert again.execution.inputs == {"count": 2, "by": "luck"}
    artifacts = KitaruClient().artifacts.list(again.exec_id, checkpoint="rank", kind="output")
    assert artifacts[0].load() == Ranking(2, "luck")
    assert again.execution.original_exec_id == replay.exec_id


def replay_by_overrides_alone(original: FlowHandle[str]) -> None:
    """An override alone cuts behind itself; a JSON form becomes the type; several outputs are a list."""
    third = executions.replay(original.exec_id, outputs={"rank": {"best": "7", "by": "x"}})
    assert third.wait().startswith("THE BEST HAS 7 WORDS")
    assert ran_since() == ["publish", "write 7"]
    fourth = report.replay(original, outputs={"publish": ["done", 4]})
    assert fourth.wait() == "done"
    assert ran_since() == []
    assert report.replay(original, at="write", cache=True).wait()
    assert ran_since() == [], "both come from the cache"


def wrong_changes_are_refused(original: FlowHandle[str]) -> None:
    """What is wrong is refused before anything starts."""
    count = len(executions.list(limit=100))

    def refused(*words: str, of: Flow[..., Any] = report, **change: Unpack[ReplayKeywords]) -> None:
        raised(KitaruUsageError, lambda: of.replay(original.exec_id, **change), *words)

    refused("parse[1]", "parse[2]", "parse_2", at="parse")
    refused("fetch", "rank", "Did you mean 'rank'?", at="rnk")
    refused("outputs['rank']", "best", outputs={"rank": {"best": "many", "by": "x"}})
    refused("'bye'", "count, by", at="write", inputs={"bye": 1})
    refused("would reach no checkpoint", "publish", inputs={"by": "size"})
    refused("'report'", of=other)
    refused("did not ask", wait_answers={"sure": True})
    refused("skip=['a']", skip="a")
    assert len(executions.list(limit=100)) == count


def the_difference_is_told(original: FlowHandle[str], replay: FlowHandle[str]) -> None:
    """As data and as text."""
    diff = executions.diff(original.exec_id, replay.exec_id)
    assert {call.name: call.change for call in diff.checkpoints} == {
        "fetch": "equal",
        "parse": "equal",
        "parse_2": "equal",
        "rank": "changed",
        "write": "changed",
        "publish": "changed",
    }
    (changed,) = next(call for call in diff.checkpoints if call.name == "rank").values
    assert changed.lines == (".best: 2 → 99", '.by: "words" → "hand"'), changed
    assert all(value.change == "equal" for value in diff.inputs)
    assert diff.result is not None
    assert diff.result.change == "changed"
    assert executions.diff(replay.exec_id) == diff
    assert not executions.diff(original.exec_id, original.exec_id).changed
    text = diff.to_text()
    assert "-the best has 2 words" in text
    assert "+the best has 99 words" in text
    assert "Checkpoint fetch" not in text


def main() -> None:
    original = run_original()
    replay = replay_with_an_override(original)
    lineage_is_in_the_store(original, replay)
    replay_the_replay(replay)
    replay_by_overrides_alone(original)
    wrong_changes_are_refused(original)
    the_difference_is_told(original, replay)
    print("done")


if __name__ == "__main__":
    main()
