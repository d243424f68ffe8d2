"""The directory from which ZenML resolves module names, where its own guess would be wrong or fail."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.utils import source_utils
from zenml.utils.code_utils import CodeArchive

from kitaru._core.code.modules import locate, script, script_directory
from kitaru._zenml.door.private import custom_source_root
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.code.definitions import FlowDefinition


# Files that show which variables there are, without their values.
_EXAMPLES = (".example", ".sample", ".template", ".dist")

_looked_at: set[Path] = set()
_fallback: list[str] = []  # what this module has chosen for want of anything better


def ensure_source_root(flow: FlowDefinition[..., Any]) -> str:
    """See that ZenML has a source root, and return it.

    ZenML takes a repository (``zenml init``) or what ``ZENML_CUSTOM_SOURCE_ROOT`` names, else the directory of the
    running script. That last guess is wrong for ``python -m package.module``, whose root is above the package, and
    for the ``kitaru`` command; a REPL has none. Then the flow's own root, or the working directory, is taken.
    """
    if is_undecided():
        ref = locate(flow.func)
        guess = script_directory()
        if ref is not None and (guess is None or guess not in Path(inspect.getfile(flow.func)).resolve().parents):
            source_utils.set_custom_source_root(ref.root)
        elif guess is None:
            source_utils.set_custom_source_root(str(Path.cwd()))
    return source_utils.get_source_root()


def is_undecided() -> bool:
    """Whether ZenML has no source root but its own guess, or what this module has chosen for want of anything better."""
    return (custom_source_root() is None or custom_source_root() in _fallback) and Client.find_repository() is None


def refuse_store_in_code() -> None:
    """See that ZenML's own files are not among the code that is packed for containers.

    Packing them would hand the database out, and closing its file would take this process's locks on it away.
    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_

    Raises:
        KitaruUsageError: They are.
    """
    root = Path(source_utils.get_source_root()).resolve()
    stores = Path(GlobalConfiguration().local_stores_path).resolve()
    if root not in stores.parents:
        return
    if any(stores in Path(file).resolve().parents for file in CodeArchive(root=str(root)).get_files().values()):
        raise KitaruUsageError(
            f"ZenML's own files in {stores} are inside of the code of the flow, {root}, all of which goes to where the flow "
            f"runs. Move the code into a folder of its own and run `zenml init` there, let git ignore {stores}, or keep "
            f"ZenML's files elsewhere: ZENML_CONFIG_PATH."
        )


def warn_of_keys_in_code() -> None:
    """Tell once of files made for keys that are among the code that is packed for containers, and stored with artifacts."""
    root = Path(source_utils.get_source_root()).resolve()
    if root not in _looked_at and (files := sorted(root.glob(".env*"))):
        _looked_at.add(root)
        packed = CodeArchive(root=str(root)).get_files()
        names = [file.name for file in files if file.name in packed and not file.name.endswith(_EXAMPLES)]
        if names:
            sys.stderr.write(
                f"kitaru: {', '.join(names)} in {root} is packed with the flow's code, which ZenML keeps in the artifact store "
                f"for containers. Let git ignore it, or keep it elsewhere; for keys there is `kitaru secrets set`.\n"
            )


def use_source_root(directory: str) -> None:
    """Have ZenML resolve module names as the process did that submitted the flow."""
    _fallback.clear()
    source_utils.set_custom_source_root(directory)


def ensure_fallback() -> None:
    """Let ZenML load code where it would find no source root, as in a REPL: then the working directory is it.

    A flow that is started later still gets its own root.
    """
    if custom_source_root() is None and script() is None and Client.find_repository() is None:
        _fallback.append(str(Path.cwd()))
        source_utils.set_custom_source_root(_fallback[-1])
