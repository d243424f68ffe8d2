"""Reading stack definitions: those that come with Kitaru, and YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kitaru._core.images.shipped import stacks_folder
from kitaru._core.settings.stack_definition import Definition, parse_definition
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruStackError


def shipped_types() -> dict[str, str]:
    """Return the names of the definitions that come with Kitaru, each with its description."""
    return {path.stem: _load(path)[0].description for path in sorted(stacks_folder().glob("*.yaml"))}


def load_definition(definition: str | Path | Mapping[str, Any]) -> tuple[Definition, str]:
    """Return a definition, and how messages call it.

    Args:
        definition: The name of one that comes with Kitaru, the path of a YAML file, or a definition's data.

    Raises:
        KitaruStackError: There is no such definition, or it is not valid.
    """
    if isinstance(definition, Mapping):
        return parse_definition(definition, "The definition"), "The definition"
    path = Path(definition)
    if isinstance(definition, Path) or path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        return _load(path)
    shipped = stacks_folder() / f"{definition}.yaml"
    if not shipped.is_file():
        known = sorted(file.stem for file in stacks_folder().glob("*.yaml"))
        raise KitaruStackError(
            f"There is no stack type {definition!r}.{did_you_mean(definition, known)} The types are {', '.join(known)}; a "
            f"definition of your own is given as a file: -f {definition}.yaml."
        )
    return _load(shipped, f"Stack type {definition!r}")


def _load(path: Path, where: str | None = None) -> tuple[Definition, str]:
    where = where or str(path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KitaruStackError(f"There is no file {path.absolute()}. Give the path of a stack definition.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruStackError(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise KitaruStackError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
    return parse_definition(data, where), where
