"""Characters that look like YAML's punctuation or cannot be seen, and what to write instead.

Chinese and Japanese keyboards write ``，`` and ``：`` where YAML expects ``,`` and ``:``; word processors and web pages
insert curly quotes, no-break spaces and zero-width characters.
"""

_VISIBLE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # the full-width forms of ASCII
_VISIBLE |= dict(zip("、。【】〔〕「」『』“”„‘’‚‐‑‒–—―−", ',.[][]"""""""\'\'\'-------', strict=True))
_SPACES = dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " ")
_NOTHING = dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e", "")
_MEANT = _VISIBLE | _SPACES | _NOTHING
_CLOSING = {'"': '"', "'": "'", "“": "”", "„": "”", "‘": "’", "「": "」"}

# Characters that nobody intends in the name of a missing file; the others are common in Chinese names.
IN_PATHS = frozenset("／＼～＄｛｝％") | (_SPACES.keys() - {"\u3000"}) | (_NOTHING.keys() - {"\u200c", "\u200d"})


def advice(text: str, only: frozenset[str] = frozenset(_MEANT)) -> str:
    """Return what to write instead of each odd character, such as ``write ',' instead of '，'``; "" if it has none."""
    found = [one for one in dict.fromkeys(text) if one in _MEANT and one in only]
    parts = [f"{_named(_MEANT[one])} instead of {_named(one)}" for one in found[:4]]
    return f"write {', '.join(parts)}{', ...' if len(found) > 4 else ''}" if parts else ""


def _named(character: str) -> str:
    """Return a character in quotes, or in words if it cannot be seen."""
    if character in (" ", ""):
        return "a space" if character else "nothing"
    if character in _SPACES or character in _NOTHING:
        import unicodedata

        return f"U+{ord(character):04X} ({unicodedata.name(character).lower()})"
    return f'"{character}"' if character in "'‘’" else f"'{character}'"


def plain(text: str) -> str:
    """Return the text with what was meant, and with the space that YAML requires after ``:`` and ``,``."""
    return "".join(_replaced(text, i) for i in range(len(text)))


def _replaced(text: str, i: int) -> str:
    meant = _MEANT.get(text[i], text[i])
    return f"{meant} " if text[i] in "：，、" and text[i + 1 : i + 2].strip() else meant


class Suspects:
    """The lines of a YAML text with odd characters outside quotes and comments.

    Args:
        text: the YAML.

    Attributes:
        lines: their numbers, from 0, in order.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._odd = [i for i in _outside(text) if text[i] in _MEANT]
        self._line_of = {i: text.count("\n", 0, i) for i in self._odd[:1000]}
        self.lines = list(dict.fromkeys(self._line_of.values()))

    def advice(self, line: int) -> str:
        """Return what to write on a line."""
        return advice("".join(self._text[i] for i, there in self._line_of.items() if there == line))

    def meant(self, lines: set[int]) -> str:
        """Return the text with what was meant on some lines; the number of lines stays the same."""
        changed = {i: _replaced(self._text, i) for i, line in self._line_of.items() if line in lines}
        return "".join(changed.get(i, character) for i, character in enumerate(self._text))


def _outside(text: str) -> list[int]:
    """Return the positions of characters outside quotes and comments; curly quotes enclose text as others do."""
    found: list[int] = []
    i, token = 0, True  # token: whether a quote would begin a quoted text here
    while i < len(text):
        character = text[i]
        if token and character in _CLOSING:
            end = text.find(_CLOSING[character], i + 1)
            straight = character in "\"'"
            if end > 0 and (straight or "\n" not in text[i:end]):
                found += [] if straight else [i, end]
                i, token = end + 1, False
                continue
        if character in "#＃" and (i == 0 or text[i - 1] in " \t\n\u3000"):
            found += [i] if character != "#" else []
            i = end if (end := text.find("\n", i)) > 0 else len(text)
            continue
        found.append(i)
        if not character.isspace():
            token = character in "[]{},:-，：［］｛｝、"
        elif character == "\n":
            token = True
        i += 1
    return found
