"""What every adapter of an agent framework has to show, on the framework's own agents and real processes.

An adapter subclasses :class:`Conformance` and names a script. The script defines these flows, their agents talk to
``gpt-4o-mini`` by chat completions at ``OPENAI_BASE_URL`` (to a Claude by messages at ``ANTHROPIC_BASE_URL``), and what
it shares with other frameworks is in ``common``:

=============  =====================================================================================================
``ten_turns``  agent "walker" with a tool ``step(number: int) -> str`` that notes ``step NUMBER``, and crashes once in
               the sixth; returns its answer; ``retries=1``
``at_once``    agent "reader", which streams, with two tools. ``fetch(page: str) -> str`` notes ``fetch PAGE``; for
               pages a, b and c it waits until all three are there, for d it crashes once. ``unsteady() -> str`` notes
               ``unsteady`` and raises ConnectionError the first time, and is tried twice. Each piece of streamed text
               is noted as ``piece TEXT``; ``retries=1``
``approval``   agent "keeper" with a tool ``delete(path: str) -> str`` that notes ``delete PATH`` and needs a person's
               approval, asked for by ``kitaru.wait(timeout=0)``
=============  =====================================================================================================

``python flows.py NAME`` passes the flow to ``common.report``, ``approval`` with the answers True and False. ``python flows.py outside`` runs the walker with no flow
around it, prints its answer, and loads nothing of ZenML.

The adapter's README has one block of Python, a program with an agent "writer" and a tool ``tide_table(port: str)``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.conformance.model_server import Answer, Asked, model_server
from tests.traces import holders_of

if TYPE_CHECKING:
    from collections.abc import Callable

# A key that no log, no file and no metadata may hold.
KEY = "sk-marked-4f1d2c7b9a"


def walk(asked: Asked) -> Answer:
    """Nine steps, and then an answer."""
    if asked.turn < 10:
        return Answer(calls=(("step", {"number": asked.turn}),), tokens=(1000 * asked.turn, 100))
    return Answer(f"walked {len(asked.results)} steps", tokens=(10_000, 100))


def read(asked: Asked) -> Answer:
    """Three pages at once, then one, then a tool that fails, then an answer."""
    turns = {
        1: tuple(("fetch", {"page": page}) for page in "abc"),
        2: (("fetch", {"page": "d"}),),
        3: (("unsteady", {}),),
    }
    return Answer(calls=turns[asked.turn]) if asked.turn in turns else Answer(" ".join(asked.results))


def keep(asked: Asked) -> Answer:
    """Two things to delete, one after the other."""
    paths = {1: "old.txt", 2: "new.txt"}
    if asked.turn in paths:
        return Answer(calls=(("delete", {"path": paths[asked.turn]}),))
    return Answer(" | ".join(asked.results))


def tides(asked: Asked) -> Answer:
    """The tides of a port, and then what they mean."""
    return Answer("Low at six.") if asked.results else Answer(calls=(("tide_table", {"port": "Husum"}),))


class Conformance:
    """The suite.

    Attributes:
        flows: The adapter's script.
        model: Name of the checkpoints of model requests, behind the agent's name.
        approve: Name of the wait for an approval of the tool ``delete``.
        deletions: How often that tool is begun once it is approved of: twice where it crashes the first time.
        writer: Names of the checkpoints of the README's program.
    """

    flows: ClassVar[Path]
    model: ClassVar[str] = "model"
    approve: ClassVar[str] = "keeper_approve_delete"
    deletions: ClassVar[int] = 1
    writer: ClassVar[tuple[str, ...]] = ("writer_model", "writer_tide_table", "writer_model_2")

    def answering(self, script: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        """Return how the model answers, for a framework that asks in another way."""
        return script

    @pytest.fixture
    def script(self, project: Any) -> Any:
        shutil.copy(self.flows, project.path / "flows.py")
        shutil.copy(Path(__file__).with_name("common.py"), project.path / "common.py")
        return project

    def test_an_agent_killed_after_its_sixth_turn_pays_for_ten(self, script: Any) -> None:
        with model_server(self.answering(walk)) as server:
            ran = script.run("flows.py", "ten_turns", env=server.env(KEY))
        told = json.loads(ran.stdout.splitlines()[-1])
        execution = told["execution"]
        assert told["result"] == "walked 9 steps"
        assert len(server.asked) == 10, [asked.turn for asked in server.asked]
        assert {asked.key for asked in server.asked} == {KEY}
        # Only what was cut off is done twice.
        assert calls(script) == Counter({f"step {number}": 2 if number == 6 else 1 for number in range(1, 10)})
        assert [attempt["outcome"] for attempt in execution["attempts"]] == ["lost", "completed"]
        assert holders_of(KEY, script.home.path) == []
        self.check_the_walk(execution)

    def check_the_walk(self, execution: dict[str, Any]) -> None:
        """Look at the record of the ten turns."""
        # Each request and each tool call is one checkpoint, under a name that both attempts gave it.
        made = {call["name"]: call for call in execution["checkpoints"]}
        assert set(made) == numbered(f"walker_{self.model}", 10) | numbered("walker_step", 9)
        assert {name: len(call["attempts"]) for name, call in made.items() if len(call["attempts"]) > 1} == {
            "walker_step_6": 2
        }
        assert {call["type"] for call in made.values()} == {"llm_call", "tool_call"}

        # 55,000 tokens at 0.15 dollars a million, 1,000 at 0.60.
        used = execution["usage"]
        assert (used["calls"], used["input_tokens"], used["output_tokens"]) == (10, 55_000, 1000), used
        assert used["cost"] == pytest.approx(55_000 * 0.15e-6 + 1000 * 0.60e-6)
        assert made[f"walker_{self.model}_2"]["usage"]["input_tokens"] == 2000
        assert made["walker_step"]["usage"] is None

    def test_calls_at_once_streams_and_failures_come_through_a_crash(self, script: Any) -> None:
        with model_server(self.answering(read)) as server:
            ran = script.run("flows.py", "at_once", env=server.env(KEY))
        told = json.loads(ran.stdout.splitlines()[-1])
        assert told["result"] == "page a page b page c page d steady"
        assert [asked.turn for asked in server.asked] == [1, 2, 3, 4]
        assert all(asked.body.get("stream") for asked in server.asked)
        noted = calls(script)
        assert [noted[f"fetch {page}"] for page in "abcd"] == [1, 1, 1, 2]
        assert noted["unsteady"] == 2
        assert sum(count for what, count in noted.items() if what.startswith("piece ")) > 3, noted
        self.check_the_reading(told["execution"])

    def check_the_reading(self, execution: dict[str, Any]) -> None:
        """Look at the record of what was read at the same time."""
        made = {call["name"]: call for call in execution["checkpoints"]}
        assert set(made) == numbered(f"reader_{self.model}", 4) | numbered("reader_fetch", 4) | {"reader_unsteady"}
        assert [attempt["status"] for attempt in made["reader_unsteady"]["attempts"]] == ["failed", "completed"]
        assert len(made["reader_fetch_4"]["attempts"]) == 2
        # What came after what: the three after the first request, the second request after all three.
        assert [made[name]["parents"] for name in ("reader_fetch", "reader_fetch_3")] == [[f"reader_{self.model}"]] * 2
        assert made[f"reader_{self.model}_2"]["parents"] == ["reader_fetch", "reader_fetch_2", "reader_fetch_3"]
        # Behind the crash as before it.
        assert made[f"reader_{self.model}_3"]["parents"] == ["reader_fetch_4"]
        assert execution["usage"]["calls"] == 4

    def test_a_person_approves_and_refuses(self, script: Any) -> None:
        with model_server(keep) as server:
            ran = script.run("flows.py", "approval", env=server.env(KEY))
        told = json.loads(ran.stdout.splitlines()[-1])
        assert told["result"].startswith("deleted old.txt | ")
        assert "deleted new.txt" not in told["result"]
        assert calls(script) == Counter({"delete old.txt": self.deletions})
        assert len(server.asked) == 3
        waits = told["execution"]["waits"]
        assert [wait["name"] for wait in waits] == [self.approve, f"{self.approve}_2"]
        assert all("delete" in wait["question"] and "txt" in wait["question"] for wait in waits)

    def test_outside_a_flow_the_framework_works_as_ever(self, script: Any) -> None:
        script.write("crashed", "")
        with model_server(walk) as server:
            ran = script.run("flows.py", "outside", env=server.env(KEY), loads=True)
        assert ran.stdout.strip() == "walked 9 steps"
        assert len(server.asked) == 10
        assert calls(script) == Counter({f"step {number}": 1 for number in range(1, 10)})

    def test_the_readme_does_what_it_says(self, script: Any) -> None:
        readme = self.flows.parents[1] / "README.md"
        (block,) = re.findall(r"^```python\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        assert all(f"`{name}`" in readme.read_text(encoding="utf-8") for name in self.writer)
        names = "*(call.name for call in KitaruClient().executions.latest().checkpoints)"
        script.write("block.py", f"{block}    from kitaru import KitaruClient; print({names})\n")
        with model_server(tides) as server:
            env = {"KITARU_LOCAL_RUNNER": "inline", "OPENAI_AGENTS_DISABLE_TRACING": "1"}
            told = script.run("block.py", env={**server.env(KEY), **env}).stdout.splitlines()
        assert told[-2] == "Low at six."
        assert sorted(told[-1].split()) == sorted(self.writer)
        assert {asked.results[-1] for asked in server.asked if asked.results} <= {"Husum: high 00:12, low 06:31"}


def calls(script: Any) -> Counter[str]:
    """How often each thing was done."""
    return Counter((script.path / "calls.log").read_text(encoding="utf-8").splitlines())


def numbered(name: str, count: int) -> set[str]:
    """The names of so many calls of a checkpoint."""
    return {name, *(f"{name}_{number}" for number in range(2, count + 1))}
