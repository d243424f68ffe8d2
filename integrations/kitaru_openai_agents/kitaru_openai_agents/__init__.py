"""Durable agents of the OpenAI Agents SDK: each model request and each tool call is a checkpoint of a Kitaru flow.

Example:
    >>> @flow  # doctest: +SKIP
    ... def research(topic: str) -> str:
    ...     return KitaruRunner.run_sync(agent, topic).final_output
"""

try:
    import agents  # noqa: F401 - what everything here stands on
except ImportError as error:
    raise ImportError(
        "kitaru_openai_agents needs the OpenAI Agents SDK 0.24, which is not installed: "
        "pip install 'openai-agents>=0.24,<0.25'"
    ) from error

from kitaru_openai_agents._runner import KitaruRunner

__all__ = ["KitaruRunner"]
