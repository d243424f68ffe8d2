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

SCRIPT = """
import asyncio, os, signal, sys
from pathlib import Path
from typing import Literal
from pydantic import BaseModel
import kitaru
from kitaru import KitaruBackendError, KitaruUsageError, checkpoint, flow

class Place(BaseModel):
    name: str
    people: int

def refused(kind, call, *words):
    try: call()
    except kind as error:
        assert all(word in str(error) for word in words), error
        return str(error)

@checkpoint
def inside(topic: str) -> str:
    first = kitaru.llm(f"inside {topic}", name="hint")
    kitaru.llm("by a long name", name="a/b " + "x" * 300)
    return first + " " + kitaru.llm("inside again", name="hint")

@flow(retries=1)
def ask():
    text = kitaru.llm("say hello", system="Be brief.", temperature=0, max_tokens=20)
    place = kitaru.llm("which place", output_type=Place, model="fast", name="place")
    assert type(place) is Place
    word = kitaru.llm([{"role": "user", "content": "pick"}], output_type=Literal["good", "bad"], name="word")
    if not Path("crashed").exists():
        Path("crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    both = asyncio.run(talk())
    kitaru.llm("by another long name", name="x" * 300)
    assert refused(KitaruBackendError, lambda: kitaru.llm("be refused"), "fast-model", "did not answer", "***")
    assert refused(KitaruBackendError, lambda: kitaru.llm("never fits", output_type=int), "2 times")
    return [text, place, word, *both, inside("tides")]

async def talk():
    return await asyncio.gather(kitaru.llm("one", name="at_once"), kitaru.llm("two", name="at_once"))

@flow
def cached():
    assert refused(KitaruUsageError, lambda: kitaru.llm(""), "question")
    assert refused(KitaruUsageError, lambda: kitaru.llm([{"role": "boss", "content": "x"}]), "boss", "assistant")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", temperature=9), "temperature=9")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", max_tokens=0), "max_tokens=0")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", model="fats"), "fats", "Did you mean 'fast'")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", output_type=object()), "output_type")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", name=""), "name")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", name="--"), "name")
    for alias, secret in {"odd": "password", "lost": "gone"}.items():
        kitaru.set_secret(secret, {"password": "x", "region": "y"})
        kitaru.register_model(alias, "openai-chat:x", secret=secret)
    kitaru.delete_secret("gone")
    # Where a key was looked for is told of keys, and of nothing else.
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", model="openai:y"), "OPENAI_API_KEY", "the environment (")
    assert "looked" not in refused(KitaruUsageError, lambda: kitaru.llm("x", model="nobody:x"), "nobody:x")
    assert "looked" not in refused(KitaruUsageError, lambda: kitaru.llm("x", model="odd"), "password", "api_key")
    assert refused(KitaruUsageError, lambda: kitaru.llm("x", model="lost"), "'lost'", "no secret 'gone'", "set gone")
    return kitaru.llm("say hello", system="Be brief.", temperature=0, max_tokens=20)

if __name__ == "__main__":
    handle = globals()[sys.argv[1]].run()
    try:
        print(handle.wait(progress=False))
    finally:
        print(handle.execution.model_dump_json())
"""


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


def test_questions_are_asked_once_and_their_keys_are_nowhere(project: Project) -> None:
    project.write("main.py", SCRIPT)
    with model_server(answer) as server:
        # The key reaches the store by stdin; nothing of it is printed.
        stored = project.kitaru("secrets", "set", "openai-creds", "api_key", "--output", "json", stdin=f"{KEY}\n")
        assert json.loads(stored.stdout)["keys"] == ["api_key"]
        project.kitaru("secrets", "set", "openai-creds", "OPENAI_BASE_URL=@WHERE", env={"WHERE": server.url})
        told = project.kitaru(
            "model", "register", "fast", "--model", "openai-chat:fast-model", "--secret", "openai-creds"
        )
        assert told.stdout == "fast is openai-chat:fast-model, the default.\n"

        ran = project.run("main.py", "ask")
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
        ran = project.run("main.py", "cached")
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
    project.write(
        "main.py",
        """
        import sys
        import kitaru
        from kitaru import KitaruUsageError
        from kitaru.secrets import delete_secret, get_secret, list_secrets, set_secret

        def refused(call, *words):
            try: call()
            except KitaruUsageError as error:
                assert all(word in str(error) for word in words), error
                return True

        assert list_secrets() == [] and kitaru.list_models() == []
        assert refused(lambda: kitaru.llm("x"), "no default", "kitaru model register")
        assert refused(lambda: set_secret("a b", {"k": "v"}), "'a b'")
        assert refused(lambda: set_secret("a", {}), "one value") and refused(lambda: set_secret("a", {"k": ""}), "nothing")
        assert refused(lambda: set_secret("a", {"k": 12345}), "int")
        assert set_secret("creds", {"api_key": "one", "region": "eu"}).keys == ("api_key", "region")
        assert set_secret("creds", {"api_key": "two"}).keys == ("api_key", "region")
        assert get_secret("creds") == {"api_key": "two", "region": "eu"}
        assert refused(lambda: get_secret("cresd"), "Did you mean 'creds'")

        assert refused(lambda: kitaru.register_model("a", "gpt"), "PROVIDER:MODEL")
        assert refused(lambda: kitaru.register_model("a b", "x:y"), "'a b'")
        assert refused(lambda: kitaru.register_model("a", "x:y", secret="nowhere"), "nowhere")
        assert kitaru.register_model("a", "test:one", secret="creds").is_default
        assert not kitaru.register_model("b", "test:two").is_default
        assert kitaru.register_model("a", "test:three").secret is None
        kitaru.set_default_model("b")
        assert [(m.alias, m.model, m.is_default) for m in kitaru.list_models()] == [
            ("a", "test:three", False), ("b", "test:two", True)]
        assert refused(lambda: kitaru.delete_model("c"), "no model alias 'c'")
        kitaru.delete_model("b")
        assert [m.is_default for m in kitaru.list_models()] == [False]
        assert [s.name for s in list_secrets()] == ["creds"] and list_secrets()[0].keys == ("api_key", "region")
        delete_secret("creds")
        assert list_secrets() == []
        set_secret("left", {"word": "visible"})
        assert "pydantic_ai" in sys.modules  # llm() has loaded it, and nothing before did
        """,
    )
    project.run("main.py")
    assert "visible" in project.kitaru("secrets", "show", "left", "--reveal").stdout
    # One value is all of stdin, and several are its lines.
    project.kitaru("secrets", "set", "piped", "account", stdin='{\n  "key": "x"\n}\n')
    project.kitaru("secrets", "set", "piped", "one", "two", "three=3", stdin="1\n2\n")
    revealed = project.kitaru("secrets", "show", "piped", "--reveal", "--output", "json").stdout
    assert json.loads(revealed) == {"account": '{\n  "key": "x"\n}', "one": "1", "two": "2", "three": "3"}
    for given, stdin, told in (
        (("a", "b"), "1\n", "No value for 'b'"),
        (("a", "b"), "1\n2\n3\n", "3 lines for 2 values: a, b"),
        (("a=1", "a=2"), "", "Key 'a' is given twice"),
        (("=1",), "", "'' is no name"),
    ):
        refused = project.kitaru("secrets", "set", "piped", *given, stdin=stdin, check=False)
        assert (refused.returncode, told in refused.stderr) == (2, True), refused.stderr
    missing = project.kitaru("secrets", "show", "nothing", check=False)
    assert missing.returncode == 2
    assert "no secret 'nothing'" in missing.stderr
    assert "a" in project.kitaru("model", "list").stdout


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
