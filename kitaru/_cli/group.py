"""Groups of commands that suggest the nearest name for an unknown one, which click does not in all its versions."""

from __future__ import annotations

from difflib import get_close_matches

import click


class Group(click.Group):
    """A group that says which commands it has, and which is the nearest, where an unknown one is asked for."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            nearest = get_close_matches(name, known, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            ctx.fail(f"There is no command {name!r}.{hint} The commands are {', '.join(known)}.")
        return super().resolve_command(ctx, args)
