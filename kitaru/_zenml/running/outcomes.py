"""What finished calls of a body have left: artifacts in the store and their values, or what they raised."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import decimal
import fractions
import pickle
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from zenml.client import Client
from zenml.enums import ExecutionStatus, MetadataResourceTypes
from zenml.exceptions import DoesNotExistException, RunStoppedException
from zenml.execution.pipeline.dynamic.utils import load_step_run_outputs
from zenml.models import RunMetadataResource

from kitaru._core.code.futures import OutputFuture
from kitaru._core.process.event import Event, Kind
from kitaru._core.values.exceptions import Parts, portable, received
from kitaru._core.words.tracebacks import give_recorded_traceback, user_traceback
from kitaru._zenml.records.events import tell
from kitaru._zenml.records.tracking import write_metadata
from kitaru._zenml.values.saving import save
from kitaru._zenml.values.values import AS_INPUT, pickled
from kitaru.errors import KitaruBackendError, KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zenml.execution.pipeline.dynamic.outputs import OutputArtifact
    from zenml.models import StepRunResponse

    from kitaru._core.code.futures import CheckpointFuture


@dataclass
class Outcome:
    """A finished call: where its outputs are stored, and its value once somebody asked for it."""

    step_run: StepRunResponse
    artifacts: tuple[OutputArtifact, ...]
    several: bool
    value: Any = None
    loaded: bool = False

    @classmethod
    def of(cls, step_run: StepRunResponse) -> Self:
        """Return what a step run has left; no value is read yet."""
        outputs = load_step_run_outputs(step_run)
        if outputs is None:
            return cls(step_run, (), several=False, loaded=True)
        if isinstance(outputs, tuple):
            return cls(step_run, outputs, several=True)
        return cls(step_run, (outputs,), several=False)

    @property
    def outputs(self) -> Iterable[tuple[Any, OutputArtifact]]:
        """The values of a loaded one, each with its artifact."""
        return zip(self.value if self.several else (self.value,), self.artifacts, strict=False)

    def artifacts_of(self, future: CheckpointFuture[Any]) -> tuple[OutputArtifact, ...]:
        """Return the artifacts that a future stands for: all of its call, or that of one output."""
        return self.artifacts if not isinstance(future, OutputFuture) else (self.artifacts[future.index],)

    def take(self, value: Any) -> None:
        """Take the value that the call has returned in this process."""
        # Several outputs come back from the store as a tuple, whatever sequence they were returned as.
        self.value = tuple(value) if self.several else _own(value)
        self.loaded = True

    def load(self) -> None:
        """Read the value from the store.

        Raises:
            KitaruBackendError: It is gone.
        """
        values = tuple(map(self._loaded, self.artifacts))
        self.value = values if self.several else (values[0] if values else None)
        self.loaded = True

    def _loaded(self, artifact: OutputArtifact) -> Any:
        try:
            return artifact.load(disable_cache=True)
        except (FileNotFoundError, DoesNotExistException) as error:
            if Client().active_stack.artifact_store.exists(artifact.uri):  # it was another file
                raise
            name, run_id = self.step_run.name, self.step_run.pipeline_run_id
            raise KitaruBackendError(
                f"What checkpoint {name!r} returned is gone: artifact {artifact.id} is in the artifact store no more, where it "
                f"was kept at {artifact.uri}. Run it again, and what comes after it, in a replay: "
                f"kitaru executions replay {run_id} --at {shlex.quote(name)}"
            ) from error


def _own(value: Any) -> Any:
    """Give what cannot be changed an identity of its own: lineage tells by it, and constants are one object everywhere."""
    kind = type(value)
    if kind in (str, bytes):
        return value[:1] + value[1:]
    if kind is tuple:
        return (*value,)  # tuple() would give back the same
    return pickle.loads(pickle.dumps(value)) if kind in _CONSTANTS else value  # noqa: S301 - written in this very line


# What a module may hold as a constant, beside text, bytes and tuples.
_CONSTANTS: Final = frozenset(
    {
        int,
        float,
        complex,
        frozenset,
        dt.date,
        dt.datetime,
        dt.time,
        dt.timedelta,
        decimal.Decimal,
        fractions.Fraction,
        UUID,
    }
)


# -- failures ---------------------------------------------------------------------------------------------------------

# The metadata of a failed call: the artifact that holds what it raised.
RAISED_KEY: Final = "kitaru_raised"
# The metadata of a call with an id: the inputs that differ from those that its result was made with.
OTHER_INPUTS_KEY: Final = "kitaru_other_inputs"
# Not of the call's own making, or gone with the process that it failed in: it is tried again.
_NO_OUTCOMES: Final = (RunStoppedException, concurrent.futures.CancelledError, MemoryError, SystemError)


def keep_failure(run_id: UUID, name: str, error: BaseException) -> bool:
    """Store what a call raised, and return whether it is an outcome: whether a later runner will raise it again.

    Args:
        run_id: The run.
        name: The call's name.
        error: What it raised.
    """
    is_lost = isinstance(error, _NO_OUTCOMES) and not isinstance(error, KitaruError)
    if not isinstance(error, Exception) or is_lost:
        return False
    steps = Client().list_run_steps(pipeline_run_id=run_id, name=name, exclude_retried=True, size=1).items
    if not steps or steps[0].status != ExecutionStatus.FAILED:  # it failed before it was a step, and will again
        return False
    try:
        artifact = save(
            pickled(_Raised(portable(error), user_traceback(error)), f"What {name!r} raised", AS_INPUT), "raised"
        )
    except KitaruError as problem:
        text = f"the failure of {name} is not kept, a later runner tries it again: {problem}"
        tell(Event(Kind.WARNING, text, checkpoint=name, message=text))
        return False
    resource = RunMetadataResource(id=steps[0].id, type=MetadataResourceTypes.STEP_RUN)
    write_metadata(resource, {RAISED_KEY: str(artifact.id)}, inherited=False)
    return True


def kept_failure(step: StepRunResponse) -> BaseException:
    """Return what a recorded call raised."""
    artifact = Client().get_artifact_version(UUID(str(step.run_metadata[RAISED_KEY])))
    raised: _Raised = artifact.load(disable_cache=True)
    error = received(raised.error)
    give_recorded_traceback(error, raised.traceback)
    return error


@dataclass(frozen=True)
class _Raised:
    error: BaseException | Parts
    traceback: str


# By which pickles of earlier versions name it.
_Parts = Parts
