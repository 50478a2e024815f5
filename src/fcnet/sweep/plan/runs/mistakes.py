"""Mistakes of the runs of a sweep: each reported once, at the value that makes it, however many runs have it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fcnet.config import explain
from fcnet.config.fields import TAG
from fcnet.config.yaml_lines import Layer
from fcnet.schema import Config
from fcnet.sweep.plan.identity import merged, problem
from fcnet.sweep.plan.runs.axes import Choice

# Errors whose input is a whole section, which says nothing that the place does not say.
_OF_A_SECTION = ("missing", "value_error")

Kind = tuple[str, ...]  # what tells a mistake from others


class Mistakes:
    """Collects what is wrong with runs.

    Args:
        base: the settings that the runs share.
        layers: the same, as written, for the lines.
    """

    def __init__(self, base: Mapping[str, Any], layers: Sequence[Layer]) -> None:
        self._base, self._layers = base, list(layers)
        self._seen: set[Kind] = set()
        self._found: dict[tuple[str, int, str], None] = {}  # (file, line, message), each once

    @property
    def problems(self) -> list[str]:
        """Return them in the order of the lines."""
        return list(dict.fromkeys(message for _, _, message in sorted(self._found, key=lambda one: one[:2])))

    def add(self, error: ValidationError, picks: Sequence[Choice]) -> None:
        """Add what is wrong with the run that makes these choices."""
        details = error.errors(include_url=False)
        found = {(*_kind(detail), *_related(detail, picks)) for detail in details}
        if found <= self._seen:
            return
        self._seen |= found
        changes = sorted((change for pick in picks for change in pick.written), key=lambda change: change[0].count("."))
        layers = [*self._layers, *(layer for _, layer in changes)]
        for detail, (number, line, text) in zip(details, explain.located(error, layers, Config), strict=True):
            if number >= len(self._layers):
                self._note(layers[number], line, text)
            else:  # the base alone has no mistakes: a choice does not fit it
                self._blame(_kind(detail), picks, text)

    def _note(self, layer: Layer, line: int, text: str) -> None:
        self._found[layer.name, line, f"{layer.place(line)}: {text}"] = None

    def _blame(self, kind: Kind, picks: Sequence[Choice], text: str) -> None:
        """Note each choice that alone makes a mistake; if there is none, the fewest that make it together."""
        alone = [pick for pick in picks if self._makes(kind, [pick])]
        for pick in alone:
            self._note(*pick.head, f"{', '.join(pick.changes)}: does not fit; {text}")
        if not alone:
            needed = list(picks)
            for pick in picks:
                others = [one for one in needed if one is not pick]
                needed = others if self._makes(kind, others) else needed
            both = ", ".join(f"{key}={explain.short(value)}" for pick in needed for key, value in pick.changes.items())
            self._note(*needed[-1].head, f"{both}: do not fit together; {text}")

    def _makes(self, kind: Kind, picks: Sequence[Choice]) -> bool:
        """Return whether these choices make a mistake."""
        changes = {key: value for pick in picks for key, value in pick.changes.items()}
        error = problem(merged(self._base, changes))
        return error is not None and any(_kind(detail) == kind for detail in error.errors(include_url=False))


def _kind(detail: ErrorDetails) -> Kind:
    """Return what tells a mistake from others."""
    given = "" if detail["type"] in _OF_A_SECTION else repr(detail["input"])
    return detail["type"], repr(detail["loc"]), detail["msg"], given


def _related(detail: ErrorDetails, picks: Sequence[Choice]) -> Iterator[str]:
    """Yield the choices that set the place of a mistake, or something inside it; none for one of the whole config."""
    place = ".".join(str(part) for part in detail["loc"] if not str(part).startswith(TAG)) + "."
    for pick in picks if place != "." else ():
        if any(place.startswith(f"{key}.") or f"{key}.".startswith(place) for key in pick.changes):
            yield str(id(pick))
