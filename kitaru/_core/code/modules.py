"""How another process finds the module that a function was defined in."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru._core.process.places import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


MAIN: Final = ("__main__", "__mp_main__")
"""What a running script's module is called: in a child of it that multiprocessing has started anew, the second."""
# The name of a script that is called as they are, such as that of `python folder`.
_SCRIPT: Final = "__main_script__"
_REPOSITORY: Final = ".zen"


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
        if "." in ref.name and ref.root not in sys.path:
            sys.path.append(ref.root)  # last, so that it hides nothing: the packages above it are imported with it


def _locate_main(module: ModuleType) -> ModuleRef | None:
    file = getattr(module, "__file__", None)
    if not file or not Path(file).is_file() or Path(file).resolve() == START:
        return None
    path = Path(file).resolve()
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name and spec.name not in MAIN:  # python -m package.module
        return ModuleRef(spec.name, str(path), str(_root_of(spec.name, path)))
    return _ref_of_running(path)


@cache
def _ref_of_running(path: Path) -> ModuleRef:
    """Return how the running script is imported: by one name, whichever folder the process changes to."""
    return ref_of_script(path)


def ref_of_script(path: Path) -> ModuleRef:
    """Return how a script is imported: by the name that ZenML gives it.

    That begins at ZenML's source root where the script is below it, such as in a folder of a repository of ZenML's, and is
    the name of its file otherwise.

    Args:
        path: Its file, resolved.
    """
    root = _chosen_root()
    if root is not None and root in path.parents[1:]:
        parts = path.relative_to(root).with_suffix("").parts
        if path.suffix == ".py" and not any("." in part for part in parts) and _leads_to(parts[0], root):
            return ModuleRef(".".join(parts), str(path), str(root))
    name = path.stem.replace(".", "_")  # run.v2.py is in no package
    return ModuleRef(_SCRIPT if name in MAIN else name, str(path), str(path.parent))


def _chosen_root() -> Path | None:
    """Return the folder that ZenML has been told to resolve modules from; None where it takes that of the script.

    It has been told by a variable, or by `zenml init`; see ``zenml.utils.source_utils.get_source_root``, which cannot be
    asked without loading ZenML.
    """
    candidates: list[Path] = []
    if custom := os.environ.get("ZENML_CUSTOM_SOURCE_ROOT"):
        return Path(custom).resolve()
    if explicit := os.environ.get("ZENML_REPOSITORY_PATH"):
        candidates = [Path(explicit)]
    else:
        with suppress(OSError):  # the working directory may be gone
            here = Path.cwd()
            candidates = [here, *here.parents]
    return next((path.resolve() for path in candidates if (path / _REPOSITORY).is_dir()), None)


@cache
def _leads_to(package: str, root: Path) -> bool:
    """Whether importing this name gives the folder of that name below the root, and not something else so named."""
    if package in sys.stdlib_module_names:
        return False
    spec = PathFinder.find_spec(package, [*sys.path, str(root)])
    return spec is not None and str(root / package) in map(os.path.realpath, spec.submodule_search_locations or ())


def _root_of(name: str, file: Path) -> Path:
    path = file.resolve()
    depth = name.count(".") + (1 if path.stem == "__init__" else 0)
    return path.parents[depth]


def import_path() -> list[str]:
    """Return this process's import path as another one can use it: without relative entries, and with the script's root."""
    path = [entry or str(Path.cwd()) for entry in sys.path]
    ref = main_alias()
    return path if ref is None or ref.root in path else [*path, ref.root]
