"""Entry functions: what ZenML finds in the user's module and calls.

ZenML loads a pipeline or step by one attribute of a module. Kitaru puts a plain function there, beside the object
that the decorator returns, so that decorating imports nothing of ZenML, in the submitting process or in a pod.
"""

from __future__ import annotations

import functools
import inspect
import linecache
from typing import TYPE_CHECKING, Any

from kitaru._core.code.bytecode import code_digest
from kitaru._core.code.signatures import recorded_signature

if TYPE_CHECKING:
    from collections.abc import Callable


def plant(
    function: Callable[..., Any], kind: str, run: Callable[[dict[str, Any]], Any], returns: Any, *extra: str
) -> Callable[..., Any]:
    """Put an entry function for a user's function into its module and return it.

    Args:
        function: The user's function.
        kind: ``"flow"`` or ``"checkpoint"``; part of the attribute's name.
        run: Receives the recorded inputs by name when ZenML calls the entry; async for an async checkpoint.
        returns: The return annotation that ZenML sees.
        extra: Names of further recorded inputs.
    """

    def sync_entry(**inputs: Any) -> Any:
        return run(inputs)

    async def async_entry(**inputs: Any) -> Any:
        return await run(inputs)

    # ZenML looks through wrappers for an async function, and awaits what the entry returns where it finds one.
    entry = functools.wraps(function)(async_entry if inspect.iscoroutinefunction(run) else sync_entry)
    name = f"__kitaru_{kind}_{function.__qualname__.replace('.<locals>.', '__').replace('.', '__')}"
    entry.__name__ = entry.__qualname__ = name
    entry.__signature__ = recorded_signature(inspect.signature(function), returns, *extra)  # type: ignore[attr-defined]
    _ensure_source(entry, function)
    function.__globals__[name] = entry
    return entry


def _ensure_source(entry: Any, function: Callable[..., Any]) -> None:
    """Give the entry readable source where the user's function has none (a plain REPL, ``python -c``).

    ZenML stores the source and hashes it for its cache, and fails without; a hash of the bytecode stands in for it.
    """
    try:
        inspect.getsource(function)
    except (OSError, TypeError):
        digest = code_digest(function.__code__)
        text = f"def {function.__name__}{inspect.signature(function)}:  # source not available; bytecode {digest}\n    ...\n"
        filename = f"<kitaru {function.__qualname__} {digest[:12]}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        del entry.__wrapped__
        entry.__code__ = entry.__code__.replace(co_filename=filename, co_firstlineno=1)
