"""Plans from files and from words of the command line, and as a text that needs no other file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnet import schema
from fcnet.config import load as loading
from fcnet.config import yaml_lines
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from fcnet.sweep.plan import section
from fcnet.sweep.plan.identity import fixed
from fcnet.sweep.plan.plan import Plan
from fcnet.sweep.plan.runs import axes, combine, trials
from fcnet.sweep.plan.section import Sweep
from fcnet.sweep.plan.words import COMMAND_LINE, check_free, sort

MANY = 10_000  # runs that are begun only if asked for twice: at a second each, they take three hours
MOST = 1_000_000  # runs of a sweep, which take minutes to plan


def from_file(
    path: Path, words: Sequence[str] = (), options: Mapping[str, Any] | None = None, yes: bool = False
) -> Plan:
    """Return the plan of a sweep file.

    Args:
        path: the YAML file.
        words: ``KEY=VALUE``: one value overrides the base, several (``KEY=A,B``) are one more axis of the grid.
        options: keys of the sweep file that the command line sets, such as ``{"workers": 4}``.
        yes: allow more than ``MANY`` runs.

    Raises:
        ConfigError: with one line per mistake.
    """
    layer = yaml_lines.read(path)
    if not loading.is_sweep(layer) and layer.values.keys() & {"data", "extends", "model", "train"}:
        raise ConfigError(
            f"{path}: is the config of one run, not a sweep file; train it with: fcnet train --config {path}; or give a"
            f" setting several values, such as: fcnet sweep run --config {path} train.optimizer.lr=1e-3,3e-4"
        )
    return _plan([layer], path, words, options or {}, yes)


def from_words(
    config: Path,
    words: Sequence[str],
    seeds: int | Sequence[int] | None = None,
    options: Mapping[str, Any] | None = None,
    yes: bool = False,
) -> Plan:
    """Return the plan of a sweep over settings of a config.

    Args:
        config: the base.
        words: ``KEY=A,B``, which is an axis; ``KEY=VALUE``, which overrides the base.
        seeds: of each combination: a number, or a list.
        options: further keys of a sweep file, such as ``{"workers": 4}``.
        yes: allow more than ``MANY`` runs.

    Raises:
        ConfigError: with one line per mistake.
    """
    given = {} if seeds is None else {"seeds": seeds if isinstance(seeds, int) else list(seeds)}
    layer = Layer(COMMAND_LINE, {"base": str(config)} | given)
    return _plan([layer], None, words, options or {}, yes)


def text(plan: Plan) -> str:
    """Return a plan as a sweep file with its base written out, from which ``of_text`` makes the same runs."""
    return yaml_lines.dump(section.values(plan.settings))


def settings_of(written_out: str, where: str) -> Sweep:
    """Return the settings of the plan that ``text`` wrote, without its runs. Raises ConfigError as ``of_text`` does."""
    settings = loading.check(Sweep, [yaml_lines.parse(written_out, where)])
    if not isinstance(settings.base, dict):
        raise ConfigError(
            f"{where}: base: is {settings.base!r}; should be the settings themselves, as they were written"
        )
    return settings


def of_text(written_out: str, where: str) -> Plan:
    """Return the plan that ``text`` wrote. Raises ConfigError, naming ``where``, if it was changed and is not valid."""
    return _plan([yaml_lines.parse(written_out, where)], Path(where), (), {}, yes=True, needed=False)


def _plan(
    layers: list[Layer],
    path: Path | None,
    words: Sequence[str],
    options: Mapping[str, Any],
    yes: bool,
    needed: bool = True,
) -> Plan:
    """Return a plan from the layers of a sweep file, at ``path`` unless all is from the command line."""
    overrides, grid = sort(words)
    check_free(layers, [*overrides, *grid])
    given = dict(options) | ({"grid": grid} if grid else {})
    layers = [*layers, Layer(COMMAND_LINE, given)] if given else layers
    settings, base_layers = _checked(layers, path, overrides)
    _check_size(axes.count(settings), layers[0].name, yes)
    base = schema.check(base_layers, needed)
    settings = settings.model_copy(update={"base": fixed(base)})
    if settings.search is not None:
        trials.check(settings.search, layers, base, base_layers)
        return Plan(settings, ())
    return Plan(settings, *combine.runs(fixed(base), base_layers, axes.of(settings, layers)))


def _checked(layers: Sequence[Layer], path: Path | None, overrides: Sequence[str]) -> tuple[Sweep, list[Layer]]:
    """Return the settings of a sweep, and its base as layers. Raises ConfigError with the mistakes of both."""
    problems: list[str] = []
    settings, base = None, list[Layer]()
    try:
        settings = loading.check(Sweep, layers)
    except ConfigError as error:
        problems += error.problems
    try:
        base = _base(layers[0], path, overrides)
        if problems and base:
            schema.check(base)
    except ConfigError as error:
        problems += error.problems
    if problems or settings is None:
        raise ConfigError(*dict.fromkeys(problems))
    return settings, base


def _base(layer: Layer, path: Path | None, overrides: Sequence[str]) -> list[Layer]:
    """Return the base and its overrides as layers; none if the base is of a wrong type."""
    base = layer.value(("base",))
    if isinstance(base, dict):
        inline = axes.written([layer], ("base",), None, base)
        found = loading.inherited(inline, path) if path is not None else [inline]
    elif not isinstance(base, str):
        return []
    elif path is None:
        found = loading.layers(Path(base))
    else:
        where = f"{layer.place(layer.where(('base',))[1])}: base"
        file = loading.beside(path, base, where)
        if loading.is_sweep(yaml_lines.read(file)):
            raise ConfigError(f"{where}: {file} is a sweep file too; name a config, or copy what you need from it")
        found = loading.layers(file)
    return [*found, *map(loading.override, overrides)]


def _check_size(number: int, where: str, yes: bool) -> None:
    """Raise ConfigError if there are too many runs."""
    if number > MOST:
        raise ConfigError(f"{where}: plans {number:,} runs; a sweep has at most {MOST:,}: vary less")
    if number > MANY and not yes:
        raise ConfigError(f"{where}: plans {number:,} runs; vary less, or confirm it with --yes")
