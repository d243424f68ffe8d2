"""A look at the set-up: what flows need here, whether it is there, and what to do where it is not."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Final

from kitaru._core import zenml_version
from kitaru._core.records.findings import Finding
from kitaru.errors import KitaruBackendError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru._core.settings.settings import ResolvedSettings

__all__ = ["Finding", "examine", "upgrade_store"]

_DISTRIBUTION: Final = "kitaru-zenml"
_OTHER_PRODUCT: Final = "kitaru"
_PYTHONS: Final = ((3, 11), (3, 14))


def examine() -> Iterator[Finding]:
    """Look at the set-up, and yield what was found as it is found.

    Nothing is started and no setting is changed; a store that is not there yet is not made. What does not answer is
    given up after some seconds.

    Examples:
        >>> [finding.cure for finding in examine() if finding.state == "failed"]  # doctest: +SKIP
        []
    """
    yield _python()
    yield _kitaru()
    settings, finding = _settings()
    yield finding
    wrong = zenml_version.problem()
    if wrong is not None:
        yield Finding("ZenML", "failed", wrong.finding, wrong.cure)
        return
    try:
        from kitaru._zenml.servers import checkup
    except Exception as error:  # noqa: BLE001 - whatever keeps ZenML from being imported is what is to be told
        yield _broken_zenml(error)
        return
    yield from checkup.examine(settings)


def upgrade_store() -> Path | None:
    """Copy the database of an earlier ZenML and upgrade it to the installed one.

    Kitaru opens no database that would have to be upgraded, as ZenML cannot take an upgrade back; this is how it is asked
    for. At a terminal, ``.run()`` asks whether it is wanted.

    Returns:
        The copy; None where there was nothing to upgrade.

    Raises:
        KitaruBackendError: The store cannot be reached, or is of a later ZenML.

    Examples:
        >>> upgrade_store()  # doctest: +SKIP
        PosixPath('/home/ada/.config/zenml/local_stores/default_zen_store/zenml.db.0.97.0')
    """
    from kitaru._zenml.door import store

    return store.upgrade()


def _python() -> Finding:
    python = f"{platform.python_version()}, {sys.executable}"
    lowest, beyond = _PYTHONS
    if lowest <= sys.version_info[:2] < beyond:
        return Finding("Python", "ok", python)
    return Finding("Python", "failed", python, "Make an environment with Python 3.11, 3.12 or 3.13, and install there.")


def _kitaru() -> Finding:
    try:
        version = metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return Finding(
            "Kitaru",
            "failed",
            "runs from a folder that is not installed: runners and images would not find it",
            "Install it: `pip install .` in its checkout.",
        )
    # The two write their files into one folder of one environment.
    if any(one.metadata["Name"] == _OTHER_PRODUCT for one in metadata.distributions()):
        return Finding(
            "Kitaru",
            "failed",
            f"{version}, and another product that the package index calls plain {_OTHER_PRODUCT!r}, with files of the same names",
            f"Uninstall both, `pip uninstall {_OTHER_PRODUCT} {_DISTRIBUTION}`, then install {_DISTRIBUTION} again.",
        )
    return Finding("Kitaru", "ok", version)


def _settings() -> tuple[ResolvedSettings | None, Finding]:
    from kitaru._core.settings import pyproject, settings

    try:
        resolved = settings.resolve()
    except KitaruUsageError as error:
        return None, Finding("Settings", "failed", str(error), "`kitaru config show` tells when they are right.")
    sources = [f"{path} from {one.detail}" for path, one in resolved.provenance.items() if one.layer in _LAYERS]
    file = pyproject.find()
    summary = ", ".join(sources) or (f"the defaults; {file} gives none" if file else "the defaults")
    return resolved, Finding("Settings", "ok", summary)


_LAYERS: Final = ("environment", "pyproject")


def _broken_zenml(error: Exception) -> Finding:
    kind = "" if isinstance(error, KitaruBackendError) else f"cannot be imported: {type(error).__name__}: "
    return Finding(
        "ZenML",
        "failed",
        f"{kind}{error}",
        "Install Kitaru again, in an environment of its own: `pip install --force-reinstall .` in its checkout.",
    )
