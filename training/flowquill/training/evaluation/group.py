"""`flowquill eval`: the group of its commands. Names of sets stand for `run`, so that `flowquill eval own hand` measures both."""

from __future__ import annotations

import click


class Sets(click.Group):
    """A group whose command `run` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `run` before what is no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)
