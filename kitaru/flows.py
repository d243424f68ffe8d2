"""``@flow``: a function that runs in the background, durably."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from kitaru._core.code import loading, scope
from kitaru._core.code.definitions import FlowDefinition
from kitaru._core.code.signatures import bind
from kitaru._core.settings.flow_options import FLOW_OPTIONS
from kitaru._core.settings.keywords import FlowKeywords, ReplayKeywords, checked_options, checked_replay
from kitaru._core.settings.options import RUN_OPTIONS
from kitaru._core.settings.settings import resolve, validate_options
from kitaru._core.words.suggest import no_attribute
from kitaru._core.words.zenml_words import FLOW_WORDS, NO_WORDS, of_a_call
from kitaru.errors import KitaruBackendError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from kitaru._core.images.image import ImageSettings
    from kitaru._core.policies.retry import Retry
    from kitaru._core.records.executions import ExecutionSummary
    from kitaru.handle import FlowHandle

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["Flow", "FlowKeywords", "ReplayKeywords", "flow"]


class Flow(FlowDefinition[P, R]):
    """A function that ``run`` starts in the background; made by ``flow``."""

    def __init__(self, function: Callable[..., Any], options: list[Mapping[str, Any]]) -> None:
        _refuse_option_names(function.__name__, inspect.signature(function))
        super().__init__(function, options)

    # With no option every argument is checked. With one, PEP 612 cannot name the flow's parameters any more: then the
    # options are, each of them in each overload, lest a wrong one pass as an argument of the flow.
    @overload
    def run(self, *args: P.args, **kwargs: P.kwargs) -> FlowHandle[R]: ...
    @overload
    def run(
        self,
        *args: Any,
        stack: str | None,
        image: ImageSettings | Mapping[str, Any] | str | None = None,
        cache: bool | None = None,
        retries: int | Retry | None = None,
        **kwargs: Any,
    ) -> FlowHandle[R]: ...
    @overload
    def run(
        self,
        *args: Any,
        stack: str | None = None,
        image: ImageSettings | Mapping[str, Any] | str | None,
        cache: bool | None = None,
        retries: int | Retry | None = None,
        **kwargs: Any,
    ) -> FlowHandle[R]: ...
    @overload
    def run(
        self,
        *args: Any,
        stack: str | None = None,
        image: ImageSettings | Mapping[str, Any] | str | None = None,
        cache: bool | None,
        retries: int | Retry | None = None,
        **kwargs: Any,
    ) -> FlowHandle[R]: ...
    @overload
    def run(
        self,
        *args: Any,
        stack: str | None = None,
        image: ImageSettings | Mapping[str, Any] | str | None = None,
        cache: bool | None = None,
        retries: int | Retry | None,
        **kwargs: Any,
    ) -> FlowHandle[R]: ...
    def run(  # type: ignore[misc]  # PEP 612 has no way to say that P lacks these keywords; flow() refuses such a P
        self,
        *args: Any,
        stack: str | None = None,
        image: ImageSettings | Mapping[str, Any] | str | None = None,
        cache: bool | None = None,
        retries: int | Retry | None = None,
        **kwargs: Any,
    ) -> FlowHandle[R]:
        """Start the flow and return its handle at once; it goes on when this process ends.

        Args:
            *args: Arguments of the flow.
            stack: The stack to run on, for this execution. None, here as below, leaves it to the flow's own options and to
                the layers below them.
            image: Container image settings for this execution, over the flow's own.
            cache: Whether checkpoints may reuse results of earlier executions; True where no layer says otherwise.
            retries: Maximum number of retries after a failure; 0 where no layer says otherwise.
            **kwargs: Arguments of the flow by name.

        Returns:
            The handle: ``handle.wait()`` gives the flow's value.

        Raises:
            KitaruUsageError: The arguments do not fit, cannot be stored, or an option is wrong; nothing was started.
            KitaruContextError: Called in the body of a flow, or inside a checkpoint.
            KitaruStackError: The stack does not exist or cannot run flows.
            KitaruImageError: The image cannot be described, built or pushed.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.

        Examples:
            >>> handle = my_flow.run("a topic", retries=1)  # doctest: +SKIP
            >>> handle.wait()  # doctest: +SKIP
        """
        self._refuse_in_flow("run")
        options = validate_options(".run", stack=stack, image=image, cache=cache, retries=retries)
        others = of_a_call(f"{self.name}.with_options", FLOW_OPTIONS, FLOW_WORDS) if kwargs else NO_WORDS
        near = {**others, **dict.fromkeys(RUN_OPTIONS, "")}
        values = bind(f"flow {self.name!r}: {self.name}", self.signature, args, kwargs, near)
        from kitaru.handle import FlowHandle

        executing = loading.execution()
        if executing is not None:  # the runner imports the script that started this execution
            return FlowHandle(executing)
        settings = resolve(run=options, flow=self.options)
        from kitaru._runner.launch import start
        from kitaru._terminal.progress import starting

        try:
            with starting(self.name):
                return FlowHandle(start(self, values, settings))
        except KitaruBackendError as error:
            from kitaru._terminal.upgrading import offer_upgrade

            if not offer_upgrade(error):
                raise
        return FlowHandle(start(self, values, settings))

    def replay(
        self, execution: str | ExecutionSummary | FlowHandle[Any], **options: Unpack[ReplayKeywords]
    ) -> FlowHandle[R]:
        """Start a new execution that takes what an earlier one has recorded up to a point, and runs the rest.

        The flow's code is as it is now. Calls that are taken become skipped steps that refer to the original's
        artifacts; nothing is copied. What runs again is run: the cache answers it only with ``cache=True``.

        Args:
            execution: The original, or its id: a finished execution, or one that waits for an answer.
            **options: What is different: ``at``, ``inputs``, ``outputs``, ``skip``, ``wait_answers``, and the options of
                the flow, which hold over those that the original's ``.run()`` was given; see
                ``kitaru.flows.ReplayKeywords``. ``cache`` is False by default.

        Returns:
            The handle of the new execution. That fails with KitaruDivergenceError where the flow's body calls another
            checkpoint before the cut than was recorded.

        Raises:
            KitaruUsageError: A selector, an input, an output or an option is wrong; nothing was started.
            KitaruWaitValidationError: An answer does not fit its question; nothing was started.
            KitaruStateError: The original is still running, or Kitaru did not start it.
            KitaruContextError: Called in the body of a flow, or inside a checkpoint.
            KitaruStackError: The stack does not exist or cannot run flows.
            KitaruImageError: The image cannot be described, built or pushed.
            KitaruBackendError: The store cannot be reached, or a local runner cannot be started.

        Examples:
            >>> my_flow.replay(exec_id, at="rank", outputs={"score[2]": 0.9}).wait()  # doctest: +SKIP
        """
        self._refuse_in_flow("replay")
        change, settings = checked_replay(".replay", options)
        from kitaru._runner.replays import start_replay
        from kitaru.handle import FlowHandle

        return FlowHandle(start_replay(self, execution, change, settings))

    def with_options(self, **options: Unpack[FlowKeywords]) -> Flow[P, R]:
        """Return the same flow with other options; those not given stay.

        Args:
            **options: Those of ``@flow``; an image is merged field by field over the flow's own, ``zenml`` key by key. See
                ``kitaru.flows.FlowKeywords``.

        Raises:
            KitaruUsageError: An option is wrong.

        Examples:
            >>> handle = my_flow.with_options(stack="prod").run("a topic")  # doctest: +SKIP
        """
        changed: Flow[P, R] = Flow.__new__(type(self))
        changed.__dict__.update(self.__dict__)
        changed.options = [checked_options(f"{self.name}.with_options", options), *self.options]
        return changed

    def __call__(self, *_args: P.args, **_kwargs: P.kwargs) -> NoReturn:
        """Refuse, and show the right call.

        Raises:
            KitaruUsageError: Always.
        """
        raise KitaruUsageError(
            f"Flow {self.name!r} cannot be called directly. Start it in the background and wait for its value: "
            f"{self.name}.run(...).wait(). To call the plain function: {self.name}.func(...)."
        )

    if not TYPE_CHECKING:  # a type checker has its own words for these

        def __getattr__(self, name: str) -> NoReturn:
            raise no_attribute(
                self,
                "Flow",
                name,
                "It is started by .run(...), which returns a handle; .run(...).wait() is its value",
            )

    def _refuse_in_flow(self, method: str) -> None:
        scope.refuse_in_flow(
            f"{self.name}.{method}(...)",
            f", or make it a part of this one: its plain function, {self.name}.func(...), can be called in the body",
        )

    def _enter(self, inputs: dict[str, Any]) -> Any:
        from kitaru._zenml.hooks import calling
        from kitaru._zenml.running import execute

        return execute.run_flow(self, inputs, calling.Caller())


def _refuse_option_names(name: str, signature: inspect.Signature) -> None:
    taken = [parameter for parameter in signature.parameters if parameter in RUN_OPTIONS]
    if taken:
        raise KitaruUsageError(
            f"Flow {name!r} has a parameter {taken[0]!r}, which is an option of .run(). Rename the parameter; the "
            f"options are {', '.join(RUN_OPTIONS)}."
        )


def _refuse_other_than_functions(target: Any) -> None:
    requirement = "A flow is a function with a name, made by `def` at the top level of a module"
    if isinstance(target, Flow):
        raise KitaruUsageError(
            f"{target!r} is already a flow: use @flow once, and .with_options(...) for other options."
        )
    if inspect.ismethod(target) or _is_method(target):
        raise KitaruUsageError(
            f"@flow was used on the method {target.__qualname__}. {requirement}: move it out of the class and pass what it "
            f"needs."
        )
    if not inspect.isfunction(target):
        kind = "the class " if inspect.isclass(target) else ""
        raise KitaruUsageError(f"@flow was used on {kind}{target!r}, which is not a function. {requirement}.")
    if target.__name__ == "<lambda>":
        raise KitaruUsageError(f"@flow was used on a lambda. {requirement}: other processes find it by its name.")
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        raise KitaruUsageError(
            f"Flow {target.__name__!r} is a generator, and nobody would take what it yields. Collect it in a list and "
            f"return that."
        )


def _is_method(target: Any) -> bool:
    """Whether a function is defined in the body of a class and takes the instance or the class."""
    if not inspect.isfunction(target):
        return False
    holder = target.__qualname__.rpartition(".")[0]
    first = next(iter(inspect.signature(target).parameters), None)
    return bool(holder) and not holder.endswith("<locals>") and first in ("self", "cls")


class _FlowDecorator(Protocol):
    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Flow[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(function: Callable[P, Coroutine[Any, Any, R]], /) -> Flow[P, R]: ...
@overload
def flow(function: Callable[P, R], /) -> Flow[P, R]: ...
@overload
def flow(**options: Unpack[FlowKeywords]) -> _FlowDecorator: ...
def flow(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a flow.

    Its body is ordinary Python that calls checkpoints. When an execution is tried again the body runs again from its
    beginning, and checkpoints that have completed give back their first results.

    Args:
        function: The function, where the decorator is used bare.
        **options: ``stack``, ``image``, ``cache``, ``retries``, ``zenml``, ``timeout``, ``resources``, ``name``, ``tags``,
            ``idempotency_key``, ``concurrency`` and the hooks ``on_success``, ``on_failure``, ``on_wait``,
            ``on_cancelled``, ``on_end``; see ``kitaru.flows.FlowKeywords``. Where no layer says otherwise ``cache`` is
            True and ``retries`` is 0.

    Raises:
        KitaruUsageError: An option is wrong, a parameter has the name of one, or what is decorated is not
            a plain function.

    Examples:
        >>> @flow(retries=1)
        ... def greet(name: str) -> str:
        ...     return f"Hello {name}"
    """
    checked = checked_options("@flow", cast("FlowKeywords", options))

    def decorate(target: Callable[..., Any]) -> Flow[..., Any]:
        _refuse_other_than_functions(target)
        return Flow(target, [checked])

    return decorate if function is None else decorate(function)
