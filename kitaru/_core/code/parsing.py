"""Parsing one source at a time, where two threads that parse at once break each other."""

from __future__ import annotations

import ast
import functools
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Before Python 3.11.8 and 3.12.2 the threads of a process share one counter for the depth of the tree that they build.
# What parses beside another thread fails with "SystemError: AST constructor recursion depth mismatch".
# https://github.com/python/cpython/issues/106905
FAULTY: Final = sys.version_info < (3, 11, 8) or (3, 12) <= sys.version_info < (3, 12, 2)


def parse_in_turn() -> None:
    """Have :func:`ast.parse` wait until no other thread parses, where Python is at fault; further calls do nothing.

    ZenML parses the sources of steps and materializers in the threads of a flow's checkpoints, through
    :mod:`inspect`; so may what the checkpoints call.
    """
    if FAULTY and ast.parse.__module__ != __name__:
        ast.parse = _in_turn(ast.parse)


def _in_turn(parse: Callable[..., Any]) -> Callable[..., Any]:
    turn = threading.RLock()
    # A process that is forked while another thread parses would wait for that thread, which it does not have.
    os.register_at_fork(before=turn.acquire, after_in_parent=turn.release, after_in_child=turn.release)

    def parse_alone(*args: Any, **kwargs: Any) -> Any:
        with turn:
            return parse(*args, **kwargs)

    functools.update_wrapper(parse_alone, parse, assigned=("__doc__", "__name__", "__qualname__"))
    return parse_alone
