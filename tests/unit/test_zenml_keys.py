"""The words that ``zenml=`` and ``resources=`` take, and the table of them in the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow
from kitaru._core.settings.zenml_keys import CHECKPOINT, FLOW, Words, checked_zenml
from kitaru._core.settings.zenml_values import leaves, merged, plain
from kitaru.errors import KitaruUsageError

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| `(test_\w+)` \|$", re.MULTILINE)


def rows(words: Words) -> dict[str, tuple[str, str]]:
    """What the table of the documentation says of each word, and the test that it names."""
    title = {"@flow": "Of a flow", "@checkpoint": "Of a checkpoint"}[words.owner]
    text = (ROOT / "docs" / "zenml.md").read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.partition(f"### {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return {word: (told, test) for word, told, test in ROW.findall(section)}


@pytest.mark.parametrize("words", [FLOW, CHECKPOINT], ids=["flow", "checkpoint"])
def test_every_word_of_zenml_is_in_the_documentation_with_its_test(words: Words) -> None:
    told = rows(words)
    assert words.known_to_zenml() <= set(told)
    assert set(words.supported) <= set(told)
    refused = {word for word, (text, _) in told.items() if text.startswith("not here: ")}
    assert set(told) - refused == set(words.supported)
    for word in refused:
        assert told[word][0] == f"not here: {words.refusals[word]}"
    tests = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert [test for _, test in told.values() if f"def {test}(" not in tests] == []


@pytest.mark.parametrize("words", [FLOW, CHECKPOINT], ids=["flow", "checkpoint"])
def test_words_with_another_place(words: Words) -> None:
    for word, place in words.refusals.items():
        with pytest.raises(KitaruUsageError) as caught:
            checked_zenml({word: 1}, f"{words.owner}(zenml=)", words)
        assert str(caught.value) == f"{words.owner}(zenml=) has no key {word!r}: {place}."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zenml": {"taggs": []}}, "Did you mean 'tags'?"),
        ({"zenml": {"step_operator": "x"}}, "it belongs to @checkpoint(zenml={'step_operator': ...})"),
        ({"zenml": {"model": {"nam": "x"}}}, "model has no key 'nam'. Did you mean 'name'?"),
        ({"zenml": {"cache_policy": {"expire_after": 1}}}, "Did you mean 'expires_after'?"),
        ({"zenml": {"tags": [{"nam": "x"}]}}, "tags has no key 'nam'"),
        ({"zenml": {"tags": "x"}}, "tags must be a list, not str"),
        ({"zenml": {"settings": {"orchestrater": {}}}}, "Did you mean 'orchestrator'?"),
        ({"zenml": {"settings": {"docker": {}}}}, "say image="),
        ({"zenml": {"settings": {"orchestrator": {"synchronous": True}}}}, "wait by handle.wait()"),
        ({"zenml": {"settings": {"deployment": {"cor": {}}}}}, "Did you mean 'cors'?"),
        ({"zenml": {"extra": {"kitaru": 1}}}, "Kitaru keeps its record"),
        ({"zenml": {"execution_mode": "fail_fast"}}, "is always 'continue_on_failure'"),
        ({"zenml": {"extra": {"made": object()}}}, "extra.made gives object"),
        ({"zenml": 5}, "takes a mapping"),
        ({"resources": {"gpu_cont": 1}}, "Did you mean 'gpu_count'?"),
    ],
)
def test_wrong_words_of_a_flow_are_refused_where_they_are_given(options, message: str) -> None:
    with pytest.raises(KitaruUsageError, match=re.escape(message)):
        flow(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zenml": {"experiment_traker": "x"}}, "Did you mean 'experiment_tracker'?"),
        ({"zenml": {"enable_heartbeat": True}}, "it belongs to @flow(zenml={'enable_heartbeat': ...})"),
        ({"settings": {"deployment": {}}}, "it belongs to @flow"),
        ({"settings": {"step_operator": 5}}, "must be a mapping"),
        ({"zenml": {"tags": [{"name": "x"}]}}, "are texts"),
        ({"resources": {"gpu_cont": 1}}, "Did you mean 'gpu_count'?"),
    ],
)
def test_wrong_words_of_a_checkpoint_are_refused_where_they_are_given(options, message: str) -> None:
    with pytest.raises(KitaruUsageError, match=re.escape(message)):
        checkpoint(**options)


def test_each_layer_is_checked_where_it_is_given() -> None:
    with pytest.raises(KitaruUsageError, match=r"kitaru.configure\(zenml=\) has no key 'tag'"):
        kitaru.configure(zenml={"tag": ["x"]})


def test_checking_loads_no_zenml() -> None:
    code = (
        "import sys, kitaru\n"
        "@kitaru.checkpoint(zenml={'tags': ['a'], 'settings': {'orchestrator': {}}}, resources={'cpu_count': 1})\n"
        "def c(): ...\n"
        "@kitaru.flow(zenml={'model': {'name': 'm'}})\n"
        "def f(): ...\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('zenml', 'pydantic')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


class Said(BaseModel):
    name: str
    version: int | None = None


def test_objects_and_functions_become_plain_data() -> None:
    given = {"model": Said(name="m"), "policy": {"cache_func": plain, "files": (Path("a"), "b")}}
    assert plain(given, "here") == {
        "model": {"name": "m"},
        "policy": {"cache_func": "kitaru._core.settings.zenml_values.plain", "files": ["a", "b"]},
    }


def test_mappings_merge_key_by_key_and_lists_are_replaced() -> None:
    low = {"environment": {"A": 1, "B": 1}, "tags": ["a", "b"], "model": {"name": "m"}}
    high = {"environment": {"B": 2}, "tags": ["c"]}
    both = merged(low, high)
    assert both == {"environment": {"A": 1, "B": 2}, "tags": ["c"], "model": {"name": "m"}}
    assert dict(leaves(both, "zenml")) == {
        "zenml.environment.A": 1,
        "zenml.environment.B": 2,
        "zenml.tags": ["c"],
        "zenml.model.name": "m",
    }
