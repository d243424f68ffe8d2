"""Words that ZenML users type, and what they are here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


NO_WORDS: Final[Mapping[str, str]] = MappingProxyType({})


def _by_mapping(name: str) -> str:
    return f"zenml={{{name!r}: ...}}"


_SHARED: Final[dict[str, str]] = {
    "enable_cache": "cache=True or cache=False",
    "retry": "retries=3, or retries=kitaru.Retry(times=3, delay=1.0)",
    **{
        name: _by_mapping(name)
        for name in (
            "cache_policy",
            "enable_artifact_metadata",
            "enable_artifact_visualization",
            "enable_heartbeat",
            "enable_step_logs",
            "environment",
            "extra",
            "model",
            "secrets",
            "substitutions",
        )
    },
}
_OF_A_CALL: Final = ".with_options({0}=...)(...), for a single call"

CHECKPOINT_WORDS: Final[Mapping[str, str]] = {
    **_SHARED,
    "output_materializers": "materializers=",
    "step_type": 'type="llm_call" or type="tool_call"',
    "name": "the function's own name; a single call is named by .with_options(id=...)(...)",
    "id": _OF_A_CALL.format("id"),
    "after": _OF_A_CALL.format("after"),
    "start_after": _OF_A_CALL.format("after"),
    "parameters": "an argument of the call",
    **{
        name: _by_mapping(name)
        for name in ("experiment_tracker", "heartbeat_healthy_threshold", "step_operator", "tags")
    },
}
"""By ZenML's keyword of a step, what a checkpoint has for it."""

FLOW_WORDS: Final[Mapping[str, str]] = {
    **_SHARED,
    "experiment_tracker": "@checkpoint(zenml={'experiment_tracker': ...})",
    "step_operator": "@checkpoint(zenml={'step_operator': ...})",
    "output_materializers": "@checkpoint(materializers=...)",
    "run_name": 'name="... {date} {time}"',
    "dynamic": "what every flow is; leave it out",
    "parameters": "an argument of .run(...)",
    "config_path": "[tool.kitaru] in pyproject.toml, or zenml={...}",
    "schedule": "a schedule of yours that calls .run(...), such as cron with `kitaru run`",
    **{name: _by_mapping(name) for name in ("enable_pipeline_logs", "execution_mode", "settings")},
}
"""By ZenML's keyword of a pipeline, what a flow has for it."""

FUTURE_WORDS: Final[Mapping[str, str]] = {
    "load": "its .result() is the value, with nothing to load",
    "artifacts": "its .result() is the value; `kitaru artifacts list` shows what is stored",
    "get_artifact": "its .unpack() gives a future of each output",
    "wait": "its .result() waits and returns the value, .exception() waits and returns what was raised",
    "running": "its .done() says whether it has ended",
    "invocation_id": "its .name is what the call is called",
    "run_step": "its .name is what the call is called",
    "after": "another checkpoint comes after it by .with_options(after=[future])",
    "chunk": "its .result() is the value: index it",
    "cancel": "a call ends with its flow: `kitaru executions cancel`",
}
"""By ZenML's attribute of a future, what a future of a checkpoint has for it."""

VALUE_WORDS: Final[Mapping[str, str]] = {
    "load": "Leave out .load(): a call of a checkpoint returns its value, which needs no loading.",
    "result": "Leave out .result(): a call of a checkpoint returns its value; a future comes from .submit(...).",
    "chunk": "Index the value: a call of a checkpoint returns the value itself, and no artifact.",
    "run_metadata": "A call of a checkpoint returns its value, and no artifact: kitaru.log(...) records metadata.",
}
"""By ZenML's attribute of an artifact, what to do with the value that stands in its place."""


def of_a_call(where: str, options: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be said of options, and of ZenML's words for them, that are given as arguments of a call.

    Args:
        where: What has the options: ``"fetch.with_options"``.
        options: The options.
        words: What stands for words of ZenML.
    """
    told = {name: answer for name in words if (answer := answer_to(name, words))}
    return told | {name: f"{name} is an option and no argument: {where}({name}=...)." for name in options}


def answer_to(name: str, words: Mapping[str, str]) -> str | None:
    """Return, as a sentence, what is here in the place of a word of ZenML; None where it is none.

    Example:
        >>> answer_to("output_materializers", CHECKPOINT_WORDS)
        "'output_materializers' is ZenML's word; here it is materializers=."
    """
    return f"{name!r} is ZenML's word; here it is {words[name]}." if name in words else None
