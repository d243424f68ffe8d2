"""Groups of commands that suggest the nearest name for an unknown one, which click does not in all its versions."""

from __future__ import annotations

import click

from kitaru._core.suggest import did_you_mean


class Group(click.Group):
    """A group that says which commands it has, and which is the nearest, where an unknown one is asked for."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            ctx.fail(f"There is no command {name!r}.{did_you_mean(name, known)} The commands are {', '.join(known)}.")
        return super().resolve_command(ctx, args)
