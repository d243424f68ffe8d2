"""Takes a name away from ZenML as soon as its module has been loaded: what a later ZenML may do.

A process, and each that it starts, has it while this folder is on ``PYTHONPATH``; ``TEST_ZENML_WITHOUT`` holds module and
name: ``zenml.client:Client.active_stack_model``. A module without a name is not there at all.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

MODULE, _, NAME = os.environ["TEST_ZENML_WITHOUT"].partition(":")


class Without(MetaPathFinder):
    """Finds the one module, and has the name deleted once its code has run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        if not NAME:
            raise ModuleNotFoundError(f"No module named {MODULE!r}", name=MODULE)
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_without(module: ModuleType) -> None:
            load(module)
            *outer, name = NAME.split(".")
            delattr(functools.reduce(getattr, outer, module), name)

        spec.loader.exec_module = load_without  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Without())
