"""What code inside a flow or checkpoint can record: metadata, artifacts, progress."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Never

from kitaru._core.code import scope
from kitaru.errors import KitaruContextError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_LONGEST_NAME = 200  # letters: ZenML keeps the name in a column of 255, and in the names of folders


def log(*unnamed: Never, **metadata: Any) -> None:
    """Record metadata with the running checkpoint, or with the execution when called in the flow's body.

    Dictionaries under the same name are merged, any other value replaces the one before.

    Args:
        *unnamed: Refused: metadata has a name.
        **metadata: Values by name, each of up to 65,535 characters of JSON: plain JSON, numbers and arrays of NumPy,
            pandas, torch and ``decimal``, tuples and sets, dates, paths, members of enums, and what ZenML's
            ``log_metadata`` takes. NaN and infinity are recorded as the texts ``"NaN"`` and ``"Infinity"``. What cannot be
            recorded, None among it, is left out, and a warning in the log names it: a training is not lost by it.

    Raises:
        KitaruUsageError: A value has no name, or a name is Kitaru's own (``kitaru_...``).
        KitaruContextError: Called outside a flow.
        KitaruBackendError: The store fails.

    Examples:
        >>> kitaru.log(tokens={"in": 812, "out": 96}, model="small")  # doctest: +SKIP
    """
    if unnamed:
        raise KitaruUsageError(
            f"kitaru.log({unnamed[0]!r}): metadata has a name, as in kitaru.log(tokens=812). A line of text goes into the "
            f"log of the checkpoint by print() or logging."
        )
    _inside("log")
    recorder("log")(metadata)


def save(name: str, value: Any, *, type: str | None = None, tags: Sequence[str] = ()) -> None:
    """Store a value under a name, beside what checkpoints return.

    Args:
        name: Name in the execution, of up to 200 characters; a later save replaces it.
        value: Anything that can be stored.
        type: A ZenML artifact type: ``"data"``, ``"model"``, ``"data_analysis"``, ``"statistics"``, ``"schema"``,
            ``"service"`` or ``"base"``. None leaves it to ZenML.
        tags: Tags of the artifact; none by default.

    Raises:
        KitaruUsageError: The name is empty or too long, the type unknown or the value cannot be stored.
        KitaruContextError: Called outside a flow.
        KitaruBackendError: The store fails, or a file cannot be written.

    Examples:
        >>> kitaru.save("draft", text, tags=["review"])  # doctest: +SKIP
    """
    _inside("save")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        raise KitaruUsageError(f"kitaru.save({name!r}, ...): the name is some text of up to {_LONGEST_NAME} letters.")
    recorder("save")(name, value, type_=type, tags=tags)


def load(exec_id: str, name: str) -> Any:
    """Load what an execution saved under a name, or what the checkpoint call of that name returned.

    Args:
        exec_id: The execution; any one, also the running one.
        name: The name given to ``save``, or a checkpoint call's name such as ``"fetch_2"``.

    Raises:
        KitaruUsageError: There is no such execution, or nothing of that name in it; the message names what there is.
        KitaruBackendError: The store cannot be reached, or the value cannot be loaded here.

    Examples:
        >>> draft = kitaru.load(earlier_exec_id, "draft")  # doctest: +SKIP
    """
    return recorder("load")(exec_id, name)


def current_execution_id() -> str:
    """Return the id of the execution that this code runs in.

    Raises:
        KitaruContextError: Called outside a flow.
    """
    return _inside("current_execution_id")


def progress(message: str, *, fraction: float | None = None) -> None:
    """Tell how far the running checkpoint, or the flow's body, has come.

    Args:
        message: What is being done.
        fraction: How much of it is done, from 0 to 1; None where that is not known.

    Raises:
        KitaruUsageError: The fraction is out of range.
        KitaruContextError: Called outside a flow.
        KitaruBackendError: The store fails.

    Examples:
        >>> kitaru.progress("page 12 of 50", fraction=0.24)  # doctest: +SKIP
    """
    _inside("progress")
    in_range = fraction is None or (not isinstance(fraction, bool) and 0 <= fraction <= 1)
    if not in_range:
        raise KitaruUsageError(f"kitaru.progress(fraction={fraction!r}): the fraction is a number from 0 to 1.")
    recorder("progress")(str(message), fraction)


def _inside(function: str) -> str:
    checkpoint = scope.current_checkpoint()
    if checkpoint is not None:
        return checkpoint.exec_id
    body = scope.current_body()
    if body is None:
        raise KitaruContextError(
            f"kitaru.{function}() was called outside a flow. It belongs into a checkpoint or the body of a flow that was "
            f"started with .run(...); a thread that the flow's code starts itself is outside too."
        )
    return body.exec_id


def recorder(action: str) -> Callable[..., Any]:
    """Return what records something for the code that runs here; in a process of a checkpoint's own, the runner does it.

    Args:
        action: One of ``kitaru._zenml.running.recording.ACTIONS``.

    Raises:
        KitaruBackendError: The store below is not one that Kitaru works with.
    """
    place = scope.current_checkpoint()
    if place is not None and place.ask is not None:
        return partial(place.ask, action)
    from kitaru._zenml.running import recording

    return recording.ACTIONS[action]
