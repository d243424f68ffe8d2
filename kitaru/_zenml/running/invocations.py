"""Calls of checkpoints and plain steps as ZenML's compiled steps."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zenml.artifacts.external_artifact_config import ExternalArtifactConfiguration
from zenml.config.retry_config import StepRetryConfig
from zenml.config.step_configurations import InputSpec, StepConfigurationUpdate
from zenml.execution.pipeline.dynamic.compilation import compile_dynamic_step_invocation
from zenml.execution.pipeline.dynamic.outputs import OutputArtifact
from zenml.models import ArtifactVersionResponse

from kitaru._core.code.definitions import PART_INPUT
from kitaru._core.code.named import NamedCall
from kitaru._core.settings.environment import shortcuts_enabled
from kitaru._zenml.records.records import EXTRA_KEY, TAGS_KEY
from kitaru._zenml.running.configuration import inherited
from kitaru._zenml.running.inputs import cache_key
from kitaru._zenml.running.plain_step import PlainStep
from kitaru._zenml.running.steps import StepOptions, build_step
from kitaru._zenml.running.time_limits import TIMEOUT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.config.pipeline_configurations import PipelineConfiguration
    from zenml.config.step_configurations import Step
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner

    from kitaru._zenml.running.inputs import StepInputs
    from kitaru._zenml.running.plain_step import Called


class Compiler:
    """Compiles the calls of a body.

    ZenML works out anew for each call what is the same for all calls of a checkpoint: its settings, materializers and
    secrets, and the check of parameters that may be anything. It is asked once for each form of a checkpoint's inputs, and
    what differs between two calls is put in its place.
    """

    def __init__(self, runner: DynamicPipelineRunner) -> None:
        """Begin with none.

        Args:
            runner: ZenML's runner of the run.
        """
        self._runner = runner
        self._patterns: dict[Any, Step] = {}

    def compile(self, call: Invocation) -> Step:
        """Compile one call of a body."""
        form = _form(call) if shortcuts_enabled() else None
        pattern = self._patterns.get(form) if form is not None else None
        step = self._by_zenml(call) if pattern is None else _filled(pattern, call, self._runner.pipeline.configuration)
        if form is not None and pattern is None and _tells_all(step, call):
            self._patterns[form] = step
        changes = {} if isinstance(call.called, PlainStep) else _cache_rules(step, call)
        if not call.may_cache:
            changes["enable_cache"] = False
        spec = step.spec
        if call.inputs.parts_of:
            # It is no parameter: ZenML records where its artifacts come from, and loads none.
            known = {**spec.inputs, PART_INPUT: list(map(_told, call.inputs.parts_of))}
            spec = spec.model_copy(update={"inputs": known})
            policy = changes.get("cache_policy", step.config.cache_policy)
            ignored = [*(policy.ignored_inputs or ()), PART_INPUT]
            changes["cache_policy"] = policy.model_copy(update={"ignored_inputs": ignored})
        return step.model_copy(update={"spec": spec, "config": step.config.model_copy(update=changes)})

    def _by_zenml(self, call: Invocation) -> Step:
        snapshot, called = self._runner.snapshot, call.called
        return compile_dynamic_step_invocation(
            snapshot=snapshot,
            pipeline=self._runner.pipeline,
            step=called.step if isinstance(called, PlainStep) else build_step(called),
            invocation_id=call.name,
            inputs=call.inputs.artifacts,
            upstream_steps=call.upstream | call.inputs.producers,
            pipeline_docker_settings=snapshot.pipeline_configuration.docker_settings,
            config=StepConfigurationUpdate(
                parameters=call.inputs.parameters,
                retry=call.retry,
                extra={EXTRA_KEY: call.extra},
                group=called.group if isinstance(called, PlainStep) else None,
                **_of_flow(called, snapshot.pipeline_configuration),
            ),
        )


@dataclass(frozen=True)
class Invocation:
    """One call of a body, as it is compiled.

    Attributes:
        called: What is called.
        name: The call's name.
        inputs: What it is called with.
        upstream: Calls that it comes after, beside those whose outputs it takes.
        made: What tells the call from others, and finds it again.
        started: How often a step of this name has been started.
        may_cache: Whether ZenML's cache may answer it.
        used: How many retries there have been.
    """

    called: Called
    name: str
    inputs: StepInputs
    upstream: set[str]
    made: Mapping[str, Any]
    started: int
    may_cache: bool
    used: int = 0

    @property
    def extra(self) -> dict[str, Any]:
        """What is recorded of it beside ZenML's own configuration."""
        return {**self.made, **_extra_of(self.called)}

    @property
    def retry(self) -> StepRetryConfig | None:
        """How many further step runs of its name ZenML takes.

        ZenML counts those of all attempts of the execution, and refuses one too many. As long as it would take another
        one, what fails is no failure to it for good, whatever was raised.
        """
        policy = self.called.options.retry
        allowed = self.started + (max(policy.times - self.used, 0) if policy.takes_all else 0)
        return (
            StepRetryConfig(max_retries=allowed, delay=int(policy.delay), backoff=int(policy.backoff))
            if allowed
            else None
        )


