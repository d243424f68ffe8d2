"""The Dockerfile of a flow's image: the user's base or Dockerfile, and Kitaru's own layers on top."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER: Final = ".kitaru"
"""Where the build context holds what Kitaru adds to it."""
_TARGET: Final = "/opt/kitaru"
_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_INSTALL: Final = "python -m pip install --no-cache-dir --disable-pip-version-check"
_FROM: Final = re.compile(r"^\s*FROM\s", re.IGNORECASE)
_USER: Final = re.compile(r"^\s*USER\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Layers:
    """What Kitaru puts on top of an image.

    Attributes:
        wheel: File name of Kitaru's wheel.
        integrations: File names of the wheels of integrations.
        version: Kitaru's version; an image that has it already keeps its own.
        environment: Variables of build and container.
        frozen: Whether the packages of the local environment are installed.
        import_path: Folders that Python imports modules from, beside those that the image has for that.
    """

    wheel: str
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)
    frozen: bool = False
    integrations: Sequence[str] = ()
    import_path: Sequence[str] = ()


def on_base(image: str, layers: Layers) -> str:
    """Return a Dockerfile on a base image."""
    return _joined([f"FROM {image}", *_lines(layers)])


def on_dockerfile(text: str, layers: Layers) -> str:
    """Return the user's Dockerfile, continued."""
    root = ["USER root"] if final_user(text) else []
    return _joined([text.rstrip("\n"), "", "# Added by Kitaru", *root, *_lines(layers)])


def final_user(text: str) -> str | None:
    """Return the user that a Dockerfile's last stage ends with; None where it does not say."""
    user = None
    for line in text.splitlines():
        if _FROM.match(line):
            user = None
        elif match := _USER.match(line):
            user = match.group(1)
    return user if user != "root" else None


def _lines(layers: Layers) -> list[str]:
    return [
        *(f"ENV {name}={_quoted(value)}" for name, value in layers.environment.items()),
        # Debian's and Ubuntu's own Python refuses pip otherwise; a container is nobody's system.
        "ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore",
        f"RUN {_python_check()}",
        *(_install("frozen.txt") if layers.frozen else []),
        *_install("requirements.txt"),
        f"COPY {FOLDER}/{layers.wheel} {_TARGET}/",
        f"RUN {_has_version(layers.version)} || {_INSTALL} --no-deps {_TARGET}/{layers.wheel}",
        # What they need comes with the requirements that name them, which find them here.
        *(
            line
            for wheel in layers.integrations
            for line in (f"COPY {FOLDER}/{wheel} {_TARGET}/", f"RUN {_INSTALL} --no-deps {_TARGET}/{wheel}")
        ),
        *(_import_path(layers.import_path) if layers.import_path else []),
    ]


def _has_version(version: str) -> str:
    """An image that has this version already keeps its own: it was made for it."""
    test = f"import importlib.metadata as m, sys; sys.exit(m.version('kitaru-zenml') != '{version}')"
    return f'python -c "{test}" 2>/dev/null'


def _install(requirements: str) -> Sequence[str]:
    return [f"COPY {FOLDER}/{requirements} {_TARGET}/", f"RUN {_INSTALL} -r {_TARGET}/{requirements}"]


def _python_check() -> str:
    advice = f"this flow was submitted from Python {_PYTHON}; use a base image with Python {_PYTHON}"
    version = (
        f"import sys; sys.exit(None if sys.version_info[:2] == ({_PYTHON.replace('.', ', ')}) "
        f"else 'kitaru: the image has Python %d.%d, and {advice}' % sys.version_info[:2])"
    )
    missing = f"kitaru: the image has no command python, and {advice}"
    return f'command -v python >/dev/null || {{ echo "{missing}" >&2; exit 1; }}; python -c "{version}"'


def _import_path(folders: Sequence[str]) -> list[str]:
    """Return the lines by which Python imports modules from these folders, before those that the image has for that.

    They are made here, and the code comes later: Python does not look again into a folder that it has not found.
    """
    names = " ".join(map(quote, folders))
    refused = (
        "kitaru: the user of the image may not make /app, where the code of a flow goes; use one with root as its user"
    )
    others = "${PYTHONPATH:+:$PYTHONPATH}"
    return [
        f'RUN mkdir -p {names} && chmod -R a+rwX /app || echo "{refused}" >&2',
        f'ENV PYTHONPATH={_quoted(":".join(folders))[:-1]}{others}"',
    ]


def _quoted(value: str) -> str:
    """Quote a value for ENV: nothing in it is expanded; https://docs.docker.com/reference/dockerfile/#env."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
