"""From a recorded execution and what shall be different to the plan of its replay."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from zenml.artifacts.utils import save_artifact
from zenml.enums import ArtifactSaveType, RunWaitConditionResolution

from kitaru._core.code.definitions import CheckpointDefinition
from kitaru._core.code.signatures import return_annotation
from kitaru._core.identity.replaying import Call, Plan, Recording, Wait
from kitaru._core.records.status import ExecutionStatus
from kitaru._core.settings.unset import UNSET
from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import problems
from kitaru._zenml.door.store import translated
from kitaru._zenml.records import records
from kitaru._zenml.records.original import index_of
from kitaru._zenml.records.runs import flow_name_of, settled_run, status_of
from kitaru._zenml.records.waits import AFTER_KEY, conditions
from kitaru._zenml.running.question_record import planned
from kitaru._zenml.values.values import AS_INPUT, storable
from kitaru.errors import KitaruStateError, KitaruUsageError, KitaruWaitValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from zenml.models import PipelineRunResponse, StepRunResponse

    from kitaru._core.code.definitions import FlowDefinition


@dataclass(frozen=True)
class Draft:
    """A replay before it is submitted: checked, and nothing stored.

    Attributes:
        original: The run that is replayed.
        parameters: The recorded inputs that are taken, as they are recorded.
        values: Inputs that are new, by parameter.
        options: Settings that the original's ``.run()`` was given.
    """

    original: PipelineRunResponse
    parameters: dict[str, Any]
    values: dict[str, Any]
    options: dict[str, Any]
    plan: Plan
    outputs: dict[str, tuple[StepRunResponse, Any]]

    def store(self) -> dict[str, Any]:
        """Store the values that calls shall return, and return the plan as plain data."""
        overridden = {name: _stored(step, value) for name, (step, value) in self.outputs.items()}
        return {**self.plan.to_json(), "overridden": overridden}


def draft(
    flow: FlowDefinition[..., Any],
    execution: str,
    *,
    at: str | None,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    skip: Sequence[str],
    answers: Mapping[str, Any],
    cache: bool,
) -> Draft:
    """Check what a replay shall do, and work out its plan.

    Args:
        flow: The flow, as its code is now.
        execution: The execution to replay.
        at: Selector of the first call that runs again.
        inputs: New inputs by parameter.
        outputs: Values of calls that are not run, by selector.
        skip: Selectors of calls that are taken from the record wherever they are.
        answers: New answers by wait.
        cache: Whether what runs again may be answered by the cache.

    Raises:
        KitaruUsageError: A selector, an input, an output or an answer is wrong.
        KitaruStateError: The execution is still running, or it is none of this flow.
    """
    run = settled_run(execution)
    _check_run(flow, run)
    with translated(f"reading execution {run.id}"):
        steps = records.latest_steps(run.id, hydrate=True)
        recording = Recording(str(run.id), map(_call, steps.values()), _waits(run.id))
    overriding = {recording.find(selector, "outputs").name: value for selector, value in outputs.items()}
    _check_answers(recording, answers, completed=status_of(run).is_successful)
    start, first, reused = recording.cut(at=at, overridden=list(overriding), skip=skip, answers=answers)
    if inputs and recording.calls and len(reused) == len(recording.calls):
        raise KitaruUsageError(
            f"The new inputs would reach no checkpoint: every call of execution {run.id} succeeded, and all would be taken "
            f"from its record. Say from where on to run again with at: "
            f"{', '.join(dict.fromkeys(call.name for call in recording.calls))}."
        )
    values, parameters = _inputs(flow, run, inputs)
    plan = Plan(
        original=str(run.id),
        at=start.name if start is not None else None,
        first=first,
        reused=reused,
        overridden={},
        answers=recording.answers(answers, start, list(overriding)),
        cache=cache,
        new_inputs=bool(inputs),
        skipped=tuple(call.name for selector in skip for call in recording.find_all(selector, "skip")),
        given=tuple(answers),
        questions={condition.name: planned(condition) for condition in conditions(run.id)},
    )
    typed = {name: (steps[name], _output(steps[name], value)) for name, value in overriding.items()}
    return Draft(run, parameters, values, _run_options(run), plan, typed)


def _check_run(flow: FlowDefinition[..., Any], run: PipelineRunResponse) -> None:
    name = flow_name_of(run)
    if not records.extra_of(run):
        raise KitaruStateError(f"Run {run.id} was not started by Kitaru: it has no record that a flow could follow.")
    if name != flow.name:
        raise KitaruUsageError(
            f"Execution {run.id} is one of flow {name!r}; {flow.name}.replay() takes those of its own."
        )
    status = status_of(run)
    if not status.is_finished and status is not ExecutionStatus.WAITING:
        raise KitaruStateError(
            f"Execution {run.id} is {status}: its record is still being written. Wait for its end, or cancel it."
        )


# -- the record -------------------------------------------------------------------------------------------------------


def _call(step: StepRunResponse) -> Call:
    return Call(
        name=step.name,
        checkpoint=step.config.name,
        index=index_of(step),
        id=str(step.id),
        succeeded=step.status.is_successful,
        producers=records.producers_of(step),
    )


def _waits(run_id: UUID) -> list[Wait]:
    return [
        Wait(
            name=condition.name,
            after=int(str(condition.run_metadata.get(AFTER_KEY, 0))),
            answer=condition.result if condition.resolution == RunWaitConditionResolution.CONTINUE else UNSET,
            schema=condition.data_schema or {},
        )
        for condition in conditions(run_id)
    ]


def _run_options(run: PipelineRunResponse) -> dict[str, Any]:
    """Return what the call that started the original gave, except whether its checkpoints might be cached."""
    options: dict[str, Any] = {}
    for path, setting in records.extra_of(run).get("settings", {}).items():
        if setting["layer"] != "run" or path == "cache":
            continue
        *holders, last = path.split(".", 2)
        place = options
        for holder in holders:
            place = place.setdefault(holder, {})
        place[last] = setting["value"]
    return options


# -- what is different ------------------------------------------------------------------------------------------------


def _inputs(
    flow: FlowDefinition[..., Any], run: PipelineRunResponse, inputs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs that are new by parameter, and the recorded others by recorded name."""
    unknown = [name for name in inputs if name not in flow.record_names]
    if unknown:
        raise KitaruUsageError(
            f"inputs has {unknown[0]!r}, which flow {flow.name!r} does not take."
            f"{did_you_mean(unknown[0], flow.record_names)} It takes: {', '.join(flow.record_names) or 'nothing'}."
        )
    recorded = run.config.parameters or {}
    values = dict(inputs)
    parameters = {}
    for name, parameter in flow.signature.parameters.items():
        if name in inputs:
            continue
        if flow.record_names[name] in recorded:
            parameters[flow.record_names[name]] = recorded[flow.record_names[name]]
        elif parameter.default is not parameter.empty:
            values[name] = parameter.default
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            values[name] = () if parameter.kind is parameter.VAR_POSITIONAL else {}
        else:
            raise KitaruUsageError(
                f"Flow {flow.name!r} takes {name!r} now, which execution {run.id} was not given. Give it with inputs."
            )
    return values, parameters


