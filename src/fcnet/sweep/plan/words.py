"""Words of the command line that set one value or several: ``train.epochs=3``, ``model.hidden=[300],[500]``."""

from collections.abc import Sequence
from typing import Any

from fcnet.config import load as loading
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError

COMMAND_LINE = "command line"

_OPENED, _CLOSED = "[{", "]}"
_BEFORE_QUOTES = ("", "[", "{", ",", ":")  # elsewhere a quote is part of a word: don't


def sort(words: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the words that override the base, and the axes. Raises ConfigError."""
    overrides: list[str] = []
    grid: dict[str, list[Any]] = {}
    for word in words:
        key, _, given = word.partition("=")
        parts = split(given)
        if len(parts) == 1:
            overrides.append(word)
        elif key in grid:
            raise ConfigError(f"{COMMAND_LINE}: {key}: is given several values twice; give all of them at once")
        else:
            layers = [loading.override(f"{key}={part.strip()}") for part in parts]
            grid[key] = [layer.value(tuple(key.split("."))) for layer in layers]
    return overrides, grid


def split(text: str) -> list[str]:
    """Split a text at commas outside brackets, braces and quotes."""
    parts, depth, quote = [""], 0, ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"" and parts[-1].rstrip()[-1:] in _BEFORE_QUOTES:
            quote = c
        elif c in _OPENED:
            depth += 1
        elif c in _CLOSED:
            depth -= 1
        elif c == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += c
    return parts


def check_free(layers: Sequence[Layer], words: Sequence[str]) -> None:
    """Raise ConfigError if a word of the command line sets what the sweep file varies, which would be lost."""
    problems = []
    for word in words:
        key = word.partition("=")[0]
        for layer in layers:
            for place in _varied(layer):
                if f"{key}.".startswith(f"{place[-1]}."):
                    line = layer.place(layer.where(place)[1])
                    axis = f"{place[0]}.{place[-1]}"
                    if place[0] == "seeds":
                        problems.append(
                            f"{COMMAND_LINE}: seed: is varied by `seeds` too ({line}); remove one of the two"
                        )
                        continue
                    problems.append(f"{COMMAND_LINE}: {key}: is varied by {line}, {axis}; change it there")
    if problems:
        raise ConfigError(*dict.fromkeys(problems))


def _varied(layer: Layer) -> list[tuple[str | int, ...]]:
    """Return the places of the keys that a sweep file varies."""
    found: list[tuple[str | int, ...]] = []
    for place in (("grid",), ("search", "parameters")):
        keys = layer.value(place)
        found += [(*place, key) for key in keys] if isinstance(keys, dict) else []
    found += [("seeds", "seed")] if layer.value(("seeds",)) is not None else []
    entries = layer.value(("list",))
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        found += [("list", i, key) for key in entry] if isinstance(entry, dict) else []
    return found
