"""What ``zenml=`` and ``resources=`` accept: ZenML's own words, each with its place, and why others have none.

The names are those of the installed ZenML, read from its source. Their values are checked by ZenML's own classes when an
execution is submitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kitaru._core.settings.zenml_fields import fields_of, members_of
from kitaru._core.settings.zenml_values import plain
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

RESERVED: Final = "kitaru"
"""The key of ``extra`` that Kitaru's own record of a run and a step stands at."""

_STEPS: Final = ("config.step_configurations", "StepConfigurationUpdate")
_PIPELINES: Final = (
    ("config.pipeline_configurations", "PipelineConfigurationUpdate"),
    ("config.pipeline_configurations", "PipelineConfiguration"),
    ("config.pipeline_run_configuration", "PipelineRunConfiguration"),
)

_HOOKS: Final = {
    "failure_hook_source": "say on_failure=",
    "on_failure": "say on_failure=, beside zenml=",
    "success_hook_source": "say on_success=",
    "on_success": "say on_success=, beside zenml=",
}
_OF_BOTH: Final = {
    **_HOOKS,
    "enable_cache": "say cache=",
    "cache": "say cache=, beside zenml=",
    "retry": "say retries=, a number or a kitaru.Retry",
    "retries": "say retries=, beside zenml=",
    "parameters": "pass them as arguments",
    "timeout": "say timeout=, beside zenml=",
    "resources": "say resources=, beside zenml=",
}

FLOW_REFUSALS: Final[Mapping[str, str]] = {
    **_OF_BOTH,
    "run_name": 'say with_options(name="..."); {date}, {time} and the names of substitutions are filled in',
    "name": 'a flow is called like its function, and one execution by with_options(name="...")',
    "image": "say image=, beside zenml=",
    "stack": "say stack=, beside zenml=",
    "build": "images are built for each execution as its image= says, and found again when nothing has changed",
    "schedule": "an execution is started by .run() or `kitaru run`, which cron can call",
    "steps": "say it of the checkpoint: @checkpoint(zenml={...})",
    "start_hook_source": "call it in the beginning of the body",
    "end_hook_source": "say on_end=",
    "pause_hook_source": "say on_wait=",
    "resume_hook_source": "call it in the body after kitaru.wait()",
    "init_hook_source": "call it in the beginning of the body",
    "init_hook_kwargs": "call it in the beginning of the body",
    "cleanup_hook_source": "say on_end=",
    "steps_to_skip": "replay an execution: my_flow.replay(..., skip=[...])",
    "skip_successful_steps": "replay an execution: my_flow.replay(...)",
    "step_input_overrides": "replay an execution: my_flow.replay(..., outputs={...})",
    "step_default_input_overrides": "replay an execution: my_flow.replay(..., outputs={...})",
}
CHECKPOINT_REFUSALS: Final[Mapping[str, str]] = {
    **_OF_BOTH,
    "name": 'a checkpoint is called like its function, and one call by with_options(id="...")',
    "runtime": "say runtime=, beside zenml=",
    "start_hook_source": "call it in the checkpoint",
    "end_hook_source": "say on_success= and on_failure=",
    "group": "the calls of one map() are a group by themselves",
    "outputs": "say materializers=, and names by the annotation: Annotated[int, 'name']",
    "output_materializers": "say materializers=",
    "materializers": "say materializers=, beside zenml=",
    "step_type": "say type=",
    "type": "say type=, beside zenml=",
}

_SETTINGS_ELSEWHERE: Final = {
    "docker": "say image= of the flow, which all containers of an execution share",
    "resources": "say resources=, beside zenml=",
}
_ORCHESTRATOR_ELSEWHERE: Final = {
    "synchronous": ".run() returns at once on every stack; wait by handle.wait()",
    "orchestrator_job_backoff_limit": "say retries= of the flow",
}
_MAPPING: Final = (Mapping, "a mapping")
_LIST: Final = (list, "a list")
_KINDS: Final[Mapping[str, tuple[Any, str]]] = {
    **dict.fromkeys(("model", "settings", "extra", "environment", "substitutions"), _MAPPING),
    **dict.fromkeys(("tags", "secrets"), _LIST),
    "cache_policy": ((Mapping, str), "a mapping or 'default'"),
}
_EXECUTION_MODE: Final = "continue_on_failure"


