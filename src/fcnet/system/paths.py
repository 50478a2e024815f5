"""Paths as users write them: ``~``, ``~user``, ``$NAME`` and ``${NAME}`` mean the same as in a shell.

One function serves the paths of configs and those of the command line, where the shell does not expand ``--out=~/x`` or
quoted words. A path that exists exactly as written is used unchanged, except ``~`` and ``~/...``; ``./~`` is a folder
of that name. An obvious slip is refused, so that no folder named ``~``, ``${HOME}`` or ``'data'`` is created.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fcnet.errors import ConfigError
from fcnet.system import punctuation

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_WINDOWS = sys.platform == "win32"
_QUOTED = re.compile(r"""(["'`])(.+)\1|[“”„](.+)[“”]|[‘’](.+)[‘’]|「(.+)」|＂(.+)＂""")


def expand(text: str) -> str:
    """Return the path that is meant.

    Raises:
        ValueError: a variable is not set, there is no such user, or it is not a path of this system; worded as the end
            of a line that begins with its key.
    """
    if not text:
        raise ValueError("is ''; should be a path (an unset variable?); name a file or a folder")
    if "\0" in text:
        raise ValueError(f"is {text!r}; is not a possible file name; remove the \\0")
    home = text == "~" or text.startswith(("~/", "~" + os.sep))
    if not home and os.path.lexists(text):
        return _without_slash(text)
    if problem := _slip(text):
        raise ValueError(f"is {text!r}; {problem}")
    try:
        return _without_slash(_at_home(_VARIABLE.sub(_value, os.path.expandvars(text) if _WINDOWS else text)))
    except LookupError as error:
        raise ValueError(f"is {text!r}; {error.args[0]}") from None


def option(name: str) -> Callable[[str], Path]:
    """Return a parser for the paths of an option or argument of the command line. It raises ConfigError."""
    return lambda text: Path(_of_command_line(name, os.fspath(text)))


def word(name: str) -> Callable[[str], str]:
    """Return the same for words that may not be paths; "" and NUL, which cannot be one, are left to the command."""
    return lambda text: text if text in ("", "\0") else _of_command_line(name, text)


def _of_command_line(name: str, text: str) -> str:
    if not text:
        raise ConfigError(f"{name}: the name is empty (an unset variable?); name a file or a folder")
    try:
        return expand(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def pattern(word: str) -> str:
    """Return a glob pattern in which the names of existing folders are taken literally, brackets and all."""
    import glob

    parts = Path(word).parts
    known = next(n for n in range(len(parts), -1, -1) if n == 0 or os.path.isdir(os.path.join(*parts[:n])))
    if known == 0:
        return word
    return os.path.join(glob.escape(os.path.join(*parts[:known])), *parts[known:])


class Expanded:
    """Marks a text of the schema as a path. pydantic is imported only if there is such a schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        # pydantic's own length limit refuses names that are not UTF-8; ``expand`` refuses the empty name.
        return core_schema.no_info_after_validator_function(expand, core_schema.str_schema())

    def __get_pydantic_json_schema__(self, core: "CoreSchema", handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


PathText = Annotated[str, Expanded()]


def _without_slash(text: str) -> str:
    """Return ``a/`` as ``a``: both are the same folder, and configs are compared."""
    return text if _WINDOWS else text.rstrip("/") or "/"


def _value(found: re.Match[str]) -> str:
    """Return the value of a variable. Raises LookupError."""
    name = found[1] if found[2] is None else found[2]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise LookupError(f"{found[0]} is not a variable; write ${{NAME}}, with letters, digits and _ only")
    if not os.environ.get(name):
        what = "is empty" if name in os.environ else "is not set"
        raise LookupError(f"the variable {name} {what}; set it, or write the path itself")
    return os.environ[name]


def _at_home(text: str) -> str:
    """Expand ``~`` and ``~user`` at the beginning. Raises LookupError."""
    first, *others = text.split("/")
    if "~" in others and first != ".":
        raise LookupError("~ is the home folder only at the beginning; begin with ~/, or write the path itself")
    if not text.startswith("~"):
        return text
    expanded = os.path.expanduser(text)
    if first == "~" and not (os.path.isabs(expanded) and os.environ.get("HOME", "/")):
        raise LookupError(f"~ is the variable HOME, which is {os.environ.get('HOME', '')!r}; write the path itself")
    if expanded == text:
        raise LookupError(f"there is no user {first[1:]!r}; for a folder of that name write ./{text}")
    return expanded


def _slip(text: str) -> str | None:
    """Return what is wrong with a missing path that can only be a slip, and what to write."""
    if quoted := _QUOTED.fullmatch(text):
        return f"has quotes around it; write {next(filter(None, quoted.groups()[1:]))}"
    if text != text.strip():
        return f"begins or ends with a space; write {text.strip() or 'a path'}"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|file:/", text):
        return _url(text)
    if text in ("None", "none", "NULL", "Null", "nil", "undefined"):
        return f"is a program's word for no value; leave it out, or write ./{text} for a folder of that name"
    if odd := punctuation.advice(text, punctuation.IN_PATHS):
        return odd
    if text[-1] in ",;，；。、：":
        return f"ends with {text[-1]!r}; write {text.rstrip(' ,;，；。、：') or 'a path'}"
    return None if _WINDOWS else _of_windows(text)


def _url(text: str) -> str:
    from urllib.parse import unquote

    if not text.lower().startswith("file:"):
        return "is a URL, but only local files are read; download it, and name the folder"
    path = re.sub(r"^file:(//(localhost)?)?(?=/)", "", text, flags=re.IGNORECASE)
    return f"is a URL; write only the path: {unquote(path)}"


def _of_windows(text: str) -> str | None:
    """Return what is written as on Windows, and how to write it here."""
    if variable := re.search(r"%([A-Za-z_][A-Za-z0-9_()]*)%", text):
        own = "~" if variable[1].upper() in ("USERPROFILE", "HOMEPATH") else f"${{{variable[1]}}}"
        return f"{variable[0]} is a Windows variable; write {text.replace(variable[0], own).replace(chr(92), '/')}"
    if re.match(r"[A-Za-z]:[\\/]", text):
        return "is a Windows path; write it as a path of this system (under WSL, C: is /mnt/c)"
    if re.fullmatch(r"[\w.~ /-]*(\\[\w. /-]+)+", text):
        return f"has backslashes; write {text.replace(chr(92) + ' ', ' ').replace(chr(92), '/')}"
    return None
