"""A group of commands that is also a command: `launch FILE` beside `launch status 3`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class WithDefault(TyperGroup):
    """What does not begin with the name of a command is meant for the command `file`.

    A file that is called like a command is written with its folder: `launch ./status`.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the default command where none is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["file", *args]
        return super().parse_args(ctx, args)
