"""Public docstrings name the errors that their functions raise."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from types import FunctionType
from typing import TYPE_CHECKING, Any

import kitaru

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a function imports from here opens ZenML's store or starts a runner, which may fail.
BELOW = ("kitaru._zenml", "kitaru._runner")

# It yields what is wrong, and raises nothing.
REPORTS = {"kitaru.doctor.examine"}


def public_objects() -> Iterator[Any]:
    """Yield the functions and classes that users import."""
    yield from (getattr(kitaru, name) for name in kitaru.__all__)
    for found in pkgutil.iter_modules(kitaru.__path__, "kitaru."):
        if not found.name.startswith("kitaru._"):
            module = importlib.import_module(found.name)
            own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == found.name]
            names = getattr(module, "__all__", None) or [name for name in own if not name.startswith("_")]
            yield from (getattr(module, name) for name in names)


def public_functions() -> dict[FunctionType, str]:
    """Return functions, methods and properties, inherited ones too, with their docstrings.

    A constructor is described by its class as well; other magic methods need no docstring, and count where they have one.
    """
    described = {}
    for public in public_objects():
        if isinstance(public, FunctionType):
            described[public] = public.__doc__ or ""
        for kind in inspect.getmro(public) if inspect.isclass(public) else ():
            for name, member in vars(kind).items():
                function = getattr(member, "fget", None) or getattr(member, "__func__", member)
                if not isinstance(function, FunctionType) or not function.__module__.startswith("kitaru."):
                    continue
                text = inspect.cleandoc(function.__doc__ or "")
                if name in ("__init__", "__new__"):
                    described[function] = f"{text}\n{inspect.cleandoc(kind.__doc__ or '')}"
                elif not name.startswith("_") or (name.startswith("__") and text):
                    described[function] = text
    return described


def raised_by(function: FunctionType) -> tuple[set[str], bool]:
    """Return the errors that a function's own body raises by name, and whether it imports from below."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except OSError:  # made by a dataclass
        return set(), False
    calls = [node.exc.func for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    errors = {call.id for call in calls if isinstance(call, ast.Name) and call.id[0].isupper()}
    return errors, any(module.startswith(BELOW) for module in modules)


def documented_in(docstring: str) -> set[str]:
    """Return the errors that the section ``Raises:`` names."""
    section = re.search(r"^Raises:\n((?: {4}.*\n?)+)", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return set(re.findall(r"^ {4}(\w+):", section[1], flags=re.MULTILINE)) if section else set()


def test_public_docstrings_name_the_errors_that_their_functions_raise() -> None:
    missing = []
    for function, docstring in public_functions().items():
        errors, imports_below = raised_by(function)
        documented = documented_in(docstring)
        path = f"{function.__module__}.{function.__qualname__}"
        missing += [f"{path}: {error}" for error in sorted(errors - documented)]
        if imports_below and not documented and path not in REPORTS:
            missing.append(f"{path}: no section 'Raises:'")
    assert not missing, "\n".join(missing)
