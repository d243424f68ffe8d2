"""``kitaru init``: a project that runs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kitaru._cli.group import Command
from kitaru._cli.output import output_option, say
from kitaru.templates import TEMPLATES, create_project

if TYPE_CHECKING:
    from kitaru.templates import NewProject


@click.command(cls=Command)
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@click.option(
    "--template", type=click.Choice(list(TEMPLATES)), default="basic", show_default=True, help="What to begin with."
)
@output_option
def init(*, folder: Path, template: str, output: str) -> None:
    """Write a project that runs into FOLDER, or into this one. No file that is there is changed.

    \b
    Templates:
      basic  a flow and two checkpoints
      agent  a model that calls tools, and a person who approves; the model is a stand-in that needs no key
      batch  a checkpoint for each file of a folder, with retries, and a report

    \b
    Examples:
      kitaru init
      kitaru init helper --template agent
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    made = create_project(folder, template=template)
    say(json.dumps(made.to_json(), indent=2) if output == "json" else _summary(made))


def _summary(made: NewProject) -> str:
    here = made.folder == "."
    lines = [f"Made a project in {'this folder' if here else made.folder} from the template {made.template!r}:"]
    lines += [f"  {name}" for name in made.files]
    enter = [] if here else [f"  cd {shlex.quote(made.folder)}"]
    return "\n".join([*lines, "", "Next:", *enter, f"  python {made.program}", "  kitaru executions list"])
