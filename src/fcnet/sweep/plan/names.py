"""Names of runs, after what differs between them: ``hidden-300_lr-3e-4_seed-0``; each can be a folder on any system."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fcnet.errors import ConfigError

LONGEST = 100  # bytes of a name; file systems allow 255, and paths on Windows 260 in all
ALONE = "run"  # the name of a run if nothing varies
_SAFE = "._-+=,@%"  # signs that no file system and no shell takes for something else


def of_runs(runs: Sequence[Mapping[str, Any]], hashes: Sequence[str], named: Iterable[str]) -> list[str]:
    """Return a name for each run.

    Args:
        runs: their changes.
        hashes: theirs; appended to names that are too long, or equal.
        named: keys that are part of the names, if a run changes them.

    Raises:
        ConfigError: two runs have the same name, and the same hash.
    """
    labels = short(list(named))
    names = [_of_run(changes, labels) for changes in runs]
    for differ in (_fitted, _distinct):
        names = differ(names, hashes)
    twice = [name for name, number in Counter(map(same, names)).items() if number > 1]
    if twice:
        raise ConfigError(f"{twice[0]}: would be the name of several runs; vary fewer keys at once, or shorter values")
    return names


def short(keys: Sequence[str]) -> dict[str, str]:
    """Return the end of each dotted key that no other key has."""
    found = {}
    for key in keys:
        parts = key.split(".")
        ends = [".".join(parts[-length:]) for length in range(1, len(parts) + 1)]
        others = [f".{other}" for other in keys if other != key]
        found[key] = next((end for end in ends if not any(one.endswith(f".{end}") for one in others)), key)
    return found


def same(name: str) -> str:
    """Return what names have in common that some file system takes for equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def with_hash(name: str, hash_: str) -> str:
    """Return a name with the hash of its run, shortened to fit."""
    room = LONGEST - len(hash_) - 1
    return f"{name.encode()[:room].decode(errors='ignore')}-{hash_}"


def value(given: Any) -> str:
    """Return a value as part of a name."""
    if isinstance(given, bool) or given is None:
        return {True: "true", False: "false", None: "null"}[given]
    if isinstance(given, int | float):
        return _number(given)
    if isinstance(given, list):
        return "-".join(map(value, given)) or "none"
    if isinstance(given, dict):
        name = [value(given["name"])] if "name" in given else []
        return "-".join([*name, *(f"{safe(key)}-{value(one)}" for key, one in given.items() if key != "name")])
    return safe(str(given))


def safe(text: str) -> str:
    """Return a text in which each character that a file name had better not have is a dash."""
    return "".join(c if c.isalnum() or c in _SAFE else "-" for c in unicodedata.normalize("NFC", text))


def _number(given: float) -> str:
    """Return a number in its shortest form: 0.1, 1e-3, 3e-4, 60000."""
    if isinstance(given, int):
        return str(given)
    exact = Decimal(repr(given)).normalize()
    sign, digits, power = exact.as_tuple()
    first, *others = map(str, digits)
    decimal = f"{exact:f}"
    power = int(power) + len(others)
    scientific = f"{'-' if sign else ''}{first}{'.' if others else ''}{''.join(others)}e{power}"
    return scientific if len(scientific) < len(decimal) else decimal


def _of_run(changes: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    parts = [f"{safe(labels[key])}-{value(one)}" for key, one in changes.items() if key in labels]
    return "_".join(parts) or ALONE


def _fitted(names: Sequence[str], hashes: Sequence[str]) -> list[str]:
    """Return names without those that are too long, or end as no folder of Windows may."""
    fits = (len(name.encode()) <= LONGEST and not name.endswith(".") for name in names)
    return [name if fit else with_hash(name, hash_) for name, hash_, fit in zip(names, hashes, fits, strict=True)]


def _distinct(names: Sequence[str], hashes: Sequence[str]) -> list[str]:
    """Return names of which no two are equal, unless their hashes are."""
    number = Counter(map(same, names))
    return [
        with_hash(name, hash_) if number[same(name)] > 1 else name for name, hash_ in zip(names, hashes, strict=True)
    ]
