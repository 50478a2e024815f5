"""Typer's commands with fcnet's pages of help."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from fcnet.cli.help import page


class Command(TyperCommand):
    """A command whose help is a page of fcnet's."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        formatter.write(page.of(self, ctx.command_path, page.columns()))


class Group(TyperGroup):
    """The same for a command that has others below it."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        formatter.write(page.of(self, ctx.command_path, page.columns()))


class App(typer.Typer):
    """A Typer whose commands have fcnet's help. Takes what Typer takes."""

    def __init__(self, **settings: Any) -> None:
        settings = {"cls": Group, "rich_markup_mode": None, "add_completion": False} | settings
        super().__init__(pretty_exceptions_enable=False, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Return a decorator that registers a command, as Typer's."""
        return super().command(name, **({"cls": Command} | settings))
