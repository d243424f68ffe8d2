"""Replays: what is taken from the record, what runs again, and what is told of the difference."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project

REPORT = """
    import dataclasses
    from kitaru import checkpoint, flow, log

    @dataclasses.dataclass
    class Ranking:
        best: int
        by: str

    def ran(name: str) -> None:
        with open("ran.txt", "a") as file:
            file.write(name + "\\n")

    @checkpoint
    def fetch(count: int) -> list[str]:
        ran("fetch")
        log(pages=count)
        return ["word " * (number + 1) for number in range(count)]

    @checkpoint
    def parse(page: str) -> int:
        ran("parse")
        return len(page.split())

    @checkpoint
    def rank(words: list[int], by: str) -> Ranking:
        ran("rank")
        return Ranking(max(words), by)

    @checkpoint
    def write(ranking: Ranking) -> str:
        ran(f"write {ranking.best}")
        return f"the best has {ranking.best} words\\nranked by {ranking.by}"

    @checkpoint(cache=True)
    def publish(text: str) -> tuple[str, int]:
        ran("publish")
        return text.upper(), len(text)

    @flow
    def report(count: int, by: str = "words") -> str:
        counts = parse.map(fetch(count))
        return publish(write(rank(counts, by)))[0]

    @flow
    def other() -> int:
        return parse("x")
