"""Flows in containers that ask models: by keys of secrets and of the environment, and by a wrong one."""

from __future__ import annotations

from pydantic_ai import Agent

import kitaru
from kitaru import KitaruBackendError, KitaruUsageError, checkpoint, flow
from kitaru_pydantic_ai import KitaruAgent

FROM_ENVIRONMENT = "openai-chat:fast-model"
writer = KitaruAgent(Agent(FROM_ENVIRONMENT, name="writer", defer_model_check=True))


@checkpoint(cache=False)
def inside() -> str:
    return kitaru.llm("inside a checkpoint", model="fast", name="hint")


@flow(cache=False)
def talk() -> list[str]:
    answers = [kitaru.llm("in the body", model="fast"), inside()]
    answers.append(kitaru.llm("by the environment", model=FROM_ENVIRONMENT))
    answers.append(writer.run_sync("by an agent").output)
    try:
        kitaru.llm("be refused", model="wrong", name="refused")
    except KitaruBackendError as error:
        print(error)
    return answers


@flow(cache=False)
def fail() -> str:
    try:
        kitaru.llm("by the environment", model=FROM_ENVIRONMENT, name="without_key")
    except KitaruUsageError as error:
        print(error)
    return kitaru.llm("be refused", model="wrong")
