"""A flow asks a person in the middle, for a second or for days."""

from __future__ import annotations

ASKING = """
    import asyncio
    from typing import Literal
    from pathlib import Path
    from pydantic import BaseModel
    import kitaru
    from kitaru import checkpoint, flow

    class Review(BaseModel):
        stars: int
        remark: str = ""

    @checkpoint(cache=False)
    def part(n: int) -> int:
        with Path("ran.txt").open("a") as file:
            print("part", n, file=file)
        return n

    @flow
    def several() -> list:
        parts = part.map([1, 2, 3])  # a wait after a fan-out
        answers = [kitaru.wait(question="Go on?")]
        for _ in range(2):
            answers.append(kitaru.wait(int, name="number"))
        answers.append(kitaru.wait(Literal["red", "green"], name="colour", metadata={"why": "taste"}))
        answers.append(kitaru.wait(Review, name="review"))
        answers.append(kitaru.wait(str, name="text"))
        return [sum(parts.results()), *answers]

    @flow
    async def concurrent() -> list:
        return await asyncio.gather(kitaru.wait(int, name="a"), kitaru.wait(int, name="b"))

    @flow
    def patient() -> str:
        first = part(7)
        return f"{first} {kitaru.wait(str, name='word', timeout=0)} {part(8)}"
"""


HALF = """
    import os
    from pathlib import Path
    import kitaru
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    store_metadata = SqlZenStore.create_run_metadata

    def die_once(store, request):
        if request.resources[0].type == "wait_condition" and not Path("died").exists():
            Path("died").touch()
            os._exit(1)
        return store_metadata(store, request)

    SqlZenStore.create_run_metadata = die_once

    @kitaru.flow
    def half_asked() -> str:
        return kitaru.wait(str, name="late", metadata={"why": "a crash"})
"""


def test_answers_of_every_type_while_the_runner_looks(project):
    project.write("asking.py", ASKING)
    project.write("half.py", HALF)
    project.write(
        "main.py",
        """
        import time
        from asking import Review, concurrent, several
        from half import half_asked
        from kitaru import KitaruClient, KitaruStateError, KitaruWaitValidationError

        client = KitaruClient().executions
        handle = several.run()

        def pending(handle, name):
            while True:
                wait = client.get(handle.exec_id).pending_wait
                if wait is not None and wait.name == name:
                    assert handle.status == "waiting"
                    return wait
                assert not handle.status.is_finished, handle.get()
                time.sleep(0.05)

        def refused(value, **options):
            try:
                client.input(handle.exec_id, value=value, **options)
            except KitaruWaitValidationError as error:
                assert "goes on waiting" in str(error) and handle.status == "waiting", error
            else:
                raise AssertionError(f"{value!r} was taken")

        assert pending(handle, "wait").question == "Go on?"
        refused("yes")
        try:
            client.input(handle.exec_id, value=True, wait="other")
        except KitaruStateError as error:
            assert "'other'" in str(error) and "'wait'" in str(error)
        client.input(handle.exec_id, value=True)
        pending(handle, "number")
        refused("3")
        refused(True)
        client.input(handle.exec_id[:8], value=3)
        pending(handle, "number_2")
        client.input(handle.exec_id, value=4, wait="number_2")
        colour = pending(handle, "colour")
        assert colour.metadata == {"why": "taste"} and colour.json_schema["enum"] == ["red", "green"]
        refused("blue")
        client.input(handle.exec_id, value="green")
        pending(handle, "review")
        assert list(client.pending_waits()) == [handle.exec_id]
        refused({"stars": "many"})
        refused({"stars": 5, "remrk": "fine"})  # a slip: what was meant would be lost
        client.input(handle.exec_id, value=Review(stars=5, remark="fine"))
        pending(handle, "text")
        client.input(handle.exec_id, value="done")
        result = handle.wait(timeout=300)
        assert result == [6, True, 3, 4, "green", Review(stars=5, remark="fine"), "done"], result
        try:
            client.input(handle.exec_id, value=1)
        except KitaruStateError as error:
            assert "does not wait" in str(error)

        handle = concurrent.run()
        pending(handle, "a")
        client.input(handle.exec_id, value=1)
        pending(handle, "b")
        client.input(handle.exec_id, value=2)
        assert handle.wait(timeout=300) == [1, 2]

        handle = several.run()
        pending(handle, "wait")
        client.abort_wait(handle.exec_id)
        while not handle.status.is_finished:
            time.sleep(0.05)
        assert handle.status == "cancelled"

        # a runner that is lost between ZenML's two commits of a question: its metadata is there none the less
        handle = half_asked.run(retries=1)
        late = pending(handle, "late")
        while not late.metadata:
            late = pending(handle, "late")
        assert late.metadata == {"why": "a crash"} and len(handle.execution.attempts) == 2
        client.input(handle.exec_id, value="yes")
        assert handle.wait(timeout=300) == "yes"
        """,
    )
    project.run("main.py")