@dataclass(frozen=True)
class Words:
    """The keys that one kind of decorator takes.

    Attributes:
        owner: The decorator, for messages.
        supported: ZenML's words that it takes.
        refusals: ZenML's and other words that have their place elsewhere, with that place.
        classes: ZenML's classes that the words are from.
    """

    owner: str
    supported: tuple[str, ...]
    refusals: Mapping[str, str]
    classes: tuple[tuple[str, str], ...]

    def known_to_zenml(self) -> set[str]:
        """Return all words of ZenML's classes."""
        return {name for of in self.classes for name in fields_of(*of)}


FLOW: Final = Words(
    owner="@flow",
    supported=(
        "tags",
        "model",
        "settings",
        "extra",
        "environment",
        "secrets",
        "substitutions",
        "cache_policy",
        "execution_mode",
        "enable_step_logs",
        "enable_pipeline_logs",
        "enable_artifact_metadata",
        "enable_artifact_visualization",
        "enable_heartbeat",
    ),
    refusals=FLOW_REFUSALS,
    classes=_PIPELINES,
)
CHECKPOINT: Final = Words(
    owner="@checkpoint",
    supported=(
        "step_operator",
        "experiment_tracker",
        "settings",
        "model",
        "tags",
        "extra",
        "environment",
        "secrets",
        "substitutions",
        "cache_policy",
        "enable_step_logs",
        "enable_artifact_metadata",
        "enable_artifact_visualization",
        "heartbeat_healthy_threshold",
    ),
    refusals=CHECKPOINT_REFUSALS,
    classes=(_STEPS,),
)


def checked_zenml(value: Any, where: str, words: Words) -> dict[str, Any]:
    """Return a mapping for ZenML as plain JSON; objects of ZenML's become what they say.

    Args:
        value: The mapping.
        where: What gives it, for messages: ``"@flow(zenml=)"``.
        words: Those that it may have.

    Raises:
        KitaruUsageError: It is no mapping, or has a key that has no place there.
    """
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise KitaruUsageError(f"zenml= takes a mapping of ZenML's own words, but {where} gives {value!r} ({kind}).")
    for key in value:
        if key not in words.supported:
            raise KitaruUsageError(f"{where} {_refusal(key, words)}")
    checked: dict[str, Any] = {key: plain(item, f"{where} {key}") for key, item in value.items()}
    for key, item in checked.items():
        kinds = _KINDS.get(key)
        if kinds is not None and not isinstance(item, kinds[0]):
            raise KitaruUsageError(f"{where} {key} must be {kinds[1]}, not {type(item).__name__}.")
    _check_fields(checked.get("model"), f"{where} model", ("model.model", "Model"))
    _check_fields(checked.get("cache_policy"), f"{where} cache_policy", ("config.cache_policy", "CachePolicy"))
    _check_tags(checked.get("tags", []), f"{where} tags", words)
    _check_execution_mode(checked.get("execution_mode"), f"{where} execution_mode")
    check_settings(checked.get("settings", {}), f"{where} settings", words)
    if RESERVED in checked.get("extra", {}):
        raise KitaruUsageError(
            f"{where} extra has the key {RESERVED!r}, at which Kitaru keeps its record. Choose another."
        )
    return checked


