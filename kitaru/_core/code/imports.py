"""What a module imports, as its source says, without importing anything."""

from __future__ import annotations

import ast
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru._core.code.modules import import_path
from kitaru._core.package import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
_FOLDERS: Final = (*(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")), FOLDER)


@dataclass(frozen=True)
class ImportedModule:
    """A module that is nobody's package.

    Attributes:
        name: Its name.
        file: Its file, resolved.
        importer: The name of the module that imports it.
    """

    name: str
    file: Path
    importer: str


def imported_by(name: str, file: Path) -> list[ImportedModule]:
    """Return the modules that a module needs, and those that they need, without what is installed.

    Args:
        name: The name of the module.
        file: Its file.
    """
    seen = {name: ImportedModule(name, file, name)}
    pending = [seen[name]]
    while pending:
        module = pending.pop()
        for wanted in _with_packages({module.name, *_names_in(module)}):
            found = None if wanted in seen else _find(wanted)
            if found is not None and not is_installed(found):
                seen[wanted] = ImportedModule(wanted, found, module.name)
                pending.append(seen[wanted])
    del seen[name]
    return list(seen.values())


def _with_packages(names: set[str]) -> list[str]:
    """Add the packages that modules are in: they are imported first."""
    parts = [name.split(".") for name in names]
    return sorted({".".join(one[: count + 1]) for one in parts for count in range(len(one))})


def _names_in(module: ImportedModule) -> Iterator[str]:
    """Yield what the source of a module imports anywhere in it; some of the names may be no modules."""
    try:
        tree = ast.parse(module.file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: it is nested too deeply
        return
    is_package = module.file.stem == "__init__"
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.name.split(".")
            package = above[: len(above) - node.level + is_package] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes, except what only type checkers see."""
    pending = [tree]  # no recursion: each term of a sum and each elif is one level deeper
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _find(name: str) -> Path | None:
    """Return the file of a module; None where it has none, or is no module."""
    if name.partition(".")[0] in sys.stdlib_module_names:
        return None
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) if module is not None else _file_of(name)
    return Path(file).resolve() if file else None


def _file_of(name: str) -> Path | None:
    """Return the file of a module that has not been imported."""
    *packages, last = name.split(".")
    folders = [Path(entry) for entry in import_path()]
    for package in packages:
        below = [folder / package for folder in folders]
        regular = [folder for folder in below if (folder / "__init__.py").is_file()]
        folders = regular[:1] or below
    files = [path for folder in folders for path in (folder / last / "__init__.py", folder / f"{last}.py")]
    return next((path for path in files if path.is_file()), None)


@cache
def is_installed(file: Path) -> bool:
    """Return whether a file is of an installed package, of Python itself or of Kitaru.

    Args:
        file: The file, resolved; it need not exist.
    """
    return not _INSTALLED.isdisjoint(file.parts) or any(folder in file.parents for folder in _FOLDERS)
