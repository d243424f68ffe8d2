"""Commands that print nothing but results, and groups that suggest the nearest name for an unknown one."""

from __future__ import annotations

from typing import Any

import click

from kitaru._cli.output import results_alone_on_stdout
from kitaru._core.words.suggest import did_you_mean


class Command(click.Command):
    """A command whose stdout holds what it says alone: neither what ZenML logs nor what a user's module prints."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with results_alone_on_stdout():
            return super().invoke(ctx)


class Group(click.Group):
    """A group that says which commands it has, and which is the nearest, where an unknown one is asked for.

    Click suggests none in its earlier versions.
    """

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            near = self.elsewhere(ctx, name) or did_you_mean(name, known)
            ctx.fail(f"There is no command {name!r}.{near} The commands are {', '.join(known)}.")
        return super().resolve_command(ctx, args)

    def elsewhere(self, ctx: click.Context, name: str) -> str:
        """Suggest the option or the commands of groups of this group that have just this name."""
        suggestions = [f"--{name}"] if any(f"--{name}" in one.opts for one in self.get_params(ctx)) else []
        for group_name in self.list_commands(ctx):
            group = self.get_command(ctx, group_name)
            if isinstance(group, click.Group) and name in group.commands:
                suggestions.append(f"{group_name} {name}")
        return (
            f" Did you mean {' or '.join(f'`{ctx.command_path} {one}`' for one in suggestions)}?" if suggestions else ""
        )
