"""What a call comes after because its author says so, by ``after=``: futures that it waits for, and values that are there."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zenml.execution.pipeline.dynamic.outputs import BaseFuture, BaseStepFuture, MapResultsFuture, OutputArtifact
from zenml.models import ArtifactVersionResponse

from kitaru._core.code.definitions import CheckpointDefinition
from kitaru._core.code.futures import CheckpointFuture
from kitaru._core.code.structure import replace
from kitaru._zenml.running.inputs import WALKED
from kitaru._zenml.values.lineage import is_common
from kitaru._zenml.values.values import fingerprint
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kitaru._zenml.running.plain_step import Called
    from kitaru._zenml.values.lineage import Lineage


@dataclass(frozen=True)
class Predecessors:
    """What a call comes after, beside what its inputs and the order of the body say.

    Attributes:
        names: Calls that have ended: the body has their values.
        futures: Of calls that may still run.
    """

    names: frozenset[str]
    futures: tuple[CheckpointFuture[Any] | BaseStepFuture, ...]

    def wait(self, finish: Callable[[CheckpointFuture[Any]], object]) -> set[str]:
        """Wait for all to complete, and return the names of the calls.

        Args:
            finish: Waits for a checkpoint.

        Raises:
            Exception: What one of them raised.
        """
        names = set(self.names)
        for future in self.futures:
            if isinstance(future, CheckpointFuture):
                finish(future)
                names.add(future.name)
            else:
                future.wait()
                names.add(future.invocation_id)
        return names


def predecessors_of(called: Called, lineage: Lineage) -> Predecessors:
    """Return what the author of a call wants it to come after.

    Args:
        called: What is called.
        lineage: Knows which calls the body's values are from.

    Raises:
        KitaruUsageError: Something in ``after`` is neither a future nor the value of a checkpoint.
    """
    if called.after in ((), []):
        return _NONE
    names: set[str] = set()
    futures: list[Any] = []

    def visit(part: Any) -> Any:
        if isinstance(part, MapResultsFuture):
            futures.extend(part.futures)
        elif isinstance(part, CheckpointFuture | BaseFuture):
            futures.append(part)
        elif (producers := _producers(part, lineage)) is not None:
            names.update(producers)
        elif type(part) in WALKED:
            return part
        else:
            _refuse_unknown(part, called)
        return None  # there is nothing to be walked in it

    replace(list(called.after), visit, WALKED)
    return Predecessors(frozenset(names), tuple(futures))


_NONE = Predecessors(frozenset(), ())


def _producers(part: Any, lineage: Lineage) -> Iterable[str] | None:
    """Return the names of the calls that a value is from; None where it is not known to be from any."""
    known = part if isinstance(part, ArtifactVersionResponse) else lineage.find(part)
    if known is not None:
        return [known.step_name] if isinstance(known, OutputArtifact) else []
    wholes = lineage.wholes_in(part) if type(part) not in WALKED else []
    return [whole.step_name for whole in wholes] or None


def _refuse_unknown(part: Any, called: Called) -> None:
    """Refuse what no checkpoint has returned, as far as that can be told: what Python shares may be from any."""
    if not isinstance(part, CheckpointDefinition) and (is_common(part) or fingerprint(part) is None):
        return
    raise KitaruUsageError(
        f"{called.name}.with_options(after=...) got {reprlib.repr(part)}. It takes futures of checkpoints, and values that "
        f"checkpoints have returned and that have not been changed since. The body has all other values already, and "
        f"nothing has to wait for them."
    )
