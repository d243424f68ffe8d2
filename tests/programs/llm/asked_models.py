"""Flows that ask models: once each, over a crash, with what is refused, and from the cache."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from expecting import raised
from pydantic import BaseModel

import kitaru
from kitaru import KitaruBackendError, KitaruUsageError, checkpoint, flow

if TYPE_CHECKING:
    from kitaru import Flow

# As Any: the type of llm() does not say that async code awaits what it returns.
llm: Any = kitaru.llm


class Place(BaseModel):
    name: str
    people: int


@checkpoint
def inside(topic: str) -> str:
    first: str = llm(f"inside {topic}", name="hint")
    llm("by a long name", name="a/b " + "x" * 300)
    again: str = llm("inside again", name="hint")
    return f"{first} {again}"


@flow(retries=1)
def ask() -> list[Any]:
    text = llm("say hello", system="Be brief.", temperature=0, max_tokens=20)
    place = llm("which place", output_type=Place, model="fast", name="place")
    assert type(place) is Place
    word = llm([{"role": "user", "content": "pick"}], output_type=Literal["good", "bad"], name="word")
    if not Path("crashed").exists():
        Path("crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    both = asyncio.run(talk())
    llm("by another long name", name="x" * 300)
    raised(KitaruBackendError, lambda: llm("be refused"), "fast-model", "did not answer", "***")
    raised(KitaruBackendError, lambda: llm("never fits", output_type=int), "2 times")
    return [text, place, word, *both, inside("tides")]


async def talk() -> list[str]:
    answers: list[str] = await asyncio.gather(llm("one", name="at_once"), llm("two", name="at_once"))
    return answers


@flow
def cached() -> str:
    wrong_questions_are_refused()
    for alias, secret in {"odd": "password", "lost": "gone"}.items():
        kitaru.set_secret(secret, {"password": "x", "region": "y"})
        kitaru.register_model(alias, "openai-chat:x", secret=secret)
    kitaru.delete_secret("gone")
    models_without_a_key_are_refused()
    text: str = llm("say hello", system="Be brief.", temperature=0, max_tokens=20)
    return text


def refused(*words: str, prompt: Any = "x", **options: Any) -> str:
    """Return why a question is refused, which must have all the words in it."""
    return str(raised(KitaruUsageError, partial(llm, prompt, **options), *words))


def wrong_questions_are_refused() -> None:
    refused("question", prompt="")
    refused("boss", "assistant", prompt=[{"role": "boss", "content": "x"}])
    refused("temperature=9", temperature=9)
    refused("max_tokens=0", max_tokens=0)
    refused("fats", "Did you mean 'fast'", model="fats")
    refused("output_type", output_type=object())
    refused("name", name="")
    refused("name", name="--")


def models_without_a_key_are_refused() -> None:
    """Where a key was looked for is told of keys, and of nothing else."""
    refused("OPENAI_API_KEY", "the environment (", model="openai:y")
    assert "looked" not in refused("nobody:x", model="nobody:x")
    assert "looked" not in refused("password", "api_key", model="odd")
    refused("'lost'", "no secret 'gone'", "set gone", model="lost")


FLOWS: dict[str, Flow[[], Any]] = {"ask": ask, "cached": cached}


def main(name: str) -> None:
    handle = FLOWS[name].run()
    try:
        print(handle.wait(progress=False))
    finally:
        print(handle.execution.model_dump_json())


if __name__ == "__main__":
    main(sys.argv[1])
