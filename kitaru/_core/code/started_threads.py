"""Threads that belong to the code which has started them.

Context variables do not reach a thread by themselves, and in a copy of all of them it would find more than in plain Python.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Surroundings: TypeAlias = "Callable[[], AbstractContextManager[None]]"

_start = threading.Thread.start
_submit = ThreadPoolExecutor.submit
_here = threading.local()


def give_threads(surroundings: Callable[[], Surroundings | None]) -> None:
    """Run each thread, and each task of a thread pool, inside what whoever starts it gives it.

    Args:
        surroundings: Called in the thread that starts another, or that submits a task. Returns what makes the context
            manager to run it inside, or None for none.
    """

    def start(thread: threading.Thread) -> None:
        inside = None if getattr(_here, "is_submitting", False) else surroundings()
        if inside is None:
            _start(thread)
            return
        with _run_inside(thread, inside):
            _start(thread)

    def submit(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        inside = surroundings()
        _here.is_submitting = True  # a thread of a pool belongs to nobody
        try:
            if inside is None:
                return _submit(pool, function, *args, **kwargs)
            return _submit(pool, _call_inside, inside, function, args, kwargs)
        finally:
            _here.is_submitting = False

    threading.Thread.start = start  # type: ignore[method-assign, assignment]
    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign, assignment]


@contextmanager
def _run_inside(thread: threading.Thread, inside: Surroundings) -> Iterator[None]:
    own = vars(thread).get("run")
    run = thread.run

    def restore() -> None:
        vars(thread).pop("run", None)
        if own is not None:
            vars(thread)["run"] = own

    def run_inside() -> None:
        restore()
        with inside():
            run()

    thread.run = run_inside  # type: ignore[method-assign]
    try:
        yield
    except BaseException:
        restore()
        raise


def _call_inside(inside: Surroundings, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with inside():
        return function(*args, **kwargs)
