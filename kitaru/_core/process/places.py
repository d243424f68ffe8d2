"""Where runners keep their files, known before ZenML is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a host, a supervisor and a worker begin with.
START: Final = Path(__file__).resolve().parents[2] / "_runner" / "start.py"


def runner_directory(env: Mapping[str, str] = os.environ) -> Path:
    """Return where the local runner keeps its files: beside ZenML's own configuration.

    The folder is that of ``zenml.utils.io_utils.get_global_config_directory``.

    Args:
        env: The variables that tell; on Linux, those of another process will do.
    """
    return _configuration(env) / "kitaru" / "executions"


def _configuration(env: Mapping[str, str]) -> Path:
    named = env.get("ZENML_CONFIG_PATH")
    if named:
        return Path(named).resolve()
    if sys.platform == "linux":  # as click has it, which takes a while to load
        own = env.get("HOME")
        config = env.get("XDG_CONFIG_HOME", f"{own}/.config" if own is not None else os.path.expanduser("~/.config"))  # noqa: PTH111
        return Path(config) / "zenml"
    import click

    return Path(click.get_app_dir("zenml"))
