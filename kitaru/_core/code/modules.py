"""How another process finds the module that a function was defined in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.process.places import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


MAIN: Final = ("__main__", "__mp_main__")
"""What a running script's module is called: in a child of it that multiprocessing has started anew, the second."""


@dataclass(frozen=True)
class ModuleRef:
    """A module as another process can load it.

    Attributes:
        name: The name under which it is imported there; never ``__main__``.
        file: Its file, where it is a script that has to be loaded by path.
        root: The directory from which its name resolves.
    """

    name: str
    file: str | None
    root: str


def locate(function: Callable[..., Any]) -> ModuleRef | None:
    """Find how another process can import the function's module.

    Returns:
        None where that is impossible: a notebook, a REPL, ``python -c``, a function inside a function.
    """
    if "<locals>" in function.__qualname__:
        return None
    module = sys.modules.get(function.__module__)
    if module is None:
        return None
    if module.__name__ in MAIN:
        return _locate_main(module)
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    return ModuleRef(module.__name__, None, str(_root_of(module.__name__, Path(file))))


def script() -> Path | None:
    """Return the file that this process was started with; None where there is none, or it is Kitaru's own."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file or Path(file).resolve() == START:
        return None
    return Path(file).resolve()


def script_directory() -> Path | None:
    """Return the folder of the running script, which Python puts on the import path; None for ``python -m``."""
    is_module = getattr(sys.modules.get("__main__"), "__spec__", None) is not None
    return None if is_module or (file := script()) is None else file.parent


def main_alias() -> ModuleRef | None:
    """Return the importable name of the running script, or None where there is none."""
    module = sys.modules.get("__main__")
    return _locate_main(module) if module is not None else None


def alias_main() -> None:
    """Make the running script known under its importable name as well.

    Without this, loading a value whose class the script defines would import the script a second time.
    """
    ref = main_alias()
    if ref is not None:
        sys.modules.setdefault(ref.name, sys.modules["__main__"])


def _locate_main(module: ModuleType) -> ModuleRef | None:
    file = getattr(module, "__file__", None)
    if not file or not Path(file).is_file() or Path(file).resolve() == START:
        return None
    path = Path(file).resolve()
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name and spec.name not in MAIN:  # python -m package.module
        return ModuleRef(spec.name, str(path), str(_root_of(spec.name, path)))
    return ModuleRef(path.stem.replace(".", "_"), str(path), str(path.parent))  # run.v2.py is in no package


def _root_of(name: str, file: Path) -> Path:
    path = file.resolve()
    depth = name.count(".") + (1 if path.stem == "__init__" else 0)
    return path.parents[depth]


def import_path() -> list[str]:
    """Return this process's import path as another one can use it: without relative entries."""
    return [entry or str(Path.cwd()) for entry in sys.path]
