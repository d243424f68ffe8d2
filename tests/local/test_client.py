"""Executions, their artifacts and logs can be read from any process."""

from __future__ import annotations


def test_executions_artifacts_and_logs(project):
    project.write(
        "flows.py",
        """
        import logging
        from pathlib import Path
        from typing import Annotated
        import kitaru
        from kitaru import checkpoint, flow

        @checkpoint(cache=False, retries=1, type="tool_call")
        def split(text: str) -> tuple[Annotated[list, "words"], Annotated[int, "count"]]:
            print("splitting", repr(text))
            print("long " * 3000)  # which ZenML stores in pieces
            logging.getLogger("mine").warning("a warning")
            kitaru.log(tokens={"in": 1}, model="small")
            kitaru.log(tokens={"out": 2}, model="large")
            kitaru.progress("half", fraction=0.5)
            if not Path("tried").exists():
                Path("tried").touch()
                raise ValueError("not yet")
            kitaru.save("raw", {1: text}, type="data", tags=["mine"])
            words = text.split()
            return words, len(words)

        @checkpoint
        def join(words: list) -> str:
            return "-".join(words)

        @flow
        def article(text: str, mark=frozenset()) -> str:
            kitaru.log(stage={"a": 1})
            kitaru.log(stage={"b": 2})
            kitaru.save("note", "body")
            for wrong in ("", "n" * 201, 3):
                try:
                    kitaru.save(wrong, "body")
                except kitaru.KitaruUsageError as error:
                    assert "some text of up to 200 letters" in str(error)
                else:
                    raise AssertionError(wrong)
            words, count = split(text)
            return join(words)

        @flow
        def broken() -> None:
            raise RuntimeError("always")
        """,
    )
    project.write(
        "main.py",
        """
        from datetime import datetime, timedelta, timezone
        import kitaru
        from flows import article, broken
        from kitaru import KitaruClient, KitaruStateError, KitaruUsageError, KitaruUserCodeError

        client = KitaruClient()
        executions = client.executions
        before = datetime.now(timezone.utc) - timedelta(seconds=2)
        handle = article.run("one two", mark=frozenset({1}), retries=2)
        assert handle.wait(timeout=300) == "one-two"
        failing = broken.run()
        try:
            failing.wait(timeout=300)
        except KitaruUserCodeError as error:
            assert error.recovery in str(error)

        execution = executions.get(handle.exec_id)
        assert executions.get(handle.exec_id[:13]) == execution == handle.execution
        assert execution.flow_name == "article" and execution.stack_name == "default"
        assert executions.result(handle.exec_id) == "one-two" and execution.duration > timedelta(0)
        assert execution.inputs["text"] == "one two" and "frozenset" in execution.inputs["mark"]
        assert execution.settings["retries"].value == 2 and execution.settings["retries"].layer == "run"
        assert execution.metadata == {"stage": {"a": 1, "b": 2}}
        split, join = execution.checkpoints
        assert (split.name, split.status, split.type, split.progress) == ("split", "completed", "tool_call", "half (50%)")
        assert [(a.number, a.status) for a in split.attempts] == [(1, "failed"), (2, "completed")], split.attempts
        assert split.attempts[0].error == "not yet"
        assert split.metadata == {"tokens": {"in": 1, "out": 2}, "model": "large"}, split.metadata
        assert join.parents == ("split",)
        assert len(execution.attempts) == 1  # the checkpoint was tried again, the body was not

        found = {(a.kind, a.name): a for a in client.artifacts.list(handle.exec_id)}
        assert found["output", "split.words"].load() == ["one", "two"] and found["output", "split.count"].load() == 2
        assert found["saved", "raw"].checkpoint == "split" and found["saved", "raw"].load() == {1: "one two"}
        assert found["saved", "note"].checkpoint is None
        assert client.artifacts.get(found["output", "join"].id).load() == "one-two"
        assert [a.name for a in client.artifacts.list(handle.exec_id, checkpoint="join", kind="output")] == ["join"]
        assert kitaru.load(handle.exec_id, "raw") == {1: "one two"}
        assert kitaru.load(handle.exec_id, "split") == (["one", "two"], 2)
        try:
            kitaru.load(handle.exec_id, "joins")
        except KitaruUsageError as error:
            assert "'join'" in str(error) and "note" in str(error)

        lines = [entry.message for entry in handle.logs("split")]
        assert "splitting 'one two'" in lines and any("a warning" in line for line in lines), lines
        assert ("long " * 3000).strip() in [line.strip() for line in lines], [line[:40] for line in lines]
        assert {entry.checkpoint for entry in handle.logs()} == {"split"}
        assert any("checkpoint join completed" in entry.message for entry in handle.logs(source="runner"))

        assert [e.exec_id for e in executions.list()] == [failing.exec_id, handle.exec_id]
        assert [e.exec_id for e in executions.list(status="failed")] == [failing.exec_id]
        assert [e.exec_id for e in executions.list(flow="article", stack="default", since=before, limit=1)] == [handle.exec_id]
        assert executions.list(since=datetime.now() + timedelta(hours=1)) == []
        assert executions.latest().exec_id == failing.exec_id
        assert executions.latest(status="cancelled") is None

        for wrong, words in (
            (lambda: executions.get("zzz"), "no execution id"),
            (lambda: executions.get("00000000-0000-4000-8000-000000000000"), "There is no execution"),
            (lambda: executions.get("ffffffffff"), "no execution id"),
            (lambda: executions.list(status="done"), "completed"),
            (lambda: executions.list(limit=0), "limit"),
            (lambda: list(executions.logs(handle.exec_id, "splitt")), "Did you mean 'split'"),
            (lambda: client.artifacts.get("x"), "There is no artifact"),
        ):
            try:
                wrong()
            except KitaruUsageError as error:
                assert words in str(error), (words, str(error))
            else:
                raise AssertionError(words)
        for verb in (handle.cancel, handle.retry, handle.resume, handle.abort_wait):
            try:
                verb()
            except KitaruStateError as error:
                assert "completed" in str(error) or "does not wait" in str(error), error
            else:
                raise AssertionError(verb)
        handle.delete()
        assert [e.exec_id for e in executions.list()] == [failing.exec_id]
        """,
    )
    project.run("main.py")


def test_an_artifact_has_the_kind_that_lists_show_it_with(project):
    project.write(
        "main.py",
        """
        import kitaru
        from kitaru import KitaruClient, checkpoint, flow

        @checkpoint
        def count(words: frozenset) -> int:
            kitaru.save("words", sorted(words))
            return len(words)

        @flow
        def article() -> dict:
            kitaru.save("note", "body")
            return {"words": count(frozenset({"a", "b"}))}

        if __name__ == "__main__":
            client = KitaruClient()
            handle = article.run()
            assert handle.wait(timeout=300) == {"words": 2}
            listed = client.artifacts.list(handle.exec_id)
            assert {artifact.kind for artifact in listed} == {"output", "input", "saved", "result"}, listed
            shown = [(artifact.kind, client.artifacts.get(artifact.id).kind) for artifact in listed]
            assert all(one == other for one, other in shown), shown
        """,
    )
    project.run("main.py")
