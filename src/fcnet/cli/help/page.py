"""A page of help as text: what a command is for, its words, its options, an example."""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from fcnet.cli.help.groups import grouped

WIDEST = 110  # columns of a page on a wide terminal: longer lines are hard to read
NAMES = 30  # columns of the names beside which there is text; longer ones have a line of their own
ANYWHERE = "-v, -q and --debug also go here: more, less, or the traceback of an error."


def columns() -> int:
    """Return the width of a page: that of the terminal, else 80."""
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else 80
    return max(40, min(wide, WIDEST))


def terminal(stream: TextIO) -> int | None:
    """Return the columns of the terminal that a stream is; None if it is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def of(command: Any, path: str, width: int) -> str:
    """Return the page of a command.

    Args:
        command: the parser's command, or group of commands.
        path: its name with those above it, such as ``fcnet config show``.
        width: columns of the page.
    """
    return "\n".join(_lines(command, path, width)) + "\n"


def _lines(command: Any, path: str, width: int) -> Iterator[str]:
    params = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in params if one.param_type_name == "argument"]
    options = [one for one in params if one.param_type_name == "option"]
    words = " ".join(str(one.metavar) for one in arguments)
    group = hasattr(command, "commands")
    yield from _wrapped(f"Usage: {path} {'COMMAND ...' if group else f'{words} [options]'.strip()}", width, " " * 7)
    for paragraph in re.split(r"\n\s*\n", textwrap.dedent(command.help or "")):
        yield ""
        yield from _wrapped(" ".join(paragraph.split()), width)
    if group:
        yield from _commands(command, width, top=path == "fcnet")
    yield from _section("Arguments", [(str(one.metavar), one.help or "") for one in arguments], width)
    yield from _section("Options", [*map(_option, options), ("-h, --help", "Show this page.")], width)
    if not group:
        yield from ("", *_wrapped(ANYWHERE, width, "  ", "  "))
    if command.epilog:
        yield from _closing(command.epilog, width)


def _closing(text: str, width: int) -> Iterator[str]:
    """Yield the end of a page: examples, which are to be copied, each on a line of its own; or a sentence."""
    yield ""
    examples = re.fullmatch(r"Examples?: (.*)", text, re.DOTALL)
    if examples is None:
        yield from _wrapped(text, width)
        return
    commands = re.split(r"; (?=fcnet )", examples[1])
    yield from (bold("Examples:" if len(commands) > 1 else "Example:"), *(f"  {one}" for one in commands))


def _commands(command: Any, width: int, top: bool) -> Iterator[str]:
    shown = [name for name, one in command.commands.items() if not one.hidden]
    groups = grouped(shown) if top else {"Commands": shown}
    longest = max(map(len, shown))
    for group, names in groups.items():
        yield from _section(group, [(name, first(command.commands[name])) for name in names], width, longest)


def first(command: Any) -> str:
    """Return what a command does, in its first sentence or line."""
    paragraph = re.split(r"\n\s*\n", textwrap.dedent(command.help or ""))[0]
    return " ".join(paragraph.split()).rstrip(".")


def _option(option: Any) -> tuple[str, str]:
    names = ", ".join(sorted(option.opts, key=len))
    takes = not option.is_flag
    return f"{names} {option.metavar or option.name.upper()}" if takes else names, option.help or ""


def _section(title: str, rows: Sequence[tuple[str, str]], width: int, longest: int = 0) -> Iterator[str]:
    """Yield a title, and rows of a name and a text, whose columns are aligned."""
    if not rows:
        return
    yield from ("", bold(f"{title}:"))
    indent = 4 + min(NAMES, width // 3, longest or max(len(name) for name, _ in rows))
    for name, text in rows:
        lines = list(_wrapped(text, width, " " * indent, " " * indent)) or [""]
        if len(name) + 4 <= indent:
            yield f"  {name}".ljust(indent) + lines[0][indent:]
        else:
            yield from (f"  {name}", lines[0])
        yield from lines[1:]


def _wrapped(text: str, width: int, behind: str = "", before: str = "") -> Iterable[str]:
    return textwrap.wrap(
        text, width, initial_indent=before, subsequent_indent=behind, break_long_words=False, break_on_hyphens=False
    )


def bold(text: str) -> str:
    """Return a text in bold, if stdout is a terminal that shows it."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[1m{text}\x1b[0m"
