"""Columns of runs: their names, their values, and filters such as ``accuracy>0.97``.

A column is one of ``FIXED``, or a key of the configs; a key may be shortened to its last parts if that is clear.
"""

import fnmatch
import operator
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from fcnet.config import yaml_lines
from fcnet.errors import ConfigError
from fcnet.results.row import Row
from fcnet.system.text import few

FIXED = (
    *("name", "kind", "net", "seed", "epochs", "accuracy", "validation", "loss", "validation_loss"),
    *("seconds", "ended", "why"),
)
SHARES = ("accuracy", "validation")  # fractions, shown as percentages

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*")

_NONE = object()  # a key that a config does not have


def differing(rows: Iterable[Row]) -> list[str]:
    """Return the keys whose values differ between runs, in the order of the configs.

    A key that only some runs have differs too, unless these are of another kind, which has other keys.
    """
    known = [row for row in rows if row.settings]
    keys = list(dict.fromkeys(key for row in known for key in row.settings))
    kinds: dict[str | None, list[Row]] = {}
    for row in known:
        kinds.setdefault(None if row.net is None else row.net.kind, []).append(row)
    return [key for key in keys if _differs(key, known, kinds.values())]


def _differs(key: str, rows: Sequence[Row], kinds: Collection[Sequence[Row]]) -> bool:
    values = {repr(row.settings[key]) for row in rows if key in row.settings}
    within = any(len({key in row.settings for row in alike}) > 1 for alike in kinds)
    return len(values) > 1 or within


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return for each key the shortest of its last parts that no other key and no fixed column has."""
    found: dict[str, str] = {}
    for key in keys:
        if key == "model.kind":  # what the column of that name shows
            found[key] = "kind"
            continue
        parts = _parts(key)
        tails = [".".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        others = [_parts(other) for other in keys if other != key]
        own = (tail for tail in tails if tail not in FIXED and not any(_ends(other, tail) for other in others))
        found[key] = next(own, key)
    return found


def _parts(key: str) -> list[str]:
    """Return the parts of a key; ``train.optimizer.name`` is the optimizer."""
    parts = key.split(".")
    return parts[:-1] if parts[-1] == "name" and len(parts) > 1 else parts


def _ends(parts: Sequence[str], tail: str) -> bool:
    return ".".join(parts[-(tail.count(".") + 1) :]) == tail


def resolve(word: str, rows: Iterable[Row], option: str) -> str:
    """Return the column that a word means. Raises ConfigError, with what there is, if it means none or several."""
    keys = list(dict.fromkeys(key for row in rows for key in row.settings))
    if word in FIXED or word in keys:
        return word
    meant = [key for key in keys if _ends(_parts(key), word) or _ends(key.split("."), word)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ConfigError(f"{option}: {word}: means {len(meant)} keys ({few(meant, 6)}); write one of them")
    from fcnet.config import near  # nothing else here needs it

    advice = near.value(word, [*FIXED, *keys, *short_names(keys).values()])
    raise ConfigError(
        f"{option}: {word}: no such column; {f'{advice} ' if advice else ''}the columns are {', '.join(FIXED)}, and the"
        " keys of the configs"
    )


def value(row: Row, column: str) -> Any:
    """Return what a run has in a column: a number, a word or a list; None if it has nothing."""
    if column not in FIXED:
        return row.settings.get(column)
    if column in ("kind", "net"):
        return None if row.net is None else row.net.kind if column == "kind" else row.net.layers
    if column == "epochs":
        return row.epoch
    if column in ("accuracy", "validation", "loss", "validation_loss"):
        scores = row.scores("validation" if column.startswith("validation") else "test")
        return None if scores is None else scores.loss if column.endswith("loss") else scores.accuracy
    return getattr(row, column)


def cell(row: Row, column: str) -> str:
    """Return the text of a run in a column."""
    found = value(row, column)
    if column == "epochs":
        return "-" if found is None else str(found) if row.epochs is None else f"{found}/{row.epochs}"
    if found is None:
        return "-"
    if column in SHARES:
        return f"{100 * found:.2f} %"
    if column.endswith("loss") and column in FIXED:
        return f"{found:.4f}"
    if column == "seconds":
        return f"{found:.1f}"
    if column == "ended":
        return f"{found}: {row.why}" if row.why else str(found)
    return words(found)


def words(found: Any) -> str:
    """Return a setting as text."""
    if isinstance(found, list):
        return "-".join(map(words, found)) if all(isinstance(one, int) for one in found) else str(found)
    if isinstance(found, bool):
        return str(found).lower()
    return f"{found:g}" if isinstance(found, float) else str(found)


def order(rows: Sequence[Row], column: str, descending: bool) -> list[Row]:
    """Return runs sorted by a column; those without a value come last."""
    with_value = [row for row in rows if value(row, column) is not None]
    found = sorted(with_value, key=lambda row: sort_key(value(row, column)), reverse=descending)
    return found + [row for row in rows if value(row, column) is None]


def sort_key(found: Any) -> tuple[Any, ...]:
    """Return a sort key for values of any kind: nothing, then numbers, then lists, then words."""
    if found is None:
        return (0,)
    if isinstance(found, bool | int | float):
        return (1, float(found))
    if isinstance(found, list):
        return (2, [sort_key(one) for one in found])
    return (3, str(found))


def matching(rows: Sequence[Row], condition: str) -> list[Row]:
    """Return the runs that meet ``COLUMN=VALUE`` (or != > < >= <=); a word as VALUE may be a pattern with *.

    Raises:
        ConfigError: it is not a condition, there is no such column, or its values have no order.
    """
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise ConfigError(f"--where {condition}: should be COLUMN=VALUE, with one of {' '.join(_SIGNS)}")
    column, sign = resolve(match[1], rows, "--where"), match[2]
    wanted = _wanted(column, match[3])
    return [row for row in rows if _meets(value(row, column), sign, wanted, condition)]


def _wanted(column: str, text: str) -> Any:
    """Return the value of a condition; of a share, a number above 1 or with a percent sign is a percentage."""
    if column not in SHARES:
        return yaml_lines.scalar(text, f"--where {column}")
    number = yaml_lines.scalar(text.removesuffix("%").strip(), f"--where {column}")
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ConfigError(f"--where {column}: {text!r}: should be a number, such as 0.97 or 97%")
    return number / 100 if text.endswith("%") or number > 1 else number


def _meets(found: Any, sign: str, wanted: Any, condition: str) -> bool:
    if isinstance(found, list) and len(found) == 1 and not isinstance(wanted, list):
        found = found[0]
    if sign in ("=", "!="):
        equal = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
        if isinstance(found, str) and isinstance(wanted, str):
            equal = fnmatch.fnmatchcase(found, wanted)
        return equal == (sign == "=")
    if found is None:
        return False
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (found, wanted))
    if not numbers:
        raise ConfigError(f"--where {condition}: {words(found)} and {words(wanted)} are not numbers; use = or !=")
    return _SIGNS[sign](found, wanted)
