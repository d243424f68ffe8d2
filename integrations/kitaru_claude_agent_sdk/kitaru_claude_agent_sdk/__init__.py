"""Durable queries of the Claude Agent SDK: each query, and each call of an in-process tool, is a checkpoint.

Example:
    >>> claude = KitaruClaude(name="guide")  # doctest: +SKIP
    >>> @flow(retries=1)  # doctest: +SKIP
    ... def research(topic: str) -> str:
    ...     return claude.query_sync(prompt=topic)[-1].result
"""

try:
    import claude_agent_sdk  # noqa: F401 - what everything here stands on
except ImportError as error:
    raise ImportError(
        "kitaru_claude_agent_sdk needs the Claude Agent SDK 0.2, which is not installed: "
        "pip install 'claude-agent-sdk>=0.2.187,<0.3'"
    ) from error

from kitaru_claude_agent_sdk._claude import KitaruClaude
from kitaru_claude_agent_sdk._tools import durable_tools

__all__ = ["KitaruClaude", "durable_tools"]
