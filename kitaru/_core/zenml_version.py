"""The ZenML that Kitaru works with, and what to say where another one, or none, is installed.

The standard library and ``packaging`` only: nothing of ZenML may be imported before its version is known to fit.
"""

from __future__ import annotations

import sys
from importlib import metadata
from shlex import quote
from typing import Final, NamedTuple

from kitaru.errors import KitaruBackendError

SUPPORTED: Final = ">=0.98.0,<0.99"
"""The range that the contract tests have passed; ``pyproject.toml`` declares the same, which a test compares."""

_REQUIREMENT: Final = f"zenml[local]{SUPPORTED}"


class Problem(NamedTuple):
    """Why the installed ZenML cannot be used."""

    finding: str
    """What is there, and what is wanted."""
    cure: str
    """A sentence that says what to do."""

    def error(self) -> KitaruBackendError:
        """Return it as one line."""
        return KitaruBackendError(f"{self.finding}. {self.cure}")


def installed() -> str | None:
    """Return the version of the installed ZenML; None where there is none."""
    try:
        return metadata.version("zenml")
    except metadata.PackageNotFoundError:
        return None


def problem() -> Problem | None:
    """Return what keeps the installed ZenML from being used, as far as its version tells; None where nothing does."""
    version = installed()
    if version is None:
        return Problem(
            f"ZenML is not installed, and Kitaru needs {SUPPORTED}", f"Install it: `pip install {quote(_REQUIREMENT)}`."
        )
    from packaging.specifiers import SpecifierSet  # may be missing where ZenML, which brings it along, is missing

    if SpecifierSet(SUPPORTED).contains(version, prereleases=True):
        return None
    return Problem(
        f"ZenML {version} is installed, and this Kitaru needs {SUPPORTED}",
        f"Install one that fits: `pip install {quote(_REQUIREMENT)}`.",
    )


def check() -> None:
    """See that a ZenML is installed that Kitaru works with.

    Raises:
        KitaruBackendError: There is none, or of another version.
    """
    wrong = problem()
    if wrong is not None:
        raise wrong.error()


def incomplete(what: str) -> KitaruBackendError:
    """Return the error for a ZenML of the right version that is not as it should be.

    Args:
        what: What is wrong, as the end of a sentence that begins with "ZenML 0.98.0".
    """
    cure = f"Install it again: `pip install --force-reinstall {quote(_REQUIREMENT)}`; if that does not help, install a later Kitaru."
    return Problem(f"ZenML {installed()} {what}", cure).error()


def hidden_library(error: ImportError) -> KitaruBackendError | None:
    """Return the error for a module of the user's own that hides a library of its name; None where none does.

    Args:
        error: What was raised as ZenML was imported.
    """
    name = (error.name or "").partition(".")[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    distributions = metadata.packages_distributions().get(name)
    if file is None or not distributions:
        return None
    library = str(metadata.distribution(distributions[0]).locate_file(name))
    if file.startswith(library):
        return None
    place = file.removesuffix("__init__.py").rstrip("/")
    return KitaruBackendError(
        f"ZenML cannot be loaded: it needs the library {name!r}, and {place} hides it. Rename that module, or start Python "
        f"where it is not on the import path."
    )
