"""Where the data that come with Kitaru are: stack definitions in the checkout or the wheel's copy, and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru._core.package import FOLDER

if TYPE_CHECKING:
    from pathlib import Path


def stacks_folder() -> Path:
    """Return the folder that holds the definitions that come with Kitaru."""
    checkout = FOLDER.parent / "stacks"
    # Only a checkout has the project file beside the package; a folder "stacks" in site-packages is somebody else's.
    return checkout if (FOLDER.parent / "pyproject.toml").is_file() and checkout.is_dir() else FOLDER / "_stacks"


def templates_folder() -> Path:
    """Return the folder that holds the projects to begin with."""
    return FOLDER / "_templates"
