"""Policies of retries as they are stored with an execution, for whichever process runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from kitaru._core.code.references import CodeRef, reference
from kitaru._core.policies.retry import Retry, classes_of
from kitaru._core.words.exception_text import text_of
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_KEY: Final = "retry"
"""Under which a policy stands in what is stored with an execution."""
_PLAIN: Final = ("times", "delay", "backoff", "longest", "jitter")
# Policies that only this process can have, as those of notebooks: their flows run nowhere else either.
_here: dict[str, Retry] = {}


def stored(policy: Retry, where: str, *, only_here: bool) -> dict[str, Any]:
    """Return a policy as plain data.

    Args:
        policy: The policy.
        where: What gives it, for the message.
        only_here: Whether no other process can run the execution.

    Raises:
        KitaruUsageError: Another process cannot import what it refers to, and may have to.
    """
    try:
        return {
            **{name: getattr(policy, name) for name in _PLAIN},
            "on": _references(policy.on, f"{where}: on="),
            "never": _references(policy.never, f"{where}: never="),
            "retry_after": _references(policy.retry_after, f"{where}: retry_after="),
        }
    except KitaruUsageError:
        if not only_here:
            raise
        key = uuid4().hex
        _here[key] = policy
        return {"here": key}


def loaded(data: dict[str, Any], import_module: Callable[[str, str | None], Any]) -> Retry:
    """Return the policy that :func:`stored` was given.

    Of one whose exceptions or functions are not there any more, whatever is raised is not tried again, and that is said.

    Args:
        data: What was stored.
        import_module: Imports a module by its name, and by its file where that is a script.
    """
    if "here" in data:
        return _here[data["here"]]
    numbers = {name: data[name] for name in _PLAIN}
    try:
        on, never, retry_after = (_loaded(data[name], import_module) for name in ("on", "never", "retry_after"))
        return Retry(**numbers, on=on, never=never, retry_after=retry_after)
    except Exception as error:  # noqa: BLE001 - modules may do anything while they are imported
        problem = f"what its policy refers to cannot be loaded any more: {type(error).__name__}: {text_of(error)}"

        def the_policy(_: BaseException) -> bool:
            raise ImportError(problem)

        return Retry(**numbers, on=the_policy)


def _references(target: Any, where: str) -> Any:
    if target is None:
        return None
    classes = classes_of(target)
    if classes or isinstance(target, tuple):
        return [reference(one, where).to_json() for one in classes]
    return reference(target, where).to_json()


def _loaded(data: Any, import_module: Callable[[str, str | None], Any]) -> Any:
    if isinstance(data, list):
        return tuple(CodeRef.from_json(one).load(import_module) for one in data)
    return None if data is None else CodeRef.from_json(data).load(import_module)
