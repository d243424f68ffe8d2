"""``kitaru completion``: what a shell needs to complete commands, ids and names."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from kitaru._cli import COMPLETING
from kitaru._cli.group import Command
from kitaru._cli.output import say

_LOAD_COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"


@add_completion_class
class Bash(BashComplete):
    """What click makes for bash, for words with a colon or an equals sign too, which bash hands over in parts."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Put together the words that bash has taken apart: `file.py:flow`, `--status=failed`."""
        parts, incomplete = super().get_completion_args()
        words: list[str] = []
        for part in [*parts, incomplete]:
            joined = words and (part in (":", "=") or words[-1].endswith((":", "=")))
            words = [*words[:-1], words[-1] + part] if joined else [*words, part]
        self._typed = words[-1] if words[-1] != incomplete else ""
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Leave out what stands before the colon: bash replaces only what comes after it."""
        known = self._typed[: self._typed.rfind(":") + 1]
        return f"{item.type},{str(item.value).removeprefix(known)}"


class _WholeWords(ShellComplete):
    """For shells that replace the whole word, that of `--status=failed` with its option."""

    _option = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        if incomplete.startswith("--") and "=" in incomplete:
            self._option = incomplete[: incomplete.index("=") + 1]
        return args, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        if item.type == "plain":
            item.value = f"{self._option}{item.value}"
        return super().format_completion(item)


@add_completion_class
class Zsh(_WholeWords, ZshComplete):
    """What click makes for zsh, which works where nobody has loaded zsh's completion yet, too."""

    source_template = ZshComplete.source_template.replace(
        "    # eval/source/", f"    {_LOAD_COMPINIT}    # eval/source/"
    )


@add_completion_class
class Fish(_WholeWords, FishComplete):
    """What click makes for fish, with descriptions to their end: commas in them are no separators."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that makes SHELL complete what is typed.

    It knows commands, options, ids, flows and stacks.

    \b
    Examples, each for the file that the shell reads when it starts:
      echo 'eval "$(kitaru completion bash)"' >> ~/.bashrc
      echo 'eval "$(kitaru completion zsh)"' >> ~/.zshrc
      mkdir -p ~/.config/fish/completions
      kitaru completion fish > ~/.config/fish/completions/kitaru.fish
    """  # noqa: D301 - \b is click's mark for lines that it must not fill
    kind = get_completion_class(shell)
    assert kind is not None
    say(kind(ctx.find_root().command, {}, "kitaru", COMPLETING).source())
