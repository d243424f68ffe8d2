"""What finished calls of a body have left: artifacts in the store, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from zenml.execution.pipeline.dynamic.utils import load_step_run_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zenml.execution.pipeline.dynamic.outputs import OutputArtifact
    from zenml.models import StepRunResponse


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

    def take(self, value: Any) -> None:
        """Take the value that the call has returned in this process."""
        # Several outputs come back from the store as a tuple, whatever sequence they were returned as.
        self.value = tuple(value) if self.several else _own(value)
        self.loaded = True

    def load(self) -> None:
        """Read the value from the store."""
        values = tuple(artifact.load() for artifact in self.artifacts)
        self.value = values if self.several else (values[0] if values else None)
        self.loaded = True


def _own(value: Any) -> Any:
    """Give text an identity of its own: Python shares one object among equal constants, lineage tells by identity."""
    if type(value) is str and len(value) > 1:
        return value[:1] + value[1:]
    return value