"""


def ran(project: Project) -> list[str]:
    """Return the checkpoints that ran since this was asked last."""
    file = project.path / "ran.txt"
    names = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return names


def test_the_record_is_taken_up_to_the_cut_and_an_override_is_what_the_next_one_gets(project: Project) -> None:
    project.write("report.py", REPORT)
    project.write(
        "main.py",
        """
        from pathlib import Path
        from report import Ranking, other, report
        from zenml.client import Client
        from kitaru import KitaruClient, KitaruUsageError

        def ran():
            text = Path("ran.txt").read_text() if Path("ran.txt").exists() else ""
            Path("ran.txt").unlink(missing_ok=True)
            return sorted(text.splitlines())

        client = KitaruClient()
        original = report.run(2)
        assert original.wait() == "THE BEST HAS 2 WORDS\\nRANKED BY WORDS"
        assert ran() == ["fetch", "parse", "parse", "publish", "rank", "write 2"]

        # -- the fourth is overridden, the first three are taken, the fifth gets the override
        replay = report.replay(original.exec_id, at="rank", outputs={"rank": Ranking(99, "hand")})
        assert replay.wait() == "THE BEST HAS 99 WORDS\\nRANKED BY HAND"
        assert ran() == ["publish", "write 99"]
        execution = replay.execution
        assert execution.original_exec_id == original.exec_id
        assert {c.name: (c.status, c.replay) for c in execution.checkpoints} == {
            "fetch": ("skipped", "reused"),
            "parse": ("skipped", "reused"),
            "parse_2": ("skipped", "reused"),
            "rank": ("skipped", "overridden"),
            "write": ("completed", "run"),
            "publish": ("completed", "run"),
        }, execution.checkpoints
        assert next(c for c in execution.checkpoints if c.name == "fetch").metadata == {"pages": 2}
        assert execution.settings["cache"].value is False and execution.settings["cache"].detail == "off in replays"
        assert all(c.replay is None for c in original.execution.checkpoints)

        # -- lineage in the store, in ZenML's own words
        before = Client().get_pipeline_run(original.exec_id).steps
        run = Client().get_pipeline_run(replay.exec_id)
        assert str(run.original_run.id) == original.exec_id
        for name in ("fetch", "parse", "parse_2"):
            assert str(run.steps[name].status) == "skipped"
            assert run.steps[name].original_step_run_id == before[name].id
            assert run.steps[name].outputs["output"][0].id == before[name].outputs["output"][0].id
        given = run.steps["rank"].outputs["output"][0]
        assert given.id != before["rank"].outputs["output"][0].id and given.load() == Ranking(99, "hand")
        assert run.steps["write"].inputs["ranking"][0].id == given.id
        assert run.steps["write"].inputs["ranking"][0].input_type == "step_output"
        assert run.steps["write"].spec.upstream_steps == ["rank"]
        assert sorted(run.steps["rank"].spec.upstream_steps) == ["fetch", "parse", "parse_2"]

        # -- a replay of the replay, with a call of the fan-out and an input that are new; what comes later is kept
        again = replay.replay(at="parse[2]", inputs={"by": "luck"}, skip=["publish"])
        assert again.wait() == "THE BEST HAS 99 WORDS\\nRANKED BY HAND"
        assert ran() == ["parse", "rank", "write 2"]
        assert again.execution.inputs == {"count": 2, "by": "luck"}
        assert client.artifacts.list(again.exec_id, checkpoint="rank", kind="output")[0].load() == Ranking(2, "luck")
        assert again.execution.original_exec_id == replay.exec_id

        # -- an override alone cuts behind itself; a JSON form becomes the type; several outputs are a list
        third = client.executions.replay(original.exec_id, outputs={"rank": {"best": "7", "by": "x"}})
        assert third.wait().startswith("THE BEST HAS 7 WORDS") and ran() == ["publish", "write 7"]
        fourth = report.replay(original, outputs={"publish": ["done", 4]})
        assert fourth.wait() == "done" and ran() == []
        assert report.replay(original, at="write", cache=True).wait() and ran() == []  # both come from the cache

        # -- what is wrong is refused before anything starts
        count = len(client.executions.list(limit=100))
        def refused(*words, of=report, **change):
            try:
                of.replay(original.exec_id, **change)
            except KitaruUsageError as error:
                assert all(word in str(error) for word in words), error
            else:
                raise AssertionError(change)
        refused("parse[1]", "parse[2]", "parse_2", at="parse")
        refused("fetch", "rank", "Did you mean 'rank'?", at="rnk")
        refused("outputs['rank']", "best", outputs={"rank": {"best": "many", "by": "x"}})
        refused("'bye'", "count, by", at="write", inputs={"bye": 1})
        refused("would reach no checkpoint", "publish", inputs={"by": "size"})
        refused("'report'", of=other)
        refused("did not ask", wait_answers={"sure": True})
        refused("skip=['a']", skip="a")
        assert len(client.executions.list(limit=100)) == count

        # -- the difference, as data and as text
        diff = client.executions.diff(original.exec_id, replay.exec_id)
        assert {c.name: c.change for c in diff.checkpoints} == {
            "fetch": "equal", "parse": "equal", "parse_2": "equal",
            "rank": "changed", "write": "changed", "publish": "changed",
        }
        (changed,) = next(c for c in diff.checkpoints if c.name == "rank").values
        assert changed.lines == (".best: 2 → 99", '.by: "words" → "hand"'), changed
        assert all(value.change == "equal" for value in diff.inputs) and diff.result.change == "changed"
        assert client.executions.diff(replay.exec_id) == diff
        assert not client.executions.diff(original.exec_id, original.exec_id).changed
        text = diff.to_text()
        assert "-the best has 2 words" in text and "+the best has 99 words" in text and "Checkpoint fetch" not in text
        print("done")
        """,
    )
    assert project.run("main.py").stdout.splitlines()[-1] == "done"


FRAGILE = """
    from kitaru import checkpoint, flow

    def ran(name: str) -> None:
        with open("ran.txt", "a") as file:
            file.write(name + "\\n")

    @checkpoint
    def load(topic: str) -> str:
        ran("load")
        return f"all about {topic}"

    @checkpoint
    def summarise(text: str) -> str:
        ran("summarise")
        raise LookupError("no model")

    @checkpoint
    def send(text: str) -> str:
        ran("send")
        return f"sent: {text}"

    @flow
    def digest(topic: str) -> str:
        return send(summarise(load(topic)))
