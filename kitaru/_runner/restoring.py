"""In which surroundings a runner starts: those of the process that starts the flow, which are kept for whoever goes on."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru._core.code.modules import import_path
from kitaru._core.process import surroundings
from kitaru._core.process.places import START
from kitaru._core.process.surroundings import Surroundings
from kitaru._core.settings.environment import sensitive_variables
from kitaru._host.client import Beginning

if TYPE_CHECKING:
    from collections.abc import Sequence

# Entries of the import path that belong to an interpreter or its environment.
_LIBRARY: Final = re.compile(
    r"[/\\](lib(64)?[/\\]python3(\.\d+t?)?([/\\](lib-dynload|site-packages|dist-packages))?|python3\d+t?\.zip)$"
)
_UNKNOWN = (
    "nothing is kept here of what the execution was started in (environment, folder, import path, arguments): it goes on "
    "with what the process has that let it go on, and without arguments"
)


@dataclass(frozen=True)
class Place:
    """Where a runner starts.

    Attributes:
        surroundings: What it has around it, its secrets aside.
        env: Its variables, with the secrets that this process has.
        keep: What is to be kept as the execution's surroundings; None where it is already.
        left_out: Variables that this process has set otherwise.
        note: What is to be said in the runner's log; empty where there is nothing.
    """

    surroundings: Surroundings
    env: dict[str, str]
    keep: Surroundings | None
    left_out: tuple[str, ...] = ()
    note: str = ""

    @property
    def python(self) -> tuple[str, str]:
        """The interpreter, and the program that runners begin with."""
        return (sys.executable, str(START)) if self.is_own_python else self._kept_python

    @property
    def is_own_python(self) -> bool:
        """Whether the runner needs no other Python environment than that of this process, or can have no other."""
        is_there = all(Path(file).exists() for file in self._kept_python)
        return self.surroundings.python[1] == sys.prefix or not is_there

    @property
    def _kept_python(self) -> tuple[str, str]:
        interpreter, _, program = self.surroundings.python
        return interpreter, program

    @property
    def folder(self) -> str | None:
        """The working directory; None for that of this process."""
        return self.surroundings.existing_folder

    def beginning(self) -> Beginning:
        """Return what a fork begins with.

        Raises:
            OSError: There is no folder.
        """
        kept = self.surroundings
        folder = self.folder or str(Path.cwd())
        return Beginning(self.env, kept.path, folder, kept.umask, kept.secrets, goes_on=self.keep is None)


def begin_anew() -> Place:
    """Return where the runner of a new execution starts: where this process is."""
    here = _here()
    return Place(here, _with_path(os.environ, here.path), here)


def go_on(directory: Path, path: Sequence[str], *, renews: bool) -> Place:
    """Return where the runner starts of an execution that goes on.

    Args:
        directory: The directory of its runners.
        path: Entries of the import path that it needs, where those of its start cannot be had.
        renews: Whether it goes on in the surroundings of this process. The arguments stay: those that this process was
            given are another program's.
    """
    kept = surroundings.read(directory)
    if kept is None or renews:
        here = _here(path)
        here = replace(here, argv=[""] if kept is None else kept.argv)
        return Place(here, _with_path(os.environ, here.path), here, note=_UNKNOWN if kept is None else "")
    place = Place(kept, {}, None, tuple(kept.changed_in(os.environ)))
    if place.is_own_python:
        own = kept.python[1] == sys.prefix
        place = replace(place, surroundings=replace(kept, path=_with_library(kept.path) if own else _here(path).path))
    return replace(place, env=_with_path(kept.env_for(os.environ), place.surroundings.path))


def _with_library(path: Sequence[str]) -> list[str]:
    """Return an import path with the library of this interpreter, which may have been upgraded since."""
    own = [entry for entry in import_path() if _LIBRARY.search(entry)]
    before = list(takewhile(lambda entry: not _LIBRARY.search(entry), path))
    behind = [entry for entry in path[len(before) :] if not _LIBRARY.search(entry) or _is_added(entry)]
    return [*before, *own, *(entry for entry in behind if entry not in own)]


def _is_added(entry: str) -> bool:
    """Whether an entry holds packages of another environment, which this interpreter can use as well."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return entry.endswith("-packages") and version in entry and Path(entry).is_dir()


def _here(path: Sequence[str] = ()) -> Surroundings:
    own = import_path()
    return Surroundings.here([*own, *(entry for entry in path if entry not in own)], START, sensitive_variables())


def _with_path(env: os._Environ[str] | dict[str, str], path: Sequence[str]) -> dict[str, str]:
    return {**env, "KITARU_RUNNER_PATH": json.dumps(path)}


def keep_here(directory: Path) -> None:
    """Keep the surroundings of this process for an execution that runs in it, unless others are kept."""
    if surroundings.read(directory) is None:
        surroundings.write(directory, _here())
