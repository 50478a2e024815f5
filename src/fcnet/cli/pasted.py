"""Words of a command line that a shell has left as they were pasted: comments, quotes of another shell, long dashes."""

import os
import re
from collections.abc import Sequence

from fcnet.errors import ConfigError

_QUOTES = "“”„‟‘’‚‛«»＂＇"
_DASHES = "–—―‐‑‒−－"

_OPENED = re.compile(r"(?:[A-Za-z_][\w.]*=)?(['\"])")  # a quote where a shell would have taken it for one


def check(words: Sequence[str]) -> None:
    """Raise ConfigError for the first word that looks pasted; a name that a file has is never one."""
    for i, word in enumerate(words):
        if not os.path.lexists(word) and (problem := _problem(word, words[i + 1 :])):
            raise ConfigError(f"command line: {problem}")


def _problem(word: str, behind: Sequence[str]) -> str | None:
    if word.startswith("#"):
        left = " ".join(["#", *behind] if word == "#" else [word, *behind])
        return f"{left!r}: a comment in bash, and not in this shell; leave out what begins with #"
    if word in ("\\", "^", "`"):
        return f"{word!r}: goes on in the next line in another shell than this one; write the command in one line"
    if word[0:1] in _DASHES and len(word) > 1:
        option = "--" + word.lstrip(_DASHES + "-") if len(word.lstrip(_DASHES + "-")) > 1 else "-" + word[-1]
        return f"{word!r}: begins with a long dash ({word[0]}), which an editor has made; write {option}"
    return _quote(word)


def _quote(word: str) -> str | None:
    """What is wrong with a quote that stands where it would begin or end one for a shell."""
    key, equals, value = word.partition("=")
    place = value if equals and re.fullmatch(r"[A-Za-z_][\w.]*", key) else word
    odd = next((one for one in (place[:1], place[-1:]) if one and one in _QUOTES), None)
    if odd is not None:
        return f'{word!r}: has a typographic quote ({odd}), which no shell takes for one; write "..."'
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
        return f"{word!r}: has quotes that this shell has not taken away; write it without them"
    return f'{word!r}: {quote} is no quote in this shell (cmd.exe knows " alone); write "..." around the whole word'
