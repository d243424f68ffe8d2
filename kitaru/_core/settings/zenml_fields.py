"""The names of fields that ZenML's configuration classes have, read from their source: importing ZenML takes seconds."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast


@cache
def fields_of(module: str, name: str) -> tuple[str, ...]:
    """Return the names of the fields that a pydantic model of the installed ZenML declares itself.

    Args:
        module: The model's module below ``zenml``, such as ``"config.step_configurations"``.
        name: The model's name.

    Returns:
        The names in their order; none where the source is not there to be read. Then nothing is known of the names, and
        they are checked when the execution is submitted.
    """
    import ast  # only where an option is given

    body = _classes(module).get(name, [])
    declared = (line.target for line in body if isinstance(line, ast.AnnAssign) and not _is_class_variable(line))
    return tuple(target.id for target in declared if isinstance(target, ast.Name) and not target.id.startswith("_"))


def _is_class_variable(line: ast.AnnAssign) -> bool:
    import ast

    return "ClassVar" in ast.unparse(line.annotation)


@cache
def members_of(module: str, name: str) -> tuple[str, ...]:
    """Return the values of an enumeration of the installed ZenML, as :func:`fields_of` does fields."""
    import ast

    values = [line.value for line in _classes(module).get(name, []) if isinstance(line, ast.Assign)]
    return tuple(value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str))


@cache
def _classes(module: str) -> dict[str, list[ast.stmt]]:
    import ast

    spec = find_spec("zenml")
    if spec is None or not spec.submodule_search_locations:
        return {}
    file = Path(spec.submodule_search_locations[0], *module.split(".")).with_suffix(".py")
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError):
        return {}
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}
