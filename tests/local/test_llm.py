"""``kitaru.llm``, aliases of models and secrets, against a model server on loopback; and where no key may be found."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.model_server import Answer, Asked, model_server
from tests.traces import holders_of

if TYPE_CHECKING:
    from tests.conftest import Project

KEY = "sk-marked-0c6e8f5a7b31"

ONCE = (
    "say hello",
    "which place",
    "one",
    "two",
    "be refused",
    "inside tides",
    "inside again",
    "by a long name",
    "by another long name",
)


def answer(asked: Asked) -> Answer:
    [question, *_] = [m["content"] for m in asked.messages if m["role"] == "user"]
    if question == "be refused":
        return Answer(f"Incorrect API key provided: {asked.key}", status=401)
    given: dict[str, Any] = {"which place": {"name": "Ulm", "people": 126_000}, "pick": "good"}
    if question in given:
        # The first answer does not fit; the complaint about it is followed.
        fits = asked.turn == 2 or question == "which place"
        return Answer(calls=(("answer", {"answer": given[question] if fits else "so-so"}),))
    if question == "never fits":
        return Answer(calls=(("answer", {"answer": "many"}),))
    return Answer(f"<{question}>")


def register_the_model(project: Project, url: str) -> None:
    # The key reaches the store by stdin; nothing of it is printed.
    stored = project.kitaru("secrets", "set", "openai-creds", "api_key", "--output", "json", stdin=f"{KEY}\n")
    assert json.loads(stored.stdout)["keys"] == ["api_key"]
    project.kitaru("secrets", "set", "openai-creds", "OPENAI_BASE_URL=@WHERE", env={"WHERE": url})
    model = ("--model", "openai-chat:fast-model", "--secret", "openai-creds")
    registered = project.kitaru("model", "register", "fast", *model)
    assert registered.stdout == "fast is openai-chat:fast-model, the default.\n"


def test_questions_are_asked_once_and_their_keys_are_nowhere(project: Project) -> None:
    project.take("expecting.py", "llm/asked_models.py")
    with model_server(answer) as server:
        register_the_model(project, server.url)
        ran = project.run("asked_models.py", "ask")
        result, execution = ran.stdout.splitlines()[-2], json.loads(ran.stdout.splitlines()[-1])
        assert result == (
            "['<say hello>', Place(name='Ulm', people=126000), 'good', '<one>', '<two>', '<inside tides> <inside again>']"
        )
        questions = [next(m["content"] for m in asked.messages if m["role"] == "user") for asked in server.asked]
        assert Counter(questions) == {**dict.fromkeys(ONCE, 1), "pick": 2, "never fits": 2}
        assert {asked.key for asked in server.asked} == {KEY}
        first = server.asked[0].body
        assert (first["model"], first["temperature"]) == ("fast-model", 0)
        assert first["messages"][0] == {"role": "system", "content": "Be brief."}

        made = {call["name"]: call for call in execution["checkpoints"]}
        assert {"llm", "place", "word", "at_once", "at_once_2", "inside"} <= set(made)
        assert made["llm"]["type"] == "llm_call"
        assert made["llm"]["metadata"]["llm"]["input_tokens"] == 100
        assert made["word"]["usage"]["calls"] == 2
        assert made["inside"]["usage"]["calls"] == 3
        long = ("a_b_" + "x" * 300)[:120]
        assert set(made["inside"]["metadata"]) == {"hint", long, "hint_2"}
        assert made["inside"]["metadata"]["hint"]["cost"] == pytest.approx(made["inside"]["usage"]["cost"] / 3)
        assert {"hint", long, "hint_2"} <= {artifact["name"] for artifact in execution["artifacts"]}
        assert execution["usage"]["calls"] == 12

        # Another execution takes the answer from the cache.
        before = len(server.asked)
        ran = project.run("asked_models.py", "cached")
        assert ran.stdout.splitlines()[-2] == "<say hello>"
        usage = json.loads(ran.stdout.splitlines()[-1])["usage"]
        assert (usage["calls"], usage["saved"]["calls"], len(server.asked)) == (0, 1, before)

    # The secret store of ZenML holds the key; no log, no artifact, no metadata and no message does.
    assert KEY not in ran.stdout + ran.stderr
    assert holders_of(KEY, project.home.path) == []
    assert holders_of(KEY, project.path) == []
    shown = project.kitaru("secrets", "show", "openai-creds").stdout
    assert KEY not in shown
    assert "***" in shown


def test_secrets_and_aliases_are_listed_changed_and_deleted(project: Project) -> None:
    project.take("expecting.py", "llm/secrets_and_aliases.py")
    project.run("secrets_and_aliases.py")
    assert "visible" in project.kitaru("secrets", "show", "left", "--reveal").stdout
    # One value is all of stdin, and several are its lines.
    project.kitaru("secrets", "set", "piped", "account", stdin='{\n  "key": "x"\n}\n')
    project.kitaru("secrets", "set", "piped", "one", "two", "three=3", stdin="1\n2\n")
    revealed = project.kitaru("secrets", "show", "piped", "--reveal", "--output", "json").stdout
    assert json.loads(revealed) == {"account": '{\n  "key": "x"\n}', "one": "1", "two": "2", "three": "3"}
    for given, stdin, message in (
        (("a", "b"), "1\n", "No value for 'b'"),
        (("a", "b"), "1\n2\n3\n", "3 lines for 2 values: a, b"),
        (("a=1", "a=2"), "", "Key 'a' is given twice"),
        (("=1",), "", "'' is no name"),
    ):
        refused = project.kitaru("secrets", "set", "piped", *given, stdin=stdin, check=False)
        assert (refused.returncode, message in refused.stderr) == (2, True), refused.stderr
    missing = project.kitaru("secrets", "show", "nothing", check=False)
    assert missing.returncode == 2
    assert "no secret 'nothing'" in missing.stderr
    listed = json.loads(project.kitaru("model", "list", "--output", "json").stdout)
    assert [model["alias"] for model in listed] == ["a"]


def test_the_page_on_agents_runs(project: Project) -> None:
    page = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    project.write("block.py", block)
    ran = project.run("block.py", env={"KITARU_LLM_MOCK": '"upset"'})
    assert ran.stdout.splitlines()[-1] == "call back at once: It broke again!"


def test_without_its_extra_the_error_says_how_to_install_it(project: Project) -> None:
    project.write("pydantic_ai.py", "")
    ran = project.run("-c", "import kitaru; kitaru.llm('x')", check=False)
    assert "pip install 'kitaru-zenml[llm]'" in ran.stderr
    assert "requirements=['kitaru-zenml[llm]']" in ran.stderr
