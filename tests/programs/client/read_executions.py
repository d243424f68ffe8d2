"""Reads one completed and one failed execution in every way that a client has, and asks for what there is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from article_flows import article, broken
from expecting import raised

import kitaru
from kitaru import KitaruClient, KitaruStateError, KitaruUsageError, KitaruUserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru import FlowHandle

client = KitaruClient()
executions = client.executions


def look_at_execution(handle: FlowHandle[str]) -> None:
    execution = executions.get(handle.exec_id)
    assert executions.get(handle.exec_id[:13]) == execution == handle.execution
    assert execution.flow_name == "article"
    assert execution.stack_name == "default"
    assert executions.result(handle.exec_id) == "one-two"
    assert execution.duration is not None
    assert execution.duration > timedelta(0)
    assert execution.inputs["text"] == "one two"
    assert "frozenset" in execution.inputs["mark"]
    assert execution.settings["retries"].value == 2
    assert execution.settings["retries"].layer == "run"
    assert execution.metadata == {"stage": {"a": 1, "b": 2}}
    assert len(execution.attempts) == 1  # the checkpoint was tried again, the body was not
    look_at_checkpoints(*execution.checkpoints)


def look_at_checkpoints(split: kitaru.CheckpointExecution, join: kitaru.CheckpointExecution) -> None:
    assert (split.name, split.status, split.type, split.progress) == ("split", "completed", "tool_call", "half (50%)")
    assert [(a.number, a.status) for a in split.attempts] == [(1, "failed"), (2, "completed")], split.attempts
    assert split.attempts[0].error == "not yet"
    assert split.metadata == {"tokens": {"in": 1, "out": 2}, "model": "large"}, split.metadata
    assert join.parents == ("split",)


def look_at_artifacts(exec_id: str) -> None:
    stored = {(artifact.kind, artifact.name): artifact for artifact in client.artifacts.list(exec_id)}
    assert stored["output", "split.words"].load() == ["one", "two"]
    assert stored["output", "split.count"].load() == 2
    assert stored["saved", "raw"].checkpoint == "split"
    assert stored["saved", "raw"].load() == {1: "one two"}
    assert stored["saved", "note"].checkpoint is None
    assert client.artifacts.get(stored["output", "join"].id).load() == "one-two"
    assert [a.name for a in client.artifacts.list(exec_id, checkpoint="join", kind="output")] == ["join"]
    assert kitaru.load(exec_id, "raw") == {1: "one two"}
    assert kitaru.load(exec_id, "split") == (["one", "two"], 2)
    message = str(raised(KitaruUsageError, lambda: kitaru.load(exec_id, "joins")))
    assert "'join'" in message, message
    assert "note" in message, message


def look_at_logs(handle: FlowHandle[str]) -> None:
    lines = [entry.message for entry in handle.logs("split")]
    assert "splitting 'one two'" in lines, lines
    assert any("a warning" in line for line in lines), lines
    assert ("long " * 3000).strip() in [line.strip() for line in lines], [line[:40] for line in lines]
    assert {entry.checkpoint for entry in handle.logs()} == {"split"}
    assert any("checkpoint join completed" in entry.message for entry in handle.logs(source="runner"))


def list_them(completed: str, failed: str, before: datetime) -> None:
    def listed(**filters: Any) -> list[str]:
        return [execution.exec_id for execution in executions.list(**filters)]

    assert listed() == [failed, completed]
    assert listed(status="failed") == [failed]
    assert listed(flow="article", stack="default", since=before, limit=1) == [completed]
    in_an_hour = datetime.now() + timedelta(hours=1)  # noqa: DTZ005 - without a time zone it is local time
    assert executions.list(since=in_an_hour) == []
    latest = executions.latest()
    assert latest is not None
    assert latest.exec_id == failed
    assert executions.latest(status="cancelled") is None


def ask_for_what_there_is_not(exec_id: str) -> None:
    wrong: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: executions.get("zzz"), "no execution id"),
        (lambda: executions.get("00000000-0000-4000-8000-000000000000"), "There is no execution"),
        (lambda: executions.get("ffffffffff"), "no execution id"),
        (lambda: executions.list(status="done"), "completed"),
        (lambda: executions.list(limit=0), "limit"),
        (lambda: list(executions.logs(exec_id, "splitt")), "Did you mean 'split'"),
        (lambda: client.artifacts.get("x"), "There is no artifact"),
    )
    for call, words in wrong:
        message = str(raised(KitaruUsageError, call))
        assert words in message, (words, message)


def steer_what_has_ended(handle: FlowHandle[str]) -> None:
    verbs: tuple[Callable[[], object], ...] = (handle.cancel, handle.retry, handle.resume, handle.abort_wait)
    for verb in verbs:
        message = str(raised(KitaruStateError, verb))
        assert "completed" in message or "does not wait" in message, message


def main() -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    handle = article.run("one two", mark=frozenset({1}), retries=2)
    assert handle.wait(timeout=300) == "one-two"
    failing = broken.run()
    failure = raised(KitaruUserCodeError, lambda: failing.wait(timeout=300))
    assert failure.recovery is not None
    assert failure.recovery in str(failure)

    look_at_execution(handle)
    look_at_artifacts(handle.exec_id)
    look_at_logs(handle)
    list_them(handle.exec_id, failing.exec_id, before)
    ask_for_what_there_is_not(handle.exec_id)
    steer_what_has_ended(handle)
    handle.delete()
    assert [execution.exec_id for execution in executions.list()] == [failing.exec_id]


if __name__ == "__main__":
    main()