def _check_answers(recording: Recording, answers: Mapping[str, Any], *, completed: bool) -> None:
    for name, value in answers.items():
        wait = recording.waits.get(name)
        if wait is None:
            if completed:  # else it may not have come so far
                known = ", ".join(recording.waits) or "none"
                raise KitaruUsageError(
                    f"wait_answers has {name!r}, which execution {recording.exec_id} did not ask."
                    f"{did_you_mean(name, recording.waits)} Its waits: {known}."
                )
            continue
        from kitaru._core.words.answer_schema import AnswerSchema

        schema = AnswerSchema(wait.schema)
        if not schema.fits(value.model_dump(mode="json") if hasattr(value, "model_dump") else value):
            raise KitaruWaitValidationError(
                f"The answer {value!r} does not fit wait {name!r}: it takes {schema.description}."
            )


def _output(step: StepRunResponse, value: Any) -> Any:
    """Return a value as its checkpoint would return it."""
    checkpoint = _checkpoint(step)
    annotation = return_annotation(checkpoint.func) if checkpoint is not None else Any
    names = list(step.config.outputs)
    if not names and value is not None:
        raise KitaruUsageError(f"outputs[{step.name!r}]: checkpoint {step.config.name!r} returns nothing; give None.")
    value = _typed(step.name, annotation, value)
    if len(names) > 1 and (not isinstance(value, list | tuple) or len(value) != len(names)):
        raise KitaruUsageError(
            f"outputs[{step.name!r}]: checkpoint {step.config.name!r} returns {len(names)} values ({', '.join(names)}); "
            f"give as many in a list."
        )
    return value


def _checkpoint(step: StepRunResponse) -> CheckpointDefinition[..., Any] | None:
    """Return a step's checkpoint as its code is now; None where it is not there any more."""
    import importlib

    name = step.spec.source.module
    try:
        module = sys.modules.get(name) or importlib.import_module(name)
    except Exception:  # noqa: BLE001 - importing runs any code; without it nothing is known of the type
        return None
    candidates = [getattr(module, step.config.name, None), *vars(module).values()]
    return next((c for c in candidates if isinstance(c, CheckpointDefinition) and c.name == step.config.name), None)


def _typed(name: str, annotation: Any, value: Any) -> Any:
    if annotation is None:
        annotation = type(None)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except (PydanticUserError, NameError):  # a type that pydantic does not know, such as a DataFrame
        if isinstance(annotation, type) and not isinstance(value, annotation):
            raise KitaruUsageError(
                f"outputs[{name!r}]: the value is no {annotation.__qualname__} but a {type(value).__qualname__}."
            ) from None
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        try:
            return adapter.validate_json(json.dumps(value))
        except (ValidationError, TypeError, ValueError):
            raise KitaruUsageError(
                f"outputs[{name!r}]: {value!r} is no value that the checkpoint returns: {problems(error)}."
            ) from error


def _stored(step: StepRunResponse, value: Any) -> dict[str, str]:
    names = list(step.config.outputs)
    checkpoint = _checkpoint(step)
    materializers = checkpoint.options.materializers if checkpoint is not None else None
    values = value if len(names) > 1 else [value] * len(names)
    return {
        name: str(_save(step.name, item, materializers.get(name) if isinstance(materializers, dict) else materializers))
        for name, item in zip(names, values, strict=True)
    }


def _save(name: str, value: Any, materializer: Any) -> UUID:
    label = f"kitaru_override_{uuid4()}"
    chosen = materializer[0] if isinstance(materializer, list | tuple) else materializer
    artifact = save_artifact(
        data=value if chosen is not None else storable(value, f"outputs[{name!r}]", AS_INPUT),
        name=label,
        uri=f"kitaru/override/{label}",
        materializer=chosen,
        save_type=ArtifactSaveType.STEP_OUTPUT,
        has_custom_name=False,
    )
    return artifact.id