"""


def test_a_failed_execution_is_replayed_by_the_command_line_once_its_code_is_mended(project: Project) -> None:
    project.write("digest.py", FRAGILE)
    exec_id = project.kitaru("run", "digest.py:digest", "--input", '{"topic": "tides"}', "--detach").stdout.strip()
    project.kitaru("executions", "watch", exec_id, check=False)
    assert ran(project) == ["load", "summarise"]
    project.write("digest.py", FRAGILE.replace('raise LookupError("no model")', "return text.title()"))

    done = project.kitaru("executions", "replay", exec_id)
    assert json.loads(done.stdout) == "sent: All About Tides"
    assert ran(project) == ["summarise", "send"]
    (replay, _) = json.loads(project.kitaru("executions", "list", "--output", "json").stdout)
    shown = project.kitaru("executions", "get", replay["exec_id"]).stdout
    assert f"Replays       {exec_id}" in shown
    assert "reused" in shown
    told = project.kitaru("executions", "diff", exec_id, replay["exec_id"], "--html", "diff.html").stdout
    assert "summarise: builtins.LookupError: no model" in told
    assert "Checkpoint summarise: changed (failed → completed" in told
    assert 'only in B: "sent: All About Tides"' in told
    assert "Equal checkpoints: load" in told
    assert 'data-call="summarise"' in (project.path / "diff.html").read_text(encoding="utf-8")

    # an input and an override by their forms on the command line
    done = project.kitaru(
        "executions", "replay", exec_id, "--output", "summarise=short", "--output", "json", "--detach"
    )
    told = json.loads(done.stdout)
    other = told["exec_id"]
    assert (told["result"], told["dashboard_url"]) == (None, None)
    project.kitaru("executions", "watch", other)
    assert project.kitaru("executions", "get", other, "--result").stdout == '"sent: short"\n'
    assert ran(project) == ["send"]
    done = project.kitaru(
        "executions", "replay", exec_id, "--at", "load", "--input", '{"topic": "moons"}', "--output", "json"
    )
    assert json.loads(done.stdout)["result"] == "sent: All About Moons"

    # a body that asks for another checkpoint before the cut
    changed = FRAGILE.replace("send(summarise(load(topic)))", "send(summarise(send(topic)))")
    project.write("digest.py", changed.replace('raise LookupError("no model")', "return text"))
    ran(project)
    failed = project.kitaru("executions", "replay", exec_id, check=False)
    assert failed.returncode == 1
    assert "was checkpoint 'load' and is 'send' now" in failed.stderr
    assert "at='load'" in failed.stderr
    assert ran(project) == []
    # an unknown selector lists what there is
    failed = project.kitaru("executions", "replay", exec_id, "--at", "summarize", check=False)
    assert failed.returncode == 2
    assert "Did you mean 'summarise'?" in failed.stderr


def test_answers_are_taken_before_the_cut_and_given_ahead(project: Project) -> None:
    project.write(
        "asking.py",
        """
        import time
        import kitaru
        from zenml.client import Client
        from kitaru import KitaruClient, KitaruWaitValidationError, checkpoint, flow

        @checkpoint
        def draft(topic: str) -> str:
            return f"about {topic}"

        @checkpoint
        def publish(text: str, stars: int) -> str:
            return f"{text}: {stars}"

        @flow
        def article(topic: str) -> str:
            text = draft(topic)
            if not kitaru.wait(name="sure", timeout=60):
                return "thrown away"
            text = draft(text)
            return publish(text, kitaru.wait(int, name="stars", timeout=60))

        if __name__ == "__main__":
            client = KitaruClient()
            original = article.run("tides")
            def answer(exec_id, wait, value):
                while wait not in [w.name for w in client.executions.pending_waits(exec_id).values()]:
                    time.sleep(0.02)
                # It has a runner, which takes the answer, also after one that was known ahead: no other is started.
                assert Client().get_pipeline_run(exec_id).status == "running"
                client.executions.input(exec_id, value=value, wait=wait)
            answer(original.exec_id, "sure", True)
            answer(original.exec_id, "stars", 3)
            assert original.wait() == "about about tides: 3"
            # all recorded answers: the cut is behind both questions
            assert article.replay(original, at="publish").wait() == "about about tides: 3"
            # the first one is before the cut, the second one is asked again
            replay = article.replay(original, at="draft[2]", inputs={"topic": "moons"})
            answer(replay.exec_id, "stars", 4)
            assert replay.wait() == "about about tides: 4"
            # given ahead: behind the question everything runs again
            assert article.replay(original, wait_answers={"sure": False}).wait() == "thrown away"
            fifth = article.replay(replay, wait_answers={"stars": 5})
            assert fifth.wait() == "about about tides: 5"
            assert [c.replay for c in fifth.execution.checkpoints] == ["reused", "reused", "run"]
            assert list(client.executions.waits(fifth.exec_id)) == ["sure", "stars"]
            assert client.executions.waits(fifth.exec_id)["sure"].metadata == {}
            try:
                article.replay(original, wait_answers={"stars": "many"})
            except KitaruWaitValidationError as error:
                assert "stars" in str(error) and "whole number" in str(error)
            else:
                raise AssertionError
            print(original.exec_id)
        """,
    )
    exec_id = project.run("asking.py").stdout.strip()
    done = project.kitaru("executions", "replay", exec_id, "--answer", "sure=no")
    assert done.stdout == '"thrown away"\n'
    # the question comes after what is different, and there is no terminal: told how to answer, now and the next time
    command = Path(sys.executable).with_name("kitaru")
    asking = project.popen(command, "executions", "replay", exec_id, "--output", "draft[1]=x")
    told = []
    while (line := asking.stderr.readline()) and "the next time" not in line:
        told.append(line)
    assert line == "kitaru: a replay takes the answer ahead, the next time: --answer sure=yes\n", told
    assert told[-1].endswith("--value yes   (it takes yes or no)\n")
    replay = told[-1].removeprefix("kitaru: answer with kitaru executions input ").split()[0]
    project.kitaru("executions", "input", replay, "--value", "no")
    assert asking.communicate(timeout=300)[0] == '"thrown away"\n'


def test_a_replay_survives_its_worker_and_is_retried_like_any_execution(project: Project) -> None:
    project.write(
        "mortal.py",
        """
        import asyncio, os, signal
        from pathlib import Path
        from kitaru import KitaruClient, KitaruDivergenceError, KitaruUserCodeError, checkpoint, flow

        def ran(name):
            with open("ran.txt", "a") as file:
                file.write(name + "\\n")

        @checkpoint
        async def first(x: int) -> int:
            ran("first")
            return x + 1

        @checkpoint
        async def second(x: int) -> int:
            ran("second")
            if Path("kill").exists():
                Path("kill").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return x * 10

        @checkpoint
        async def third(x: int) -> int:
            ran("third")
            if Path("fail").exists():
                raise RuntimeError("not yet")
            return x + 2

        @checkpoint
        async def fourth(x: int) -> int:
            return x

        @flow
        async def mortal(x: int) -> int:
            begin = fourth if os.environ.get("SWAPPED") else first
            one, two = await asyncio.gather(begin(x), begin(x + 1))
            return await third(await second(one + two))

        if __name__ == "__main__":
            original = mortal.run(1, retries=1)  # which holds for replays as well
            assert original.wait() == 52
            Path("ran.txt").unlink()
            Path("kill").touch()
            replay = mortal.replay(original, at="second")
            assert replay.wait() == 52
            assert Path("ran.txt").read_text().split() == ["second", "second", "third"]
            assert [a.outcome for a in replay.execution.attempts] == ["lost", "completed"]
            assert {c.name: len(c.attempts) for c in replay.execution.checkpoints} == {
                "first": 1, "first_2": 1, "second": 2, "third": 1,
            }
            Path("fail").touch()
            failing = mortal.replay(original, outputs={"second": 100}, retries=0)
            assert replay.execution.settings["retries"].detail == "the original's .run(retries=)"
            try:
                failing.wait()
            except KitaruUserCodeError:
                pass
            else:
                raise AssertionError
            Path("fail").unlink()
            Path("ran.txt").unlink()
            assert KitaruClient().executions.retry(failing.exec_id).wait() == 102
            assert Path("ran.txt").read_text().split() == ["third"]
            print([c.replay for c in failing.execution.checkpoints])

            # in async code the order may be another one, but a checkpoint that the original never called is noticed
            os.environ["SWAPPED"] = "1"
            try:
                mortal.replay(original, at="second").wait()
            except KitaruDivergenceError as error:
                assert "was checkpoint 'first' and is 'fourth' now" in str(error), error
            else:
                raise AssertionError
            del os.environ["SWAPPED"]
            last = mortal.replay(original, at="third")
            assert last.wait() == 52
            KitaruClient().executions.delete(original.exec_id)
            assert last.get() == 52 and last.execution.original_exec_id == original.exec_id
        """,
    )
    printed = project.run("mortal.py").stdout
    assert printed == "['reused', 'reused', 'overridden', 'run']\n"


def test_many_are_replayed_some_at_a_time_and_failures_are_kept_apart(project: Project) -> None:
    project.write(
        "many.py",
        """
        import time
        from pathlib import Path
        from kitaru import KitaruClient, checkpoint, flow

        VERSION = 1

        @checkpoint
        def question(number: int) -> str:
            return f"question {number}"

        @checkpoint
        def prompt(text: str) -> str:
            if VERSION == 2:
                marker = Path("running") / text
                marker.parent.mkdir(exist_ok=True)
                marker.touch()
                print("at once", len(list(Path("running").iterdir())))
                with open("most.txt", "a") as file:
                    file.write(f"{len(list(Path('running').iterdir()))}\\n")
                time.sleep(0.5)
                marker.unlink()
                if text.endswith("3"):
                    raise ValueError("three is too much")
            return f"{text}?" if VERSION == 1 else f"{text}, please?"

        @flow
        def ask(number: int) -> str:
            return prompt(question(number))

        if __name__ == "__main__":
            handles = [ask.run(number) for number in range(5)]
            for handle in handles:
                handle.wait(progress=False)
                print(handle.exec_id)
        """,
    )
    ids = project.run("many.py").stdout.split()
    source = (project.path / "many.py").read_text()
    (project.path / "many.py").write_text(source.replace("VERSION = 1\n", "VERSION = 2\n"))
    (project.path / "ids.txt").write_text("\n".join([*ids[:4], "# the last one is found by its flow", ""]))

    done = project.kitaru(
        "executions", "replay-many", "--ids-file", "ids.txt", "--flow", "ask", "--status", "completed",
        "--at", "prompt", "--at-once", "2", "--diff", "--output", "json", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    rows = {row["original_exec_id"]: row for row in json.loads(done.stdout)}
    assert list(rows) == ids
    assert [row["result"] for row in rows.values()] == [f"question {n}, please?" if n != 3 else None for n in range(5)]
    assert [row["status"] for row in rows.values()] == ["completed"] * 3 + ["failed", "completed"]
    assert "three is too much" in rows[ids[3]]["error"]
    assert rows[ids[0]]["diff"]["changed"] == ["prompt"]
    assert rows[ids[0]]["diff"]["result_a"] == '"question 0?"'
    assert "kitaru: 5 of 5 replays have ended: " in done.stderr
    assert max(map(int, (project.path / "most.txt").read_text().split())) <= 2

    replays = [row["exec_id"] for row in rows.values()]
    table = project.kitaru("executions", "diff", "--originals", *replays).stdout.splitlines()
    assert len(table) == 6
    assert "completed → failed" in table[4]
    (project.path / "pairs.txt").write_text(f"{ids[0]} {ids[1]}\n{replays[0]}\n")
    assert (
        len(json.loads(project.kitaru("executions", "diff", "--ids-file", "pairs.txt", "--output", "json").stdout)) == 2
    )

    # what cannot be replayed is told of, and the others go on
    project.write(
        "collect.py",
        """
        import sys
        from kitaru import KitaruClient
        client = KitaruClient()
        replays = client.executions.replay_many(sys.argv[1:] + ["ffffffff"], at="prompt", progress=False)
        assert len(replays.completed) == 1 and replays.completed[0].result == "question 0, please?"
        assert len(replays.failed) == 1 and "ffffffff" in replays.failed[0].error and not replays.failed[0].exec_id
        found = client.executions.replay_many({"flow": "ask", "limit": 1}, at="prompt", progress=False)
        assert len(found.outcomes) == 1 and [d.changed for d in client.executions.diff_replays(replays)] == [True]
        """,
    )
    done = project.run("collect.py", ids[0])
    assert done.stderr == "" or "kitaru:" not in done.stderr


def test_flows_are_found_from_scripts_of_any_kind(project: Project) -> None:
    """A script that starts its flow at its top level is imported, not run; one that is gone is said to be."""
    project.write(
        "script.py",
        """
        from kitaru import checkpoint, flow

        @checkpoint
        def one(x: int) -> int:
            return x + 1

        @flow
        def f(x: int) -> int:
            return one(x)

        handle = f.run(1)
        print(handle.exec_id, handle.wait())
        raise SystemExit(0)
        """,
    )
    exec_id = project.run("script.py").stdout.split()[0]
    done = project.kitaru("executions", "replay", exec_id, "--at", "one", "--input", '{"x": 5}')
    assert done.stdout == "6\n"
    assert len(json.loads(project.kitaru("executions", "list", "--output", "json").stdout)) == 2
    Path(project.path / "script.py").unlink()
    failed = project.kitaru("executions", "replay", exec_id, check=False)
    assert failed.returncode == 1
    assert "Replay it from where its code is" in failed.stderr
