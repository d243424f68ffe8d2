"""Durable LangGraph agents: each model call and each tool call becomes a checkpoint of a Kitaru flow.

Example:
    >>> agent = KitaruGraph(  # doctest: +SKIP
    ...     create_react_agent(durable_model(model), durable_tools([search]), checkpointer=InMemorySaver()), name="guide"
    ... )
    >>> @flow  # doctest: +SKIP
    ... def research(topic: str) -> str:
    ...     return agent.invoke({"messages": [("user", topic)]})["messages"][-1].content
"""

try:
    import langgraph.types  # noqa: F401 - what everything here stands on
except ImportError as error:
    raise ImportError(
        "kitaru_langgraph needs LangGraph 1.2, which is not installed: pip install 'langgraph>=1.2,<1.3'"
    ) from error

from kitaru_langgraph._graph import KitaruGraph
from kitaru_langgraph._model import durable_model
from kitaru_langgraph._tools import durable_tools

__all__ = ["KitaruGraph", "durable_model", "durable_tools"]
