"""Programs and forks that put out what they do to a descriptor of whoever starts them."""

from __future__ import annotations

import inspect
import os
import subprocess
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS: Final = {"stdout": 1, "stderr": 2}
_begin = subprocess.Popen.__init__
_wait = subprocess.Popen.wait
_signature = inspect.signature(_begin)


class _Starts:
    """What is handed to what is started here."""

    def __init__(self, output: Callable[[], int | None]) -> None:
        self._output = output
        self._own = {_file(number) for number in _NUMBERS.values()}
        self._here = threading.local()

    def redirect(self, options: dict[str, Any]) -> None:
        """Put a descriptor in the place of streams that a program would inherit."""
        inherited = [name for name, number in _NUMBERS.items() if self._is_own(options.get(name), number)]
        output = self._output() if inherited else None
        if output is not None:
            options.update(dict.fromkeys(inherited, output))

    def before_fork(self) -> None:
        self._here.output = self._output()

    def after_fork(self) -> None:
        output = getattr(self._here, "output", None)
        if output is None:
            return
        for number in _NUMBERS.values():
            if _file(number) in self._own:
                os.dup2(output, number)

    def _is_own(self, given: Any, number: int) -> bool:
        """Whether it is the output of this process, and not what somebody has put in its place."""
        try:
            descriptor = number if given is None else given if isinstance(given, int) else given.fileno()
        except (AttributeError, OSError, ValueError):  # what is no file, subprocess tells itself
            return False
        return descriptor in _NUMBERS.values() and _file(descriptor) in self._own


def give_programs(output: Callable[[], int | None], ended: Callable[[], None]) -> None:
    """Hand a descriptor to programs and forks that would inherit stdout or stderr of this process; to be called once.

    Args:
        output: Called where one is started. Returns the descriptor; None where it is to inherit.
        ended: Called where a program has been waited for.
    """
    starts = _Starts(output)

    @wraps(_begin)
    def begin(program: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
        try:
            bound = _signature.bind(program, *args, **options)
        except TypeError:  # which it raises itself
            _begin(program, *args, **options)
            return
        starts.redirect(bound.arguments)
        _begin(*bound.args, **bound.kwargs)

    @wraps(_wait)
    def wait(program: subprocess.Popen[Any], timeout: float | None = None) -> int:
        code = _wait(program, timeout)
        ended()
        return code

    subprocess.Popen.__init__ = begin  # type: ignore[method-assign, assignment]
    subprocess.Popen.wait = wait  # type: ignore[method-assign, assignment]
    os.register_at_fork(before=starts.before_fork, after_in_child=starts.after_fork)


def _file(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino
