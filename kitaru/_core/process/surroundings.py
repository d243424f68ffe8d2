"""What an execution was started in, kept for whoever lets it go on. Standard library only.

Environment, folder, import path, arguments and file mode mask stand in a file beside the runner's others, which only its
user can read. Of a variable that holds a secret, its name is kept and a salted hash of its value: by that, a value that
somebody else has is known to be the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru._core.process import crash_points, files
from kitaru._core.process.kept_secrets import Secrets, secrets_among, tells
from kitaru._core.process.places import runner_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Nothing of the start's: where the execution's store is, whoever found the execution there knows best, and by crash points
# tests tell single processes what to do. The others are between a runner and those who start it.
_FOLLOWED: Final = (
    "KITARU_SERVER_URL",
    "KITARU_AUTH_TOKEN",
    "KITARU_PROJECT",
    "ZENML_STORE_",
    "ZENML_ACTIVE_PROJECT_ID",
    "ZENML_DISABLE_CREDENTIALS_DISK_CACHING",
    crash_points.VARIABLE,
)
_BETWEEN: Final = ("KITARU_RUNNER_",)
# What stands for the value of a variable in an argument.
_MARK: Final = re.compile("\ue000(.*?)\ue001")


@dataclass(frozen=True)
class Surroundings:
    """What an execution was started in.

    Attributes:
        env: The variables that hold no secrets.
        secrets: Those that do.
        folder: The working directory; None where it had been removed.
        path: The import path.
        argv: The arguments of the program, with a mark where the value of a secret stood.
        umask: The file mode mask.
        python: Interpreter and prefix of the Python environment, and the program there that runners begin with.
    """

    env: dict[str, str]
    secrets: Secrets
    folder: str | None
    path: list[str]
    argv: list[str]
    umask: int
    python: tuple[str, str, str]

    @classmethod
    def here(cls, path: Sequence[str], start: Path, patterns: Iterable[str] = ()) -> Surroundings:
        """Return those of this process.

        Args:
            path: Its import path, as others can use it.
            start: The program that runners begin with.
            patterns: Which further variables hold secrets, by name, with ``*`` for anything.
        """
        env = {name: value for name, value in os.environ.items() if not name.startswith((*_FOLLOWED, *_BETWEEN))}
        secrets = secrets_among(env, patterns)
        plain = {name: value for name, value in env.items() if name not in secrets}
        folder = None
        with contextlib.suppress(OSError):
            folder = str(Path.cwd())
        python = (sys.executable, sys.prefix, str(start))
        argv = [_without(secrets, argument) for argument in sys.argv]
        return cls(plain, Secrets.of(secrets), folder, list(path), argv, umask(), python)

    def arguments(self, env: Mapping[str, str]) -> list[str]:
        """Return the arguments of the program, with the secrets in them that ``env`` has."""
        return [_MARK.sub(lambda mark: env.get(mark[1], mark[0]), argument) for argument in self.argv]

    def env_for(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a runner that somebody with variables of their own starts."""
        taken = {name: env[name] for name in self.secrets.hashes if name in env}
        followed = {name: value for name, value in env.items() if name.startswith(_FOLLOWED)}
        return {**self.env, **taken, **followed}

    def changed_in(self, env: Mapping[str, str]) -> list[str]:
        """Return the names of variables that have another value in ``env``, or have one there only."""
        return sorted(
            name
            for name, value in env.items()
            if not name.startswith((*_FOLLOWED, *_BETWEEN))
            and not (self.secrets.fits(name, value) if name in self.secrets.hashes else self.env.get(name) == value)
        )

    def lacking(self, env: Mapping[str, str]) -> str:
        """Say which secrets are missing or different in ``env``; empty where none is."""
        missing = sorted(name for name in self.secrets.hashes if name not in env)
        other = sorted(name for name in self.secrets.hashes if name in env and not self.secrets.fits(name, env[name]))
        parts = [
            f"{', '.join(missing)}: set when the execution was started, and not set now" if missing else "",
            f"{', '.join(other)}: not the value that was set when the execution was started" if other else "",
        ]
        return "; ".join(filter(None, parts))

    @property
    def existing_folder(self) -> str | None:
        """The folder, where it can be entered still."""
        there = self.folder is not None and Path(self.folder).is_dir() and os.access(self.folder, os.X_OK)
        return self.folder if there else None


def _without(secrets: Mapping[str, str], text: str) -> str:
    for name, value in sorted(secrets.items(), key=lambda item: -len(item[1])):
        if tells(value):
            text = text.replace(value, f"\ue000{name}\ue001")
    return text


def read(directory: Path) -> Surroundings | None:
    """Return what is kept for an execution; None where nothing is.

    Args:
        directory: The runner's directory.
    """
    data = files.read(directory / files.SURROUNDINGS)
    try:
        return Surroundings(**{**data, "secrets": Secrets(**data["secrets"]), "python": tuple(data["python"])})
    except (KeyError, TypeError):
        return None


def write(directory: Path, surroundings: Surroundings) -> None:
    """Keep what an execution was started in."""
    files.write(directory / files.SURROUNDINGS, {**vars(surroundings), "secrets": vars(surroundings.secrets)})


def forget(exec_id: str) -> None:
    """Keep nothing any more for an execution that never goes on."""
    with contextlib.suppress(OSError):
        (files.directory(runner_directory(), exec_id) / files.SURROUNDINGS).unlink(missing_ok=True)


def umask() -> int:
    """Return this process's file mode mask; where that is possible without setting it, which other threads would see."""
    known = None
    with contextlib.suppress(OSError):
        known = re.search(r"^Umask:\s*(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    if known is None:
        mask = os.umask(0o077)
        os.umask(mask)
        return mask
    return int(known[1], 8)
