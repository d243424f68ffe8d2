"""The files of a flow's code that go into containers: ZenML loses those whose names hold spaces, or letters beyond ASCII.

It splits what git lists at all white space, and git quotes the names of the others.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zenml.constants import REPOSITORY_DIRECTORY_NAME

from kitaru._zenml.door.private import listed_by_zenml, root_of_code

if TYPE_CHECKING:
    from zenml.utils.code_utils import CodeArchive

# Those that git knows, and those that it would; --recurse-submodules goes with the first alone.
_KINDS = (("--cached", "--recurse-submodules"), ("--others", "--modified"))


def files_of(archive: CodeArchive) -> dict[str, str]:
    """Return the files that an archive of code holds; ``zenml.utils.code_utils.CodeArchive.get_files``.

    Args:
        archive: The archive.

    Returns:
        Where each lies, by its path in the archive.

    Raises:
        RuntimeError: There is none; ZenML tells why that may be.
    """
    root, repository = root_of_code(archive), archive.git_repo
    if not root or repository is None or repository.working_dir is None:
        return listed_by_zenml(archive)
    files = {}
    try:
        for kind in _KINDS:
            for name in repository.git.ls_files("-z", *kind, "--exclude-standard", root).split("\0"):
                path = os.path.join(repository.working_dir, name)  # noqa: PTH118 - as ZenML has it
                if name and os.path.exists(path):  # noqa: PTH110 - the same
                    files[os.path.relpath(path, root)] = path
    except Exception:  # noqa: BLE001 - git fails in many ways, and ZenML tells of each
        return listed_by_zenml(archive)
    own = {name: path for name, path in sorted(files.items()) if REPOSITORY_DIRECTORY_NAME not in Path(name).parts[:-1]}
    return own or listed_by_zenml(archive)
