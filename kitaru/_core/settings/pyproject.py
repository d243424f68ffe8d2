"""The ``[tool.kitaru]`` table of the nearest pyproject.toml.

The nearest file upward from the working directory counts, be there such a table in it or not: a project's settings end
at the project, and never come from a folder further up that happens to hold another one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kitaru._core.settings.options import SETTINGS
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError


def find(start: Path | None = None) -> Path | None:
    """Return the nearest pyproject.toml in ``start`` (default: the working directory) or above it."""
    try:
        directory = (start or Path.cwd()).absolute()
    except FileNotFoundError:  # the working directory was deleted under us: nothing is near
        return None
    candidates = (folder / "pyproject.toml" for folder in (directory, *directory.parents))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read(path: Path) -> dict[str, Any]:
    """Return the checked settings of the file's ``[tool.kitaru]``; empty where it has none.

    Relative paths in the image's fields are made absolute: they are meant from the file, not from the working directory.

    Raises:
        KitaruUsageError: The file cannot be read, is not TOML, or has an unknown key or a wrong value there.
    """
    where = f"{path} [tool.kitaru]"
    tool = _parse(path).get("tool", {})
    table = tool.get("kitaru", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise KitaruUsageError(
            f"{where} must be a table, not {type(table).__name__}. Write [tool.kitaru] on a line of its own."
        )
    for key in table:
        if key not in SETTINGS:
            raise KitaruUsageError(
                f"{where} has the unknown key {key!r}.{did_you_mean(key, SETTINGS)} The keys are {', '.join(SETTINGS)}."
            )
    checked = {name: SETTINGS[name].check(value, f"{where} {name}") for name, value in table.items()}
    if "image" in checked:
        checked["image"] = checked["image"].anchored(path.parent)
    return checked


def _parse(path: Path) -> dict[str, Any]:
    import tomllib  # not needed where there is no file

    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruUsageError(
            f"{path} cannot be read: {error}. Kitaru looks there for [tool.kitaru]; make the file readable UTF-8."
        ) from error
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # tomllib says "at line 3, column 5", but gives no number where the text ends too early.
        problem = str(error).replace("at end of document", f"at line {text.count(chr(10)) + 1}, the end of the file")
        raise KitaruUsageError(f"{path} is not valid TOML: {problem}. Kitaru looks there for [tool.kitaru].") from error
