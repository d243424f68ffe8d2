"""A plain ZenML step that a flow's body calls, with what the body asks of a checkpoint."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias

from zenml.constants import CODE_HASH_PARAMETER_NAME
from zenml.execution.pipeline.dynamic.inputs import convert_to_keyword_arguments
from zenml.execution.pipeline.dynamic.utils import collect_futures

from kitaru._core.code.definitions import CheckpointOptions
from kitaru._core.code.futures import Outputs
from kitaru._core.policies.retry import LONGEST, NO_RETRY, Retry
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from zenml.config.retry_config import StepRetryConfig
    from zenml.config.step_configurations import GroupInfo
    from zenml.steps import BaseStep

    from kitaru._core.code.definitions import CheckpointDefinition

    Called: TypeAlias = "CheckpointDefinition[..., Any] | PlainStep"  # what a body calls


class PlainStep:
    """One call of a ZenML step, with what the body asks of a checkpoint."""

    def __init__(
        self, step: BaseStep, name: str | None = None, after: Any = None, group: GroupInfo | None = None
    ) -> None:
        """Create it.

        Args:
            step: The step.
            name: The name that the call is to have; None leaves it to the body.
            after: Futures of steps that are to end before it starts.
            group: What ZenML shows the calls of one ``map`` together by.
        """
        self.step = step.copy()  # compiling writes into it
        self.name = self.step.name
        self.call_name = name
        self.after = collect_futures(after=after, expand_map_results=True)
        self.group = group
        self.outputs = Outputs(self.name, len(self.step.entrypoint_definition.outputs))
        self.func = self.step.entrypoint
        parameters = inspect.signature(self.func).parameters
        self.record_names = {parameter: parameter for parameter in parameters}
        own: StepRetryConfig | None = self.step.configuration.retry
        self.options = CheckpointOptions(retry=_policy(own) if own is not None else NO_RETRY)

    @property
    def code(self) -> str | None:
        """The hash of its source, by which a change is told."""
        code: str | None = self.step.caching_parameters.get(CODE_HASH_PARAMETER_NAME)
        return code

    def id_of(self, values: dict[str, Any]) -> str | None:  # noqa: ARG002 - as of a checkpoint
        """Return the id that the call was given; None where it has none."""
        return self.call_name

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Bind arguments as a call would; what is missing may come from the step's own configuration."""
        try:
            return convert_to_keyword_arguments(self.func, args, kwargs)
        except TypeError as error:
            raise KitaruUsageError(f"ZenML step {self.name!r} cannot be called like this: {error}.") from error


def _policy(own: StepRetryConfig) -> Retry:
    """Return the policy of a step's own configuration; a backoff of 0, ZenML's default, is taken for 1."""
    return Retry(
        times=own.max_retries,
        delay=min(own.delay, LONGEST),
        backoff=max(own.backoff, 1),
        longest=LONGEST,
        jitter=False,
        on=(BaseException,),
    )
