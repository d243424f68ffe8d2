"""Durable PydanticAI agents: each model request and each tool call becomes a checkpoint of a Kitaru flow.

Example:
    >>> agent = KitaruAgent(Agent("openai-chat:gpt-4o-mini", name="researcher"))  # doctest: +SKIP
    >>> @flow  # doctest: +SKIP
    ... def research(topic: str) -> str:
    ...     return agent.run_sync(topic).output
"""

try:
    import pydantic_ai.durable_exec  # noqa: F401 - what everything here stands on
except ImportError as error:
    raise ImportError(
        "kitaru_pydantic_ai needs PydanticAI 2.68, which is not installed: pip install 'pydantic-ai-slim>=2.68,<2.69'"
    ) from error

from kitaru_pydantic_ai._agent import KitaruAgent
from kitaru_pydantic_ai._backend import ToolOptions
from kitaru_pydantic_ai._durability import KitaruDurability

__all__ = ["KitaruAgent", "KitaruDurability", "ToolOptions"]
