"""Where the data that come with Kitaru are: stack definitions in the checkout or the wheel's copy, and templates."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def stacks_folder() -> Path:
    """Return the folder that holds the definitions that come with Kitaru."""
    checkout = _PACKAGE.parent / "stacks"
    # Only a checkout has the project file beside the package; a folder "stacks" in site-packages is somebody else's.
    return checkout if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else _PACKAGE / "_stacks"


def templates_folder() -> Path:
    """Return the folder that holds the projects to begin with."""
    return _PACKAGE / "_templates"
