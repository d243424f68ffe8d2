"""``kitaru image``: the container images that flows run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kitaru._cli import completion
from kitaru._cli.group import Group
from kitaru._cli.output import as_json, output_option, say
from kitaru._cli.target import load_flow

if TYPE_CHECKING:
    from kitaru.image import ImageDescription

_STACK = click.option(
    "--stack",
    metavar="NAME",
    shell_complete=completion.stacks,
    help="The stack to build for, instead of the flow's own.",
)


@click.group(cls=Group)
def image() -> None:
    """Look at the images that flows run in, and build them ahead.

    TARGET is a flow: module:flow or path/to/file.py:flow.
    """


@image.command()
@click.argument("target", shell_complete=completion.targets)
@_STACK
@output_option
def build(*, target: str, stack: str | None, output: str) -> None:
    """Build the image of the flow TARGET.

    It is pushed where the stack has a registry. The build's output goes to stderr as it comes, the name of the image to
    stdout.

    \b
    Example:
      kitaru image build survey.py:survey --stack prod
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    from kitaru.image import build_image

    built = build_image(load_flow(target), stack=stack)
    click.echo(f"Built in {built.seconds} s.", err=True)
    say(as_json(built) if output == "json" else built.image)


@image.command()
@click.argument("target", shell_complete=completion.targets)
@_STACK
@output_option
def show(*, target: str, stack: str | None, output: str) -> None:
    """Show the image of the flow TARGET.

    It tells what it would be built from, and whether an earlier one would be reused.
    """
    from kitaru.image import describe_image

    description = describe_image(load_flow(target), stack=stack)
    say(as_json(description) if output == "json" else _described(description))


def _described(image: ImageDescription) -> str:
    requirements = image.requirements if isinstance(image.requirements, str) else ", ".join(image.requirements or [])
    largest = ", ".join(f"{name} {size:,} B" for name, size in image.largest.items())
    rows = {
        "flow": image.flow,
        "stack": image.stack,
        "tag": image.tag,
        "reused": image.reused or "nothing: the next submission builds",
        "requirements": requirements or "none",
        "apt packages": ", ".join(image.apt_packages) or "none",
        "context": f"{image.context}, {image.context_bytes:,} B: {largest}",
    }
    lines = [f"{name:<14}{value}" for name, value in rows.items()]
    return "\n".join([*lines, "", "Dockerfile", *(f"  {line}" for line in image.dockerfile.splitlines())])