def check_settings(settings: Mapping[str, Any], where: str, words: Words) -> None:
    """See that settings are those of a component of the stack, and have no other place.

    Raises:
        KitaruUsageError: One is not, or has.
    """
    kinds = members_of("enums", "StackComponentType")
    for key, item in settings.items():
        if not isinstance(item, Mapping):
            raise KitaruUsageError(f"{where} {key} must be a mapping, not {type(item).__name__}.")
        if key in _SETTINGS_ELSEWHERE:
            raise KitaruUsageError(f"{where} {key}: {_SETTINGS_ELSEWHERE[key]}.")
        if key == "deployment":
            _check_deployment(item, f"{where} {key}", words)
            continue
        kind = str(key).replace(":", ".").partition(".")[0]
        if kinds and kind not in kinds:
            raise KitaruUsageError(
                f"{where} has no key {key!r}.{did_you_mean(str(key), kinds)} Its keys are types of components, alone or with a "
                f"flavor or a name: 'orchestrator', 'orchestrator.kubernetes', 'step_operator:mine'."
            )
        if kind == "orchestrator":
            _refuse_elsewhere(item, f"{where} {key}")


def _refuse_elsewhere(orchestrator: Mapping[str, Any], where: str) -> None:
    for name, place in _ORCHESTRATOR_ELSEWHERE.items():
        if name in orchestrator:
            raise KitaruUsageError(f"{where}.{name}: {place}.")


def checked_resources(name: str, value: Any, where: str) -> dict[str, Any]:
    """Return ZenML resource settings, whose names are known.

    Args:
        name: The option.
        value: The mapping, or an object of ZenML's.
        where: What gives it, for messages.

    Raises:
        KitaruUsageError: It is no mapping, or has an unknown key.
    """
    resources = plain(value, where)
    if not isinstance(resources, Mapping):
        example = "{'cpu_count': 2, 'memory': '4GB'}"
        kind = type(value).__name__
        raise KitaruUsageError(f"{name} must be a mapping such as {example}, but {where} gives {value!r} ({kind}).")
    _check_fields(resources, where, ("config.resource_settings", "ResourceSettings"), ("preemptible", "pool_resources"))
    return dict(resources)


def no_key(where: str, key: object, known: Iterable[str]) -> KitaruUsageError:
    """Return the error for an unknown key."""
    names = sorted(known)
    return KitaruUsageError(
        f"{where} has no key {key!r}.{did_you_mean(str(key), names)} Its keys are {', '.join(names) or 'none'}."
    )


def _refusal(key: Any, words: Words) -> str:
    other = CHECKPOINT if words is FLOW else FLOW
    if key in words.refusals:
        return f"has no key {key!r}: {words.refusals[key]}."
    if key in other.supported:
        return f"has no key {key!r}: it belongs to {other.owner}(zenml={{{key!r}: ...}})."
    nearest = did_you_mean(str(key), [*words.supported, *words.refusals, *words.known_to_zenml()])
    return f"has no key {key!r}.{nearest} Its keys are {', '.join(words.supported)}."


def _check_fields(value: Any, where: str, of: tuple[str, str], also: tuple[str, ...] = ()) -> None:
    known = fields_of(*of)
    for key in value if isinstance(value, Mapping) and known else ():
        if key not in known and key not in also:
            raise no_key(where, key, known)


def _check_tags(tags: list[Any], where: str, words: Words) -> None:
    for tag in tags:
        if words is CHECKPOINT and not isinstance(tag, str):
            raise KitaruUsageError(f"{where} gives {tag!r}: the tags of a checkpoint's outputs are texts.")
        _check_fields(tag, where, ("utils.tag_utils", "Tag"))


def _check_execution_mode(mode: Any, where: str) -> None:
    if mode not in (None, _EXECUTION_MODE):
        raise KitaruUsageError(
            f"{where} is always {_EXECUTION_MODE!r}, not {mode!r}: what a failed call means is the body's decision, which may "
            f"catch the exception. A failure that it does not catch ends the execution; retries=0 is the default."
        )


def _check_deployment(value: Any, where: str, words: Words) -> None:
    if words is not FLOW:
        raise KitaruUsageError(f"{where}: it belongs to @flow(zenml={{'settings': {{'deployment': ...}}}}).")
    _check_fields(value, where, ("config.deployment_settings", "DeploymentSettings"))
