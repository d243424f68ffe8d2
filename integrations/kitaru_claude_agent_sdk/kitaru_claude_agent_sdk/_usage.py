"""What a query has used, by what Claude Code says at its end.

A session that is taken up again tells the use of the one that it goes on with as well, so that it has to be subtracted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from claude_agent_sdk import AssistantMessage, ResultMessage

from kitaru import adapter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claude_agent_sdk import Message

    Used = Mapping[str, Mapping[str, Any]]

_COUNTED = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens", "costUSD")


def record(messages: Sequence[Message], before: Used | None, left: Sequence[Mapping[str, Any]] = ()) -> None:
    """Add a query to what the checkpoint has used; outside a checkpoint nothing is recorded.

    Args:
        messages: What the query has said.
        before: What the session that it took up had used; empty where it began one, None where that is not known.
        left: The model's answers to an attempt that was killed before it could tell what it used.
    """
    result = next((message for message in reversed(messages) if isinstance(message, ResultMessage)), None)
    if result is None:
        return
    requests = _requests(messages)
    amounts = _used(result, before, requests)
    unknown = [(answer["model"], _counted(answer.get("usage"))) for answer in left]
    if _tokens(amounts.values()) < _tokens([_counted(result.usage), *(used for _, used in unknown)]):
        for model, used in unknown:
            _add(model, used)
    else:  # Claude Code was ended in a way that let it write down what it had used
        requests.update(model for model, _ in unknown)
    for model, used in amounts.items():
        _add(model, used)
        for _ in range(requests[model] - 1):
            adapter.record_usage(model=model, cost=0.0)


def _add(model: str, used: Mapping[str, Any]) -> None:
    adapter.record_usage(
        model=model,
        provider="anthropic",
        input_tokens=int(used["inputTokens"] + used["cacheReadInputTokens"] + used["cacheCreationInputTokens"]),
        output_tokens=int(used["outputTokens"]),
        cache_read_tokens=int(used["cacheReadInputTokens"]),
        cache_write_tokens=int(used["cacheCreationInputTokens"]),
        cost=used.get("costUSD"),
    )


def _requests(messages: Sequence[Message]) -> Counter[str]:
    """Return how many times each model answered; what one answer holds comes as several messages."""
    answers = {
        (message.message_id or id(message), message.model)
        for message in messages
        if isinstance(message, AssistantMessage)
    }
    return Counter(model for _, model in answers)


def _used(result: ResultMessage, before: Used | None, requests: Counter[str]) -> dict[str, dict[str, Any]]:
    of_query = _counted(result.usage)
    by_model: Used = result.model_usage or {}
    if not by_model or (before is None and _tokens(by_model.values()) > _tokens([of_query])):
        # Whatever else the sum holds was used before; the price is looked up.
        model = requests.most_common(1)[0][0] if requests else "unknown"
        cost = None if by_model else result.total_cost_usd
        return {model: {**of_query, "costUSD": cost}} if _tokens([of_query]) or requests else {}
    if before and _tokens(by_model.values()) < _tokens(before.values()) + _tokens([of_query]):
        before = {}  # Claude Code did not find what had been used before, and began to count anew
    left = {
        model: {name: max(used.get(name, 0) - (before or {}).get(model, {}).get(name, 0), 0) for name in _COUNTED}
        for model, used in by_model.items()
    }
    return {model: used for model, used in left.items() if _tokens([used]) or used["costUSD"]}


def _counted(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the API says that a request, or several, have used, in Claude Code's words."""
    used = usage or {}
    return {
        "inputTokens": used.get("input_tokens") or 0,
        "cacheReadInputTokens": used.get("cache_read_input_tokens") or 0,
        "cacheCreationInputTokens": used.get("cache_creation_input_tokens") or 0,
        "outputTokens": used.get("output_tokens") or 0,
    }


def _tokens(uses: Any) -> int:
    return sum(int(used.get(name) or 0) for used in uses for name in _COUNTED if name != "costUSD")
