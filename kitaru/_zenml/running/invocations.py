"""Calls of checkpoints and plain steps as ZenML's compiled steps."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zenml.config.retry_config import StepRetryConfig
from zenml.config.step_configurations import StepConfigurationUpdate
from zenml.execution.pipeline.dynamic.compilation import compile_dynamic_step_invocation

from kitaru._core.code.named import NamedCall
from kitaru._zenml.records.records import EXTRA_KEY
from kitaru._zenml.running.plain_step import PlainStep
from kitaru._zenml.running.steps import build_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.config.step_configurations import Step
    from zenml.execution.pipeline.dynamic.runner import DynamicPipelineRunner

    from kitaru._zenml.running.inputs import StepInputs
    from kitaru._zenml.running.plain_step import Called


def compile_call(
    runner: DynamicPipelineRunner,
    called: Called,
    name: str,
    inputs: StepInputs,
    *,
    upstream: set[str],
    made: Mapping[str, Any],
    started: int,
    may_cache: bool,
) -> Step:
    """Compile one call of a body.

    Args:
        runner: ZenML's runner of the run.
        called: What is called.
        name: The call's name.
        inputs: What it is called with.
        upstream: Calls that it comes after, beside those whose outputs it takes.
        made: What tells the call from others, and finds it again.
        started: How often a step of this name has been started.
        may_cache: Whether ZenML's cache may answer it.
    """
    snapshot = runner.snapshot
    step = compile_dynamic_step_invocation(
        snapshot=snapshot,
        pipeline=runner.pipeline,
        step=called.step if isinstance(called, PlainStep) else build_step(called),
        invocation_id=name,
        inputs=inputs.artifacts,
        upstream_steps=upstream | inputs.producers,
        pipeline_docker_settings=snapshot.pipeline_configuration.docker_settings,
        config=StepConfigurationUpdate(
            parameters=inputs.parameters,
            retry=_retry(called, started),
            extra={EXTRA_KEY: {**made, **_extra_of(called)}},
            group=called.group if isinstance(called, PlainStep) else None,
        ),
    )
    changes: dict[str, Any] = {}
    if inputs.cache_key is not None:
        changes["caching_parameters"] = {**step.config.caching_parameters, "kitaru_inputs": inputs.cache_key}
    if not may_cache:
        changes["enable_cache"] = False
    return step.model_copy(update={"config": step.config.model_copy(update=changes)})


def _retry(called: Called, started: int) -> StepRetryConfig | None:
    # ZenML counts the step runs of one name over all attempts of the execution, and refuses one too many.
    allowed = started + called.options.retries
    own = called.retry if isinstance(called, PlainStep) else None
    delay, backoff = (own.delay, own.backoff) if own else (0, 1)
    return StepRetryConfig(max_retries=allowed, delay=delay, backoff=backoff) if allowed else None


def _extra_of(called: Called) -> dict[str, Any]:
    """Return what is recorded of a call beside ZenML's own configuration."""
    extra: dict[str, Any] = {"type": called.options.type}
    if isinstance(called, NamedCall):
        extra |= {"stem": called.stem, "key": called.key}
        extra |= {"scope": asdict(called.scope)} if called.scope is not None else {}
    return extra
