"""Correct the words of a command line if it is clear what is meant, or say which commands exist.

The commands' own parser gets the result; ``options`` explains what the parser does not know.
"""

import difflib
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcnet.cli.advice import pasted
from fcnet.config.named import shipped
from fcnet.errors import ConfigError

# Commands of other programs.
_COMMANDS = {
    **dict.fromkeys(("fit", "run", "learn", "start", "resume"), "train"),
    **dict.fromkeys(("test", "evaluate", "val", "validate", "score"), "eval"),
    **dict.fromkeys(("draw", "show", "visualize", "visualise", "graph", "plots"), "plot"),
    **dict.fromkeys(("classify", "infer", "inference", "detect", "reconstruct"), "predict"),
    **dict.fromkeys(("embed", "codes", "features"), "encode"),
    **dict.fromkeys(("download", "dataset", "datasets", "get"), "data"),
    **dict.fromkeys(("import", "convert"), "data import"),
    **dict.fromkeys(("check", "validate-config", "lint"), "config check"),
    **dict.fromkeys(("schema", "keys"), "config schema"),
    **dict.fromkeys(("configs", "cfg"), "config list"),
    **dict.fromkeys(("init", "new"), "config init"),
    **dict.fromkeys(("list", "ls", "status", "ps", "experiments", "history"), "runs"),
    **dict.fromkeys(("diff", "stats", "statistics", "ttest", "mcnemar", "versus", "vs"), "compare"),
}


def arrange(words: Sequence[str], app: Any) -> list[str]:
    """Return the words as the commands expect them: ``help train`` is ``train --help``, ``-c=FILE`` is ``-c FILE``.

    Args:
        words: the words of a command line.
        app: the parser's command that has all others below it.

    Raises:
        ConfigError: the first word is not a command, an option is given twice, or a word was pasted from another shell.
    """
    found = list(words) or ["--help"]
    pasted.check(found)
    if found[0] == "help":
        found = [*found[1:], "--help"]
    elif len(found) == 1 and hasattr(app.commands.get(found[0]), "commands"):
        found = [*found, "--help"]  # fcnet config, whose commands are asked for
    elif found[-1] == "help" and 1 < len(found) <= 3 and not os.path.lexists("help"):
        found[-1] = "--help"
    elif found == ["version"] or found == ["-V"]:
        found = ["--version"]
    _check_command(found, app)
    found = _command_first(found, app)
    found = [part for word in found for part in (("-c", word[3:]) if word.startswith("-c=") else (word,))]
    _check_once(found, app)
    return found


def _command_first(words: list[str], app: Any) -> list[str]:
    """Move the command of ``data`` before its options: ``data --out d mnist`` is ``data mnist --out d``."""
    at = 1
    while words[0] == "data" and at < len(words) and words[at].startswith("--out"):
        at += 1 if "=" in words[at] else 2
    if at == 1 or at >= len(words) or words[at] not in app.commands["data"].commands:
        return words
    return ["data", words[at], *words[1:at], *words[at + 1 :]]


def _check_command(words: Sequence[str], app: Any) -> None:
    """Raise ConfigError if the first word is not a command, or if options come before it."""
    first, names = words[0], list(app.commands)
    if first.startswith("-"):
        if first.partition("=")[0] in options(app):
            return
        command = next((i for i, word in enumerate(words) if word in names), None)
        if command is None:
            raise ConfigError(f"command line: {first}: a command must come first; the commands are {', '.join(names)}")
        right = " ".join(["fcnet", words[command], *words[:command], *words[command + 1 :]])
        raise ConfigError(f"command line: {first}: options go after the command: {right}")
    if first not in names:
        raise ConfigError(f"command line: {_unknown_command(first, words[1:], names)}")
    group = app.commands[first]
    if hasattr(group, "commands") and len(words) > 1 and words[1][:1] != "-" and words[1] not in group.commands:
        raise ConfigError(f"command line: {_unknown_below(first, words[1:], list(group.commands))}")


def _unknown_below(group: str, words: Sequence[str], names: Sequence[str]) -> str:
    """Return what to say about words that begin with no command of a group."""
    word, *behind = words
    close = next(iter(difflib.get_close_matches(word, names, n=1)), None)
    if group == "data" and (os.path.lexists(word) or re.search(r"[./\\]|ubyte", word)):
        close, behind = "import", list(words)
    elif close is None and word.endswith((".yaml", ".yml")):
        close, behind = "show", list(words)
    if group == "data" and close != "import":
        from fcnet.config import near  # nothing else here needs it

        meant = near.value(word, names)
    else:
        meant = close and f"did you mean {shlex.join(['fcnet', group, close, *behind])}?"
    advice = f"{meant} " if meant else ""
    return f"{word}: no such command of {group}; {advice}the commands are {', '.join(names)}"


def _unknown_command(word: str, behind: Sequence[str], names: Sequence[str]) -> str:
    if word == "fcnet":
        return "fcnet: is the program's own name; give it only once"
    if word.endswith((".yaml", ".yml")):
        return f"{word}: a command must come first: fcnet train {' '.join([word, *behind])}"
    if word in shipped.names():
        return f"{word}: a command must come first: fcnet train {' '.join([word, *behind])}"
    there = f"the commands are {', '.join(names)}"
    near = _COMMANDS.get(word) or next(iter(difflib.get_close_matches(word, names, n=1)), None)
    return f"{word}: no such command; {f'did you mean fcnet {near}? ' if near else ''}{there}"


def options(command: Any) -> dict[str, Any]:
    """Return the options of a command: each of their names, with the parser's object."""
    found = {name: one for one in command.params if one.param_type_name == "option" for name in one.opts}
    return found | dict.fromkeys(("--help", "-h"))


def of(words: Sequence[str], app: Any) -> tuple[Any, list[str]]:
    """Return the command that words name, and the words after its name."""
    command, behind = app, list(words)
    while behind and hasattr(command, "commands") and behind[0] in command.commands:
        command = command.commands[behind.pop(0)]
    return command, behind


def _check_once(words: Sequence[str], app: Any) -> None:
    """Raise ConfigError if an option that takes one value is given twice."""
    command, behind = of(words, app)
    known = options(command)
    given: dict[str, list[str]] = {}
    while behind:
        word = behind.pop(0)
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name[:2] != "--" and name[:1] == "-" and len(name) > 2:  # -cFILE
            name, equals, value = word[:2], "=", word[2:]
        option = known.get(name)
        if option is None or option.is_flag or option.multiple:
            continue
        given.setdefault(option.opts[0], []).append(value if equals else behind.pop(0) if behind else "")
    for name, values in given.items():
        if len(values) > 1 and not known[name].multiple:
            shown = " and ".join(values[:2]).replace("\0", "the newest")
            advice = one_config(*values[:2]) if name == "--config" else "give one"
            raise ConfigError(f"{name}: is given twice ({shown}); {advice}")


def one_config(base: str, top: str) -> str:
    """Return how to make one config of two, in which the second overrides the first."""
    place = shipped.name(Path(base)) or os.path.relpath(base, os.path.dirname(top) or ".")
    if not top.endswith((".yaml", ".yml")):  # the name of one that comes with fcnet, which is not to be changed
        return "a run has one; give the settings of the other as KEY=VALUE"
    return f"a run has one: begin {top} with the line 'extends: {place}', or give its settings as KEY=VALUE"
