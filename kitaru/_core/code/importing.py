"""Importing the module of a flow, or of a checkpoint, without starting what its top level starts."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from kitaru._core.code import loading

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


def _spec_of_script(name: str, file: str) -> ModuleSpec | None:
    """Return how a script is loaded, whatever its file is called: a program need not end in .py."""
    return importlib.util.spec_from_file_location(name, file, loader=SourceFileLoader(name, file))


def import_module(name: str, file: str | None) -> None:
    """Import a flow's module, unless it is there, without starting what its top level starts.

    Args:
        name: Its name.
        file: Its file, where it is a script that has to be loaded by path.

    Raises:
        Exception: Whatever the module raises.
    """
    if name not in sys.modules:
        _import(name, file)


def _import(name: str, file: str | None) -> None:
    parent, _, child = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
        if name in sys.modules:  # the package has imported it
            return
    spec = _spec_of_script(name, file) if file else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r} on the import path {sys.path}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with suppress(loading.StopLoading):  # what comes after it waits for its own execution is not for the runner
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    if parent:
        setattr(sys.modules[parent], child, module)
