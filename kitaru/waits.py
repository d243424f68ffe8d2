"""``kitaru.wait``: ask a person, or another program, in the middle of a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from kitaru._core.code import scope
from kitaru.errors import KitaruContextError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


@overload
def wait(
    schema: type[T],
    *,
    name: str | None = None,
    question: str | None = None,
    timeout: float = 600,
    metadata: Mapping[str, Any] | None = None,
) -> T: ...
@overload
def wait(
    schema: Any = bool,
    *,
    name: str | None = None,
    question: str | None = None,
    timeout: float = 600,
    metadata: Mapping[str, Any] | None = None,
) -> Any: ...
def wait(
    schema: Any = bool,
    *,
    name: str | None = None,
    question: str | None = None,
    timeout: float = 600,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """Wait in a flow's body for an answer from outside, and return it; inside an async flow, when awaited.

    The runner looks for the answer for ``timeout`` seconds and then ends: a flow that waits for days costs nothing.
    The answer starts it again, and it goes on behind this line. Answer with ``kitaru executions input ID --value ...``
    or ``KitaruClient().executions.input(exec_id, value=...)``.

    Args:
        schema: Type of the answer: bool (the default), str, int, float, a Literal, a dataclass, a pydantic model, ...
        name: Name of the wait; ``"wait"`` by default. A name that is used again gets ``_2``, ``_3``, ...
        question: What people are asked; without it they see the name alone.
        timeout: Seconds for which the runner stays and looks for the answer; 600 by default, 0 pauses at once.
        metadata: More about the question, as plain JSON, for whoever answers; nothing by default.

    Returns:
        The answer, as a value of ``schema``.

    Raises:
        KitaruContextError: Called outside a flow's body.
        KitaruUsageError: An argument is wrong, or JSON cannot express the type.
        KitaruDivergenceError: The flow's body no longer follows the record of its execution.

    Examples:
        >>> if kitaru.wait(question="Publish the report?"):  # doctest: +SKIP
        ...     publish(report)
    """
    inside = scope.current_checkpoint()
    if inside is not None:
        raise KitaruContextError(
            f"kitaru.wait() was called inside checkpoint {inside.name!r}. It belongs into the flow's body, between two "
            f"checkpoints: only there can the flow pause and go on."
        )
    body = scope.current_body()
    if body is None:
        raise KitaruContextError(
            "kitaru.wait() was called outside a flow. It belongs into the body of a function decorated with @flow, "
            "which is started with .run(...)."
        )
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout < 0:
        raise KitaruUsageError(f"kitaru.wait(timeout={timeout!r}): the timeout is a number of seconds from 0 up.")
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise KitaruUsageError(f"kitaru.wait(name={name!r}): the name is some text, or None.")
    return cast(
        "Any",
        body.ask(schema, name=name or "wait", question=question, timeout=timeout, metadata=dict(metadata or {})),
    )
