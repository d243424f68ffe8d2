"""Paths that mean something on the machine that started the execution, and nothing in the container that runs it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru._core.code.structure import leaves
from kitaru._zenml.records.records import extra_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zenml.models import PipelineRunResponse


@contextmanager
def told(values: Any, run: PipelineRunResponse) -> Iterator[None]:
    """Say of an error that a path was not found, where that was given, what to give instead.

    Args:
        values: What the code inside was given.
        run: The run that it is part of.
    """
    try:
        yield
    except OSError as error:
        path = _missing(values, error.filename)
        if path is not None and extra_of(run).get("runner") == "stack":
            note = (
                f"{str(path)!r} is a path of the machine that started the execution, and is not there in this container. "
                f"Give the content instead: kitaru.File({str(path)!r}), or kitaru.Folder for a folder."
            )
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
        raise


def _missing(values: Any, filename: object) -> Path | None:
    """Return the path among some values that an error tells of, or that leads to what it tells of."""
    if not isinstance(filename, str | bytes):
        return None
    wanted = Path(os.path.abspath(os.fsdecode(filename)))  # noqa: PTH100 - links stay links
    given = (path for path in leaves(values) if isinstance(path, Path))
    return next((path for path in given if path.absolute() in (wanted, *wanted.parents) and not path.exists()), None)
