"""The record that a replay follows: calls that are taken from its original become skipped steps of its own run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4

from zenml.client import Client
from zenml.config.step_configurations import Step
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.models import RunMetadataResource, StepRunRequest, StepRunUpdate
from zenml.utils.time_utils import utc_now

from kitaru._core.identity.replaying import Plan
from kitaru._core.process.event import Event, Kind
from kitaru._zenml.records import records
from kitaru._zenml.records.events import tell
from kitaru._zenml.records.usage import note_taken
from kitaru.errors import KitaruStateError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from zenml.models import PipelineRunResponse, StepRunResponse

PLAN_KEY = "replay"
Part = Literal["reused", "overridden", "run"]


def plan_of(run: PipelineRunResponse) -> Plan | None:
    """Return the plan of a replay; None where an execution is none."""
    stored = records.extra_of(run).get(PLAN_KEY)
    return Plan.from_json(stored) if isinstance(stored, dict) else None


def part_of(plan: Plan | None, name: str) -> Part | None:
    """Return what a replay does with a call; None in no replay."""
    if plan is None:
        return None
    return "reused" if name in plan.reused else "overridden" if name in plan.overridden else "run"


class Original:
    """The execution that a run replays, as far as the plan takes something from it."""

    def __init__(self, run: PipelineRunResponse, plan: Plan) -> None:
        """Open the original.

        Args:
            run: The run that is the replay.
            plan: What it takes.
        """
        self._run = run
        self.plan = plan
        self._taken: set[str] = set()

    @cached_property
    def steps(self) -> Mapping[str, StepRunResponse]:
        """The original's calls by name; none where it has been deleted."""
        return records.latest_steps(UUID(self.plan.original), hydrate=True)

    def attempt_of(self, name: str) -> int:
        """Return the attempt of the original in which a call was made; 0 for what it has taken from its own original."""
        step = self.steps[name]
        return 0 if step.status == ExecutionStatus.SKIPPED else attempt_of(step)

    def check_there(self, own: Container[str]) -> None:
        """Refuse to run a call that may be one which is to be taken, where the original has been deleted.

        Args:
            own: The calls that this execution has of its own.

        Raises:
            KitaruStateError: The original has been deleted.
        """
        for name in (*self.plan.reused, *self.plan.overridden):
            if name not in self.steps and name not in own:
                raise KitaruStateError(
                    f"Call {name!r} is to be taken from execution {self.plan.original}, which is not in the store any "
                    f"more. Start the flow again."
                )

    def take(self, name: str, made: Mapping[str, Any]) -> StepRunResponse:
        """Make what the plan takes for a call a step of the replay, and return that.

        The step is skipped, as in ZenML's own replays: its outputs are the original's artifacts.

        Args:
            name: The call's name.
            made: Where the replay makes the call, and what it is given: as it is found again.
        """
        original = self.steps[name]
        override = self.plan.overridden.get(name)
        now = utc_now()
        request = StepRunRequest(
            name=name,
            pipeline_run_id=self._run.id,
            project=self._run.project_id,
            status=ExecutionStatus.SKIPPED,
            start_time=now,
            end_time=now,
            # No later call may take it for its cache.
            cache_key=str(uuid4()),
            cache_expires_at=now,
            code_hash=original.code_hash,
            source_code=original.source_code,
            docstring=original.docstring,
            dynamic_config=self._configuration(original, made, overridden=override is not None),
            original_step_run_id=original.id if override is None else None,
            inputs=_ids(original.inputs) if override is None else {},
            outputs=self._outputs(original),
        )
        step = Client().zen_store.create_run_step(request)
        if override is None:
            _give_metadata(step, original)
            note_taken(self._run.id, original)
        self._taken.add(name)
        part = part_of(self.plan, name)
        tell(Event(Kind.TAKEN, f"checkpoint {name} {part}", checkpoint=name, status=part))
        return step

    def with_outputs(self, step: StepRunResponse) -> StepRunResponse:
        """Give a step its outputs that was taken by a runner which was lost before it had them."""
        original = self.steps.get(step.name)
        if original is None or step.status != ExecutionStatus.SKIPPED or step.outputs:
            return step
        outputs = self._outputs(original)
        return Client().zen_store.update_run_step(step.id, StepRunUpdate(outputs=outputs)) if outputs else step

    def _outputs(self, original: StepRunResponse) -> dict[str, list[UUID]]:
        override = self.plan.overridden.get(original.name)
        return _ids(original.outputs) if override is None else {key: [UUID(known)] for key, known in override.items()}

    def _configuration(self, original: StepRunResponse, made: Mapping[str, Any], *, overridden: bool) -> Step:
        """Return the original's configuration; a value that was given came from no input."""
        upstream = original.spec.upstream_steps
        if not self._taken.issuperset(upstream):  # what it came after then may not have been called, or not yet
            there = records.latest_steps(self._run.id)
            upstream = [name for name in upstream if name in there]
        spec = original.spec.model_copy(update={"upstream_steps": upstream})
        own = {**records.extra_of(original), **made, "attempt": self.attempt_of(original.name)}
        extra = {**original.config.extra, records.EXTRA_KEY: own}
        config = original.config.model_copy(update={"extra": extra})
        if overridden:
            spec = spec.model_copy(update={"inputs": {}})
            config = config.model_copy(update={"parameters": {}, "external_input_artifacts": {}})
        return Step(spec=spec, config=config, step_config_overrides=config)


def _give_metadata(step: StepRunResponse, original: StepRunResponse) -> None:
    """Give a step what was recorded in the original; ZenML does so only with what ZenML itself has recorded there."""
    missing = {name: value for name, value in original.run_metadata.items() if name not in step.run_metadata}
    if missing:
        resource = RunMetadataResource(id=step.id, type=MetadataResourceTypes.STEP_RUN)
        Client().create_run_metadata(metadata=missing, resources=[resource])


def _ids(artifacts: Mapping[str, list[Any]]) -> dict[str, list[UUID]]:
    return {name: [artifact.id for artifact in versions] for name, versions in artifacts.items()}


def index_of(step: StepRunResponse) -> int:
    """Return which call of the body a step was, from 1; 0 where that was not recorded."""
    return int(records.extra_of(step).get("index", 0))


def attempt_of(step: StepRunResponse) -> int:
    """Return the attempt in which a call was made; 0 where that was not recorded."""
    return int(records.extra_of(step).get("attempt", 0))
