"""Check a search before it begins: its values fit the base, and its trials can be compared."""

from collections.abc import Iterator, Sequence
from typing import Any

from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from fcnet.schema import Config
from fcnet.sweep.plan.identity import fixed, merged, problem
from fcnet.sweep.plan.runs.axes import Choice, misnamed, written
from fcnet.sweep.plan.runs.mistakes import Mistakes
from fcnet.sweep.plan.search import Choices, Search


def check(search: Search, sweep: Sequence[Layer], base: Config, layers: Sequence[Layer]) -> None:
    """Check a search.

    Args:
        search: the section.
        sweep: the sweep file, and what the command line adds.
        base: the config that all trials share.
        layers: the same, as written.

    Raises:
        ConfigError: a value does not fit, or trials cannot be compared; one line per mistake.
    """
    choices = [one for key in search.parameters for one in _choices(search, sweep, key)]
    problems = list(_incomparable(search, sweep, base))
    problems += [f"{one.head[0].place(one.head[1])}: {_misnamed(one)}" for one in choices if _misnamed(one)]
    values, mistakes = fixed(base), Mistakes(fixed(base), layers)
    for one in choices:
        error = None if _misnamed(one) else problem(merged(values, one.changes))
        if error is not None:
            mistakes.add(error, [one])
    if problems := list(dict.fromkeys([*problems, *mistakes.problems])):
        raise ConfigError(*problems)


def _misnamed(choice: Choice) -> str | None:
    key = next(iter(choice.changes))
    fault = misnamed(key)
    return f"{key!r}: {fault}" if fault else None


def _choices(search: Search, sweep: Sequence[Layer], key: str) -> Iterator[Choice]:
    """Yield what is tried alone: each of the choices, or both ends of the range."""
    parameter, place = search.parameters[key], ("search", "parameters", key)
    if isinstance(parameter, Choices):
        found: list[tuple[tuple[str | int, ...], Any]] = [
            ((*place, "choices", i), value) for i, value in enumerate(parameter.choices)
        ]
    else:
        found = [((*place, "low"), parameter.low), ((*place, "high"), parameter.high)]
    for path, value in found:
        yield Choice({key: value}, (written(sweep, path, key, value),))


def _incomparable(search: Search, sweep: Sequence[Layer], base: Config) -> Iterator[str]:
    """Yield why trials cannot be compared by their metric."""
    if base.model.section != "train":
        yield (
            f"{_place(sweep, 'search')}: the base is of kind {base.model.kind}, which is not trained by epochs, and has"
            " no metric to search by; use `grid`"
        )
        return
    if base.data.validation is None:
        yield (
            f"{_place(sweep, 'search')}: the base has no validation images, and the test images choose nothing; set"
            " data.validation, such as 0.1"
        )
    if search.metric == "accuracy" and not base.model.classifies:
        yield (
            f"{_place(sweep, 'search', 'metric')}: is accuracy, which the base, of kind {base.model.kind}, does not"
            " have; write metric: loss"
        )


def _place(sweep: Sequence[Layer], *path: str) -> str:
    layer = next((one for one in reversed(sweep) if one.where(path)[0]), sweep[0])
    return f"{layer.place(layer.where(path)[1])}: {'.'.join(path)}"
