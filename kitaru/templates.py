"""Projects to begin with: small ones that run, made from templates that come with Kitaru."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kitaru._core.images.shipped import templates_folder
from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruError, KitaruUsageError

__all__ = ["TEMPLATES", "NewProject", "Template", "create_project"]


@dataclass(frozen=True)
class Template:
    """A project to begin with.

    Attributes:
        name: Its name.
        summary: What it shows, in a few words.
        program: The file that holds its flow.
    """

    name: str
    summary: str
    program: str


TEMPLATES: Final = {
    one.name: one
    for one in (
        Template("basic", "a flow and two checkpoints", "flows.py"),
        Template("agent", "a model that calls tools, and a person who approves", "agent.py"),
        Template("batch", "a checkpoint for each file of a folder, and a report", "batch.py"),
    )
}
"""The templates by name."""

# A file of this name in the package would count for the package itself.
_NAMES: Final = {"gitignore": ".gitignore"}


@dataclass(frozen=True)
class NewProject:
    """A project that was made.

    Attributes:
        folder: Where.
        template: The name of its template.
        program: The file that holds its flow.
        files: What was written, relative to the folder.
    """

    folder: str
    template: str
    program: str
    files: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def create_project(folder: str | Path = ".", *, template: str = "basic") -> NewProject:
    """Write the files of a project that runs; no file that is there is changed.

    Args:
        folder: Where; made where it is missing. The working directory by default.
        template: Name of the template, ``"basic"`` by default; ``TEMPLATES`` lists them.

    Raises:
        KitaruUsageError: There is no such template, or files that it would write are there already; then none is
            written.
        KitaruError: The folder cannot be written.

    Examples:
        >>> create_project("helper", template="agent").program  # doctest: +SKIP
        'agent.py'
    """
    if template not in TEMPLATES:
        raise KitaruUsageError(
            f"There is no template {template!r}.{did_you_mean(template, TEMPLATES)} The templates are {', '.join(TEMPLATES)}."
        )
    target = Path(folder)
    contents = _contents(template)
    _refuse_to_overwrite(target, contents)
    try:
        for name, content in contents.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:  # x: not even one that was made meanwhile is overwritten
                file.write(content)
    except OSError as error:
        raise KitaruError(
            f"{target} cannot be written: {error.strerror or error}. Name a folder in which you may write."
        ) from error
    return NewProject(str(target), template, TEMPLATES[template].program, tuple(contents))


def _contents(template: str) -> dict[str, bytes]:
    """Return the files of a template by the names that they are to have."""
    root = templates_folder()
    source = root / template
    paths = sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
    return {**{new: (root / name).read_bytes() for name, new in _NAMES.items()}, **files}


def _refuse_to_overwrite(target: Path, names: dict[str, bytes]) -> None:
    if target.exists() and not target.is_dir():
        raise KitaruUsageError(f"{target} is a file. Name a folder, or one that is still to be made.")
    there = [name for name in names if (target / name).exists() or (target / name).is_symlink()]
    if there:
        where = "this folder" if target == Path() else str(target)
        raise KitaruUsageError(
            f"Nothing was written: in {where} there {'is' if len(there) == 1 else 'are'} {', '.join(there)} already, "
            f"and no file is overwritten. Name a new folder: kitaru init my-flows"
        )
