"""Where runners keep their files, known before ZenML is loaded."""

from __future__ import annotations

import os
from pathlib import Path


def runner_directory() -> Path:
    """Return where the local runner keeps its files: beside ZenML's own configuration.

    The folder is that of ``zenml.utils.io_utils.get_global_config_directory``.
    """
    named = os.environ.get("ZENML_CONFIG_PATH")
    if named:
        return Path(named).resolve() / "kitaru" / "executions"
    import click

    return Path(click.get_app_dir("zenml")) / "kitaru" / "executions"