def _form(call: Invocation) -> Any:
    """Return what a compiled call is a pattern for; None where it is none.

    A plain step's parameters have types, which ZenML checks for each call.
    """
    if isinstance(call.called, PlainStep):
        return None
    kinds = {name: _kind(value) for name, value in call.inputs.artifacts.items()}
    if "other" in kinds.values():
        return None
    called = call.called
    return (
        called.source,
        StepOptions.of(called),
        tuple(call.inputs.parameters),
        tuple(kinds.items()),
        call.retry is None,
    )


def _of_flow(called: Called, flow: PipelineConfiguration) -> dict[str, Any]:
    """Return what a checkpoint's call takes from its flow; a plain step's is ZenML's own business."""
    return {} if isinstance(called, PlainStep) else inherited(called.options, flow)


def _cache_rules(step: Step, call: Invocation) -> dict[str, Any]:
    """Return how ZenML's cache tells a call of a checkpoint from others."""
    policy = step.config.cache_policy
    names = call.called.record_names
    ignored = {alias for name in policy.ignored_inputs or () for alias in (name, names.get(name, name))}
    key = cache_key(call.inputs, policy, ignored)
    changes: dict[str, Any] = {"caching_parameters": {**step.config.caching_parameters, "kitaru_inputs": key}}
    if ignored:
        # ZenML ignores no parameter; the key has those that count.
        told = {"ignored_inputs": sorted(ignored), "include_step_parameters": False}
        changes["cache_policy"] = policy.model_copy(update=told)
    return changes


def _tells_all(step: Step, call: Invocation) -> bool:
    """Whether a compiled call shows where each parameter stands."""
    schema = step.spec.parameter_spec
    return schema is not None and call.inputs.parameters.keys() <= schema.get("properties", {}).keys()


def _kind(value: Any) -> str:
    """Return how ZenML takes an input that is no parameter."""
    if isinstance(value, OutputArtifact):
        return "output"
    if isinstance(value, list) and value and all(isinstance(item, OutputArtifact) for item in value):
        return "outputs"
    return "artifact" if isinstance(value, ArtifactVersionResponse) else "other"


def _filled(pattern: Step, call: Invocation, flow: PipelineConfiguration) -> Step:
    """Return what ZenML would compile for a call of a flow, from what it has compiled for one of the same form."""
    inputs = call.inputs
    parameters = copy.deepcopy(inputs.parameters)
    schema = dict(pattern.spec.parameter_spec or {})
    properties = dict(schema.get("properties", {}))
    for name, value in parameters.items():  # of what may be anything it tells the value only, as if it were a default
        properties[name] = {**properties[name], "default": value}
    if properties:
        schema["properties"] = properties
    spec = pattern.spec.model_copy(
        update={
            "invocation_id": call.name,
            "upstream_steps": sorted(call.upstream | inputs.producers),
            "inputs": {name: _spec(value) for name, value in inputs.artifacts.items() if _kind(value) != "artifact"},
            "parameter_spec": schema,
        }
    )
    saved = {
        name: ExternalArtifactConfiguration(id=value.id)
        for name, value in inputs.artifacts.items()
        if _kind(value) == "artifact"
    }

    own = pattern.step_config_overrides
    changes = {
        "parameters": {**own.parameters, **parameters},
        "external_input_artifacts": saved,
        "extra": {**own.extra, EXTRA_KEY: call.extra},
        "retry": call.retry,
    }
    own = own.model_copy(update=changes)
    whole = own.apply_pipeline_configuration(flow, exclude_hook_sources=True)  # as of every dynamic pipeline
    return pattern.model_copy(update={"spec": spec, "config": whole, "step_config_overrides": own})


def _spec(value: Any) -> InputSpec | list[InputSpec]:
    if isinstance(value, list):
        return list(map(_told, value))
    return _told(value)


def _told(output: OutputArtifact) -> InputSpec:
    return InputSpec(
        step_name=output.step_name,
        output_name=output.output_name,
        chunk_index=output.chunk_index,
        chunk_size=output.chunk_size,
    )


def _extra_of(called: Called) -> dict[str, Any]:
    """Return what is recorded of a call beside ZenML's own configuration."""
    extra: dict[str, Any] = {"type": called.options.type}
    if called.options.zenml.get("tags"):
        extra[TAGS_KEY] = called.options.zenml["tags"]
    if called.options.timeout is not None:
        extra[TIMEOUT_KEY] = called.options.timeout
    if isinstance(called, NamedCall):
        extra |= {"stem": called.stem, "key": called.key}
        extra |= {"scope": asdict(called.scope)} if called.scope is not None else {}
    return extra
