"""What a search varies: as Optuna keeps it, and as a config takes it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fcnet.errors import ConfigError
from fcnet.schema import Config
from fcnet.sweep.plan.search import Choices, Range, Search

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

EPOCHS = "train.epochs"


def check(search: Search, config: Config, where: str) -> None:
    """Raise ConfigError if the runs of a config have no metric that a search could choose by.

    Args:
        search: the section of the sweep file.
        config: of a run.
        where: the sweep file, for messages.
    """
    if config.data.validation is None:
        raise ConfigError(
            f"{where}: search: chooses by validation images, and data.validation is not set; set it in the base,"
            " such as data.validation: 0.1 for a tenth of the training images (the test images choose nothing)"
        )
    if search.metric == "accuracy" and not config.model.classifies:
        raise ConfigError(
            f"{where}: search.metric: is accuracy, and model.kind {config.model.kind} does not classify; set it to loss"
        )


def edges(search: Search) -> Iterator[dict[str, Any]]:
    """Yield changes of a config that together have each choice, and both ends of each range: what a plan checks."""
    values = {key: _ends(parameter) for key, parameter in search.parameters.items()}
    for number in range(max(map(len, values.values()))):
        yield {key: several[min(number, len(several) - 1)] for key, several in values.items()}


def _ends(parameter: Choices | Range) -> list[Any]:
    return parameter.choices if isinstance(parameter, Choices) else [parameter.low, parameter.high]


def most_epochs(search: Search, base: int) -> int:
    """Return the most epochs that a run may have: those of the base, or the most that the search tries."""
    if EPOCHS not in search.parameters:
        return base
    return max(int(value) for value in _ends(search.parameters[EPOCHS]))


def distributions(search: Search) -> "dict[str, BaseDistribution]":
    """Return Optuna's form of each parameter."""
    return {key: _distribution(parameter) for key, parameter in search.parameters.items()}


def _distribution(parameter: Choices | Range) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(parameter, Choices):
        return CategoricalDistribution(labels(parameter))
    low, high, log, step = parameter.low, parameter.high, parameter.log, parameter.step
    if parameter.whole:
        return IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return FloatDistribution(low, high, log=log, step=step)


def labels(parameter: Choices) -> list[Any]:
    """Return what Optuna keeps of each choice: the value if it is plain, else its JSON, such as "[500, 300]".

    Optuna tells choices apart by ``==``, which 1 and true are too: if two are equal, all are JSON.
    """
    values = [one if one is None or isinstance(one, str | int | float) else _json(one) for one in parameter.choices]
    different = all(a != b for place, a in enumerate(values) for b in values[:place])
    return values if different else [_json(one) for one in parameter.choices]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def changes(search: Search, kept: dict[str, Any]) -> dict[str, Any]:
    """Return changes of a config, by dotted key, from what Optuna keeps of a trial."""
    return {key: _value(parameter, kept[key]) for key, parameter in search.parameters.items()}


def _value(parameter: Choices | Range, kept: Any) -> Any:
    return parameter.choices[labels(parameter).index(kept)] if isinstance(parameter, Choices) else kept
