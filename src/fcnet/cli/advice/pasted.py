"""Words that a shell left exactly as they were pasted: comments, quotes of another shell, long dashes."""

import os
import re
from collections.abc import Sequence

from fcnet.errors import ConfigError

_QUOTES = "“”„‟‘’‚‛«»＂＇"
_DASHES = "–—―‐‑‒−－"

_OPENED = re.compile(r"(?:[A-Za-z_][\w.]*=)?(['\"])")  # a quote at a place where a shell would interpret it


def check(words: Sequence[str]) -> None:
    """Raise ConfigError for the first word that looks pasted; the name of an existing file never does."""
    for i, word in enumerate(words):
        if not os.path.lexists(word) and (problem := _problem(word, words[i + 1 :])):
            raise ConfigError(f"command line: {problem}")


def _problem(word: str, behind: Sequence[str]) -> str | None:
    if word.startswith("#"):
        left = " ".join(["#", *behind] if word == "#" else [word, *behind])
        return f"{left!r}: is a comment in bash, but not in this shell; leave out everything from the # on"
    if word in ("\\", "^", "`"):
        return f"{word!r}: continues a line in another shell, but not in this one; write the command on one line"
    if word[0:1] in _DASHES and len(word) > 1:
        option = "--" + word.lstrip(_DASHES + "-") if len(word.lstrip(_DASHES + "-")) > 1 else "-" + word[-1]
        return f"{word!r}: begins with a long dash ({word[0]}), which an editor has inserted; write {option}"
    return _quote(word)


def _quote(word: str) -> str | None:
    """Return what is wrong with a quote at the start or the end of a word or a value."""
    key, equals, value = word.partition("=")
    place = value if equals and re.fullmatch(r"[A-Za-z_][\w.]*", key) else word
    odd = next((one for one in (place[:1], place[-1:]) if one and one in _QUOTES), None)
    if odd is not None:
        return f'{word!r}: has a typographic quote ({odd}), which no shell understands; write "..."'
    if "＝" in word:
        return f"{word!r}: has a full-width equals sign (＝); write ="
    opened = _OPENED.match(word)
    if opened is None:
        return None
    quote, inside = opened[1], place[1:]
    whole = inside.endswith(quote)
    if whole and equals and place is value and not inside.startswith(("{", "[")):
        return None  # YAML's own quotes, around one word
    if quote == '"' and whole:
        return f"{word!r}: has quotes that this shell did not remove; write it without them"
    return f'{word!r}: {quote} is not a quote in this shell (cmd.exe only knows "); write "..." around the whole word'
