"""Inputs that the body has stored itself: ZenML loads each of them twice, whole, of which its launcher takes the id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import Session
from zenml.client import Client
from zenml.enums import StepRunInputArtifactType
from zenml.models.v2.core.step_run import StepRunInputResponse
from zenml.orchestrators.input_utils import resolve_step_inputs
from zenml.zen_stores.sql_zen_store import SqlZenStore

from kitaru._zenml.records.versions import versions_of

if TYPE_CHECKING:
    from uuid import UUID

    from zenml.config.step_configurations import Step
    from zenml.models import PipelineRunResponse, StepRunResponse


def resolve_inputs(
    step: Step,
    pipeline_run: PipelineRunResponse,
    step_runs: dict[str, StepRunResponse] | None = None,
    input_overrides: dict[str, UUID] | None = None,
) -> dict[str, list[StepRunInputResponse]]:
    """Return the inputs of a step; ``zenml.orchestrators.input_utils.resolve_step_inputs``.

    Args:
        step: The step.
        pipeline_run: Its run.
        step_runs: Steps of the run that are known.
        input_overrides: Artifacts that take the place of inputs.
    """
    saved = None if input_overrides else _saved(step.config)
    if not saved:
        return resolve_step_inputs(step, pipeline_run, step_runs, input_overrides)
    others = step.model_copy(update={"config": step.config.model_copy(update={"external_input_artifacts": {}})})
    return {**resolve_step_inputs(others, pipeline_run, step_runs), **saved}


def _saved(config: Any) -> dict[str, list[StepRunInputResponse]] | None:
    """Return the inputs that are artifacts of the active stack's store; None where ZenML is to look."""
    wanted = {name: artifact.id for name, artifact in config.external_input_artifacts.items()}
    client = Client()
    store = client.zen_store
    if not wanted or config.model_artifacts_or_metadata or config.client_lazy_loaders:
        return None
    if not isinstance(store, SqlZenStore) or None in wanted.values():
        return None
    with Session(store.engine) as session:
        known = versions_of(session, wanted.values(), client.active_project.id)
    here = client.active_stack.artifact_store.id
    if any(key not in known or known[key].artifact_store_id != here for key in wanted.values()):
        return None
    kind = StepRunInputArtifactType.EXTERNAL
    return {name: [StepRunInputResponse(id=key, body=known[key].body, input_type=kind)] for name, key in wanted.items()}
