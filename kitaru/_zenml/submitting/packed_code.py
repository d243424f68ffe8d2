"""The code that ZenML packs for containers: what of a flow is in it, and from where in it modules are imported."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from zenml.utils import code_repository_utils, source_utils
from zenml.utils.code_utils import CodeArchive

from kitaru._core.code.imports import ImportedModule, imported_by, is_installed
from kitaru._core.code.modules import import_path
from kitaru._core.images.image import ImageSettings
from kitaru._zenml.door.code_files import files_of
from kitaru._zenml.door.private import list_code_by
from kitaru._zenml.stacks.images import required_names
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru._core.code.definitions import FlowDefinition
    from kitaru._core.code.modules import ModuleRef

# Where ZenML has the code in a container: downloaded from the artifact store or a repository, or copied into the image.
_DOWNLOADED: Final = PurePosixPath("/app/code")
_COPIED: Final = PurePosixPath("/app")


@dataclass(frozen=True)
class PackedCode:
    """The code that goes into the containers of a flow.

    Attributes:
        root: The folder that it is taken from.
        files: The files, by their paths below it.
        folders: The folders below it that modules are imported from here.
    """

    root: Path
    files: frozenset[Path]
    folders: tuple[Path, ...]

    def has(self, name: str, file: Path) -> bool:
        """Whether a module is imported in a container by the name that it has here."""
        if self.root not in file.parents or file.relative_to(self.root) not in self.files:
            return False
        below = Path(*name.split("."))
        ways = (below.with_name(f"{below.name}.py"), below / "__init__.py")
        return any(self.root / folder / way == file for folder in (Path(), *self.folders) for way in ways)

    def import_path(self) -> list[str]:
        """Return the folders of a container that modules are imported from, beside that of the code."""
        bases = [_DOWNLOADED / _folder_in_repository(self.root), _COPIED]
        return [str(base / folder.as_posix()) for folder in self.folders for base in bases]


def pack_code() -> PackedCode:
    """Look up what ZenML packs from its source root."""
    list_code_by(files_of)
    root = Path(source_utils.get_source_root()).resolve()
    files = frozenset(map(Path, CodeArchive(root=str(root)).get_files()))
    packed = {folder for file in files for folder in file.parents}
    return PackedCode(root, files, tuple(folder for folder in _folders_below(root) if folder in packed))


def _folders_below(root: Path) -> list[Path]:
    entries = [Path(entry).resolve() for entry in import_path()]
    own = [entry for entry in entries if root in entry.parents and not is_installed(entry / "module.py")]
    below = dict.fromkeys(entry.relative_to(root) for entry in own)
    return [folder for folder in below if ":" not in str(folder)]  # a variable of paths cannot hold it


def _folder_in_repository(root: Path) -> str:
    """Return where in a repository of code that ZenML knows a root is."""
    context = code_repository_utils.find_active_code_repository()
    return "" if context is None else root.relative_to(Path(context.root).resolve()).as_posix()


def check(
    flow: FlowDefinition[..., Any], module: ModuleRef | None, code: PackedCode, image: ImageSettings | None
) -> None:
    """Refuse a flow that containers cannot import, and tell of modules that they will not find.

    Args:
        flow: The flow.
        module: Its module.
        code: What is packed.
        image: The image that it runs in.

    Raises:
        KitaruUsageError: Its module is not packed.
    """
    if module is None:
        raise KitaruUsageError(
            f"Flow {flow.name!r} runs in containers on this stack, which import it, and it is defined in a notebook, a "
            f"REPL, `python -c` or inside a function. Move it and its checkpoints to the top level of a file (in a "
            f"notebook `%%writefile my_flows.py` writes a cell to one), and import it from there."
        )
    file = Path(module.file or str(sys.modules[flow.__module__].__file__)).resolve()
    if module.file is not None and not code.has(module.name, file):
        raise KitaruUsageError(
            f"Flow {flow.name!r} runs in containers on this stack, which do not get its file {file}: {_reason(file, code)}"
        )
    needed = imported_by(module.name, file)
    if module.file is None and not is_installed(file):
        needed.insert(0, ImportedModule(module.name, file, "__main__"))
    # Once for a package.
    missing = {one.name.partition(".")[0]: one for one in reversed(needed) if not code.has(one.name, one.file)}
    if missing:
        required = required_names(image or ImageSettings())
        checkouts = dict(_checkouts())
        for one in missing.values():
            distribution = next((checkouts[above] for above in one.file.parents if above in checkouts), None)
            if distribution not in required:
                sys.stderr.write(_warning(one, code, distribution))


def _reason(file: Path, code: PackedCode) -> str:
    """Say why a file cannot be imported in a container, and what to do."""
    if code.root not in file.parents:
        return (
            f"it is outside of {code.root}, which is packed for them. Run `zenml init` in a folder above both, or start the "
            f"flow from a folder of its own repository."
        )
    if file.relative_to(code.root) not in code.files:
        return f"git ignores it, and what git ignores in {code.root} is not packed. Let git have it: `git add --force`."
    return (
        f"no module is imported by that name. Name it by one word followed by .py, in folders of one word each below "
        f"{code.root}."
    )


def _warning(module: ImportedModule, code: PackedCode, distribution: str | None) -> str:
    if code.root not in module.file.parents:
        why = f"outside of {code.root}, which is packed for containers"
        advice = "Run `zenml init` in a folder above both, or have it installed: image.requirements"
    elif module.file.relative_to(code.root) not in code.files:
        why, advice = "which git ignores, so that it is not packed for containers", "Let git have it: `git add --force`"
    else:
        why = f"which is packed for containers, but they import modules from {code.root} only"
        advice = f"Import it by its name below {code.root}, or have the folder above it in PYTHONPATH"
    if distribution is not None:
        advice = f"It is of a distribution: name {distribution} in image.requirements"
    return (
        f"kitaru: module {module.name!r}, which {module.importer!r} imports, is in {module.file.parent}, {why}. There the "
        f"import fails, unless the image has the module. {advice}.\n"
    )


def _checkouts() -> Iterator[tuple[Path, str]]:
    """Yield the folders from which distributions are installed, with the distributions' names."""
    for distribution in distributions():
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            yield Path(unquote(urlsplit(origin["url"]).path)).resolve(), canonicalize_name(distribution.name)
