"""The words of a report, one catalogue per language."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import get_args

from fcnet.system.text import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Return the words of a language by key."""
    text = files("fcnet.report").joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return {key: str(words) for key, words in tomllib.loads(text).items()}


class Words:
    """The words and the numbers of a language.

    Args:
        language: which.
    """

    def __init__(self, language: Language) -> None:
        self._words = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a key, with values in their places. Raises KeyError if there are none."""
        shown = {name: f"{value:,}" if type(value) is int else value for name, value in values.items()}
        return self._words[key].format(**shown)

    def sentence(self, key: str, **values: object) -> str:
        """Return the words of a key with a capital at their start."""
        found = self(key, **values)
        return found[:1].upper() + found[1:]

    def percent(self, share: float | None, digits: int = 2) -> str:
        """Return a share in [0, 1] as a percentage; a dash if there is none."""
        return self("dash") if share is None else self("percent", value=f"{100 * share:.{digits}f}")

    def decimal(self, value: float | None, digits: int = 4) -> str:
        """Return a number with so many decimals; a dash if there is none."""
        return self("dash") if value is None else f"{value:.{digits}f}"

    def whole(self, value: int | None) -> str:
        """Return a whole number, such as a seed; a dash if there is none."""
        return self("dash") if value is None else str(value)

    def count(self, value: int) -> str:
        """Return how many there are."""
        return f"{value:,}"

    def duration(self, seconds: float | None) -> str:
        """Return a time in its largest units; a dash if it is unknown."""
        if seconds is None:
            return self("dash")
        if seconds < 99.5:
            return self("seconds", n=f"{seconds:.1f}" if seconds < 9.95 else f"{seconds:.0f}")
        minutes = round(seconds / 60)
        return self("minutes", n=minutes) if minutes < 100 else self("hours", h=minutes // 60, m=minutes % 60)
