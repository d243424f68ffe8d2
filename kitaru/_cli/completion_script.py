"""``kitaru completion``: what a shell needs to complete commands, ids and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_KITARU_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, ids, flows and stacks.

    \b
    Examples, each for the file that the shell reads when it starts:
      echo 'eval "$(kitaru completion bash)"' >> ~/.bashrc
      echo 'eval "$(kitaru completion zsh)"' >> ~/.zshrc
      kitaru completion fish > ~/.config/fish/completions/kitaru.fish
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "kitaru", _VARIABLE).source())
