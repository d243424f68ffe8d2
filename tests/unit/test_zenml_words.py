"""Words that ZenML users type are answered with ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru import KitaruUsageError, checkpoint, flow
from kitaru._core.settings.zenml_keys import CHECKPOINT, FLOW
from kitaru._core.words.zenml_words import CHECKPOINT_WORDS, FLOW_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable


@checkpoint
def fetch(page: int) -> int:
    return page


@flow
def report(page: int) -> int:
    return fetch(page)


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(KitaruUsageError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_all_that_zenml_takes_is_answered() -> None:
    assert set(CHECKPOINT.supported) <= CHECKPOINT_WORDS.keys() | {"settings"}  # which is an option of checkpoints
    assert set(FLOW.supported) <= FLOW_WORDS.keys() | {"tags"}  # which is an option of flows


@pytest.mark.parametrize("word", CHECKPOINT_WORDS)
def test_a_checkpoint_answers_to_zenmls_words(word: str) -> None:
    ours = CHECKPOINT_WORDS[word]
    assert ours in refusal(checkpoint, **{word: "x"})
    assert ours in refusal(fetch.bind, (1,), {word: "x"}) or f"fetch.with_options({word}=...)" in refusal(
        fetch.bind, (1,), {word: "x"}
    )
    if word not in ("id", "after"):  # which are options of calls here, too
        assert ours in refusal(fetch.with_options, **{word: "x"})


@pytest.mark.parametrize("word", FLOW_WORDS)
def test_a_flow_answers_to_zenmls_words(word: str) -> None:
    ours = FLOW_WORDS[word]
    assert ours in refusal(flow, **{word: "x"})
    assert ours in refusal(report.with_options, **{word: "x"})
    assert ours in refusal(report.run, 1, **{word: "x"})


def test_options_that_are_given_as_arguments_are_told_apart_from_them() -> None:
    assert "report.with_options(tags=...)" in refusal(report.run, 1, tags=["x"])
    assert "report.run(...).wait()" in refusal(report, 1)
    assert "Did you mean 'retries'?" in refusal(report.run, 1, retrie=1)


@pytest.mark.parametrize("name", ["{date", "x}", "{}", "{0}", "{date.year}", "{date!r}", "{date:%Y}"])
def test_a_name_with_strange_braces_is_refused(name: str) -> None:
    assert "report.with_options(name=)" in refusal(report.with_options, name=name)


def test_options_that_contradict_each_other_are_named_both() -> None:
    told = refusal(checkpoint, runtime="process", resources={"cpu_count": 1})
    assert "resources={'cpu_count': 1} and runtime='process' contradict each other" in told
    sized = checkpoint(resources={"cpu_count": 1})(lambda: None)
    assert sized.with_options(runtime="process", resources={}).options.resources == {}
    assert "max_memory" in refusal(fetch.with_options, runtime="inline", max_memory="1GB")


def test_tags_of_a_flow_add_up() -> None:
    tagged = flow(tags=["a"])(report.func).with_options(tags=["b", "a"])
    assert [dict(layer).get("tags") for layer in tagged.options] == [("b", "a"), ("a",)]
