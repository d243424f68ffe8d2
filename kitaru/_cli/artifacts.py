"""``kitaru artifacts``: the stored values of executions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from kitaru._cli import completion
from kitaru._cli.describe import artifacts_table
from kitaru._cli.group import Group
from kitaru._cli.output import as_json, client, output_option, say, show_list
from kitaru.errors import KitaruUsageError


@click.group(cls=Group)
def artifacts() -> None:
    """Look at the stored values of executions."""


@artifacts.command("list")
@click.argument("exec_id", metavar="EXECUTION", shell_complete=completion.executions)
@click.option("--name", help="Only those of this name.")
@click.option("--kind", type=click.Choice(["output", "input", "saved", "result"]), help="Only those of this kind.")
@click.option("--checkpoint", metavar="NAME", help="Only those of this call of a checkpoint, such as fetch_2.")
@output_option
def list_(*, exec_id: str, name: str | None, kind: Any, checkpoint: str | None, output: str) -> None:
    """List what an EXECUTION stored.

    \b
    Kinds:
      output  what a checkpoint returned
      input   what a checkpoint was given by the flow's body
      saved   what kitaru.save stored
      result  what the flow returned, where no checkpoint did

    \b
    Example:
      kitaru artifacts list 0a1b2c3d --kind output
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    matches = kitaru.artifacts.list(exec_id, name=name, kind=kind, checkpoint=checkpoint)
    show_list(matches, output, lambda: artifacts_table(matches), otherwise="No artifact matches.")


@artifacts.command()
@click.argument("artifact_id", metavar="ARTIFACT")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Write the value to FILE instead.")
@output_option
def get(*, artifact_id: str, save: Path | None, output: str) -> None:
    """Print the value of an ARTIFACT.

    It is given by its id, and printed as JSON, or as Python shows it where JSON has no form for it. With --output json
    what JSON has no form for is a JSON string. With --save bytes, text, files and folders are written as they are,
    anything else as JSON.

    \b
    Examples:
      kitaru artifacts get 5e6f7a8b-0000-4000-8000-000000000000
      kitaru artifacts get 5e6f7a8b-0000-4000-8000-000000000000 --save report.md
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kitaru = client()
    value = kitaru.artifacts.get(artifact_id).load()
    text = _as_json(value) if output == "json" else _as_text(value)
    if save is None:
        say(text)
        return
    size = _write(save, value)
    report = {"artifact": artifact_id, "file": str(save), "bytes": size}
    say(as_json(report) if output == "json" else f"Wrote {size} bytes to {save}.")


def _as_json(value: Any) -> str:
    from kitaru.json_values import result_to_json

    return result_to_json(value)


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _contents(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | bytearray) else f"{_as_json(value)}\n".encode()


def _write(path: Path, value: Any) -> int:
    """Write a value to a file; returns how many bytes that took."""
    from kitaru.files import File, Folder

    try:
        if isinstance(value, Folder):
            shutil.copytree(value.path, path, symlinks=True)
            return value.size
        if isinstance(value, File):
            shutil.copy(value.path, path)
            return value.size
        return path.write_bytes(_contents(value))
    except OSError as error:
        raise KitaruUsageError(
            f"--save {path} cannot be written: {error}. Give a file in a folder that exists."
        ) from error
