"""What the decorators say of a function: the definitions of flows and checkpoints."""

from __future__ import annotations

import inspect
import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, ParamSpec, TypeVar, cast

from kitaru._core.code.entries import plant
from kitaru._core.code.futures import Outputs
from kitaru._core.code.modules import main_alias
from kitaru._core.code.signatures import bind, call, output_annotation, output_count, record_names
from kitaru._core.policies.retry import NO_RETRY, Retry
from kitaru._core.words.zenml_words import CHECKPOINT_WORDS, NO_WORDS, of_a_call
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru._core.policies.amounts import Rate
    from kitaru._core.policies.hook_functions import Hook

P = ParamSpec("P")
R = TypeVar("R")

Runtime = Literal["inline", "isolated", "process"]
# The recorded input that holds what the others cannot say: the shape of containers.
CALL_INPUT: Final = "kitaru_call"
# The recorded input that is given to nobody: the results that parts among the inputs come from.
PART_INPUT: Final = "kitaru_part_of"
# ZenML takes 255 characters for the name of an artifact, which holds the flow's and the output's as well.
_LONGEST_ID: Final = 120


class _Definition(ABC):
    """A decorated function, with the entry function that ZenML calls in its place."""

    name: str
    signature: inspect.Signature
    record_names: dict[str, str]
    entry: Callable[..., Any]

    def _describe(self, function: Callable[..., Any]) -> None:
        self.name = function.__name__
        self.signature = inspect.signature(function)
        self.record_names = record_names(self.signature)
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    @abstractmethod
    def _enter(self, inputs: dict[str, Any]) -> Any:
        """Run it with its recorded inputs, when ZenML calls its entry function."""


@dataclass(frozen=True)
class CheckpointOptions:
    """What a decorator says of a checkpoint.

    Attributes:
        retry: How often, after what and with what delay it is tried again when it raises; not at all by default.
        cache: Whether an earlier execution's result may be reused; None leaves it to the flow.
        type: A word for the kind of work, shown with the checkpoint: ``"llm_call"``, ``"tool_call"``.
        runtime: ``"isolated"`` asks for a container of its own where the stack has some, ``"process"`` for a process.
        settings: ZenML settings of the step, passed through.
        resources: ZenML resource settings: ``{"cpu_count": 2, "memory": "4GB", "gpu_count": 1}``.
        materializers: ZenML materializer classes for the outputs, passed through.
        zenml: What ZenML sets for a step beside these, by its own words.
        timeout: Seconds that one attempt of a call may take; None for no limit.
        max_memory: Bytes that a process of its own may have; None for no limit.
        concurrency: How many calls run at once over the executions of this machine; None for no limit.
        rate: How often calls start over the executions of this machine; None for no limit.
        on_success: Called when a call has completed.
        on_failure: Called when a call has failed and is not tried again.
    """

    retry: Retry = NO_RETRY
    cache: bool | None = None
    type: str | None = None
    runtime: Runtime | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] | None = None
    materializers: Any = None
    zenml: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    max_memory: int | None = None
    concurrency: int | None = None
    rate: Rate | None = None
    on_success: tuple[Hook, ...] = ()
    on_failure: tuple[Hook, ...] = ()

    @property
    def retries(self) -> int:
        """Maximum number of retries when it raises."""
        return self.retry.times

    @property
    def has_hooks(self) -> bool:
        """Whether anything is to be called at the end of a call."""
        return bool(self.on_success or self.on_failure)


class CheckpointDefinition(_Definition, Generic[P, R]):
    """A function whose calls are recorded as steps of the execution."""

    # What tells it from others in ZenML's cache, where its source and what it captured do not.
    identity: str | None = None
    # What the author calls its calls: a text, or a function of their arguments.
    id: str | Callable[..., str] | None = None
    # What the author wants to have ended before its calls start.
    after: tuple[Any, ...] = ()
    _outputs = 1

    def __init__(self, function: Callable[P, R], options: CheckpointOptions) -> None:
        self.func = function
        self.source: CheckpointDefinition[..., Any] = self  # the decorated one, of one with options of its own
        self.planted: Callable[..., Any] = function
        self.options = options
        self._describe(function)
        returns = output_annotation(function)
        self._outputs = output_count(returns)
        self.entry = plant(cast("Callable[..., Any]", function), "checkpoint", self._enter, returns, CALL_INPUT)

    @property
    def outputs(self) -> Outputs:
        """What it returns, as far as its annotation says so."""
        return Outputs(self.name, self._outputs)

    def id_of(self, values: Mapping[str, Any]) -> str | None:
        """Return the id of a call; None where it has none.

        Args:
            values: Arguments by parameter.

        Raises:
            KitaruUsageError: The function that gives the id raises, or returns no id.
        """
        if not callable(self.id):
            return self.id
        try:
            chosen = call(self.id, self.signature, values)
        except Exception as error:
            raise KitaruUsageError(
                f"{self.name}.with_options(id=...): the function that gives the id raised {type(error).__name__}: {error}. "
                f"It gets the arguments of the call: {self.name}{self.signature}."
            ) from error
        return checked_id(chosen, self.name)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return a call's arguments by parameter.

        Raises:
            KitaruUsageError: The arguments do not fit the signature.
        """
        name, known = self.name, ("id", "after", "retries", "timeout", "cache", "runtime", "resources", "zenml")
        options = of_a_call(f"{name}.with_options", known, CHECKPOINT_WORDS) if kwargs else NO_WORDS
        return bind(f"checkpoint {name!r}: {name}", self.signature, args, kwargs, options)

    def __repr__(self) -> str:
        return f"<Checkpoint {self.__module__}.{self.__qualname__}>"


class FlowDefinition(_Definition, Generic[P, R]):
    """A function that runs in the background, durably."""

    def __init__(self, function: Callable[..., Any], options: list[Mapping[str, Any]]) -> None:
        self.func: Callable[P, Any] = function  # Any: an async function gives a coroutine, the flow its value
        self.options = options
        main_alias()  # while the process is where it was started: a script may change to another folder
        self._describe(function)
        self.entry = plant(function, "flow", self._enter, Any)
        vars(self.entry)["definition"] = self  # for a runner that finds the entry in the module

    def __repr__(self) -> str:
        return f"<Flow {self.__module__}.{self.__qualname__}>"


def checked_id(chosen: object, checkpoint: str) -> str:
    """Return the id of a call, checked.

    Raises:
        KitaruUsageError: It is none that ZenML can keep as a step's name.
    """
    where = f"{checkpoint}.with_options(id={reprlib.repr(chosen)})"
    if not isinstance(chosen, str):
        raise KitaruUsageError(
            f"{where}: an id is some text, or a function that returns it, not a {type(chosen).__name__}."
        )
    if not chosen.strip() or len(chosen) > _LONGEST_ID:
        raise KitaruUsageError(f"{where}: an id has 1 to {_LONGEST_ID} characters, and this one {len(chosen.strip())}.")
    if chosen != chosen.strip() or not chosen.isprintable():
        raise KitaruUsageError(
            f"{where}: an id is the name of a step in ZenML, without space around it, line breaks and control characters."
        )
    return chosen