def test_a_paused_flow_has_no_process_and_an_answer_starts_it_again(project, home, eventually):
    project.write("asking.py", ASKING)
    project.write(
        "submit.py",
        """
        from asking import patient
        print(patient.run().exec_id)
        """,
    )
    exec_id = project.run("submit.py").stdout.strip()
    eventually(lambda: not home.processes(), timeout=300, what="the end of the paused flow's processes")
    project.write(
        "answer.py",
        """
        import sys
        from kitaru import FlowHandle, KitaruClient, KitaruStateError
        handle = FlowHandle.from_id(sys.argv[1])
        execution = handle.execution
        assert handle.status == execution.status == "waiting", execution
        assert execution.pending_wait.name == "word" and execution.attempts[-1].outcome == "waiting"
        for verb in (handle.resume, handle.retry):
            try:
                verb()
            except KitaruStateError as error:
                assert "kitaru executions input" in str(error)
            else:
                raise AssertionError(verb)
        handle.input("please")
        assert handle.wait(timeout=300) == "7 please 8"
        execution = handle.execution
        assert [(a.number, a.outcome) for a in execution.attempts] == [(1, "completed")], execution.attempts
        """,
    )
    project.run("answer.py", exec_id)
    assert (project.path / "ran.txt").read_text() == "part 7\npart 8\n"


def test_wait_and_its_kin_belong_into_a_flow(project):
    project.write(
        "main.py",
        """
        import kitaru
        from kitaru import KitaruContextError, KitaruUsageError, checkpoint, flow

        for call in (kitaru.wait, kitaru.current_execution_id, lambda: kitaru.log(a=1), lambda: kitaru.save("a", 1),
                     lambda: kitaru.progress("x")):
            try:
                call()
            except KitaruContextError as error:
                assert "outside a flow" in str(error)
            else:
                raise AssertionError(call)

        @checkpoint
        def inside() -> str:
            try:
                kitaru.wait()
            except KitaruContextError as error:
                return str(error)
            return ""

        @flow
        def f() -> list:
            refused = []
            for wrong in ({"timeout": -1}, {"timeout": True}, {"name": ""}, {"schema": object()}):
                try:
                    kitaru.wait(**wrong)
                except KitaruUsageError as error:
                    refused.append(str(error))
            for wrong in (lambda: kitaru.log(a=object()), lambda: kitaru.log(kitaru_x=1), lambda: kitaru.log(a=None),
                          lambda: kitaru.log(big="x" * 70_000), lambda: kitaru.progress("x", fraction=2),
                          lambda: kitaru.save("", 1), lambda: kitaru.save("x", 1, type="nonsense")):
                try:
                    wrong()
                except KitaruUsageError as error:
                    refused.append(str(error))
            assert kitaru.current_execution_id()
            return [len(refused), inside()]

        if __name__ == "__main__":
            count, message = f.run().wait(timeout=300)
            assert count == 11, count
            assert "between two checkpoints" in message, message
        """,
    )
    project.run("main.py")
