"""The axes of a sweep: what each sets, and where that is written."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from fcnet.config import load as loading
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from fcnet.sweep.plan.section import Sweep

_MAPPING = "tag:yaml.org,2002:map"
_SHARED = ("extends", "base")  # what no run has of its own


@dataclass(frozen=True)
class Written(Layer):
    """A part of a sweep file as a layer of a run's config, with the lines of that file.

    Attributes:
        part: the key of the sweep file that it belongs to.
    """

    part: str = ""

    def place(self, line: int) -> str:
        """Return ``FILE:LINE: PART``; only the name of the command line, which has no lines."""
        return f"{super().place(line)}: {self.part}" if line and self.part else super().place(line)


@dataclass(frozen=True)
class Choice:
    """One value of an axis, or an entry of `list`.

    Attributes:
        changes: dotted keys and their values.
        layers: the same, one for each key, with the places where they are written.
    """

    changes: dict[str, Any]
    layers: tuple[Layer, ...]

    @property
    def written(self) -> list[tuple[str, Layer]]:
        """Return the layer of each key."""
        return list(zip(self.changes, self.layers, strict=True))

    @property
    def head(self) -> tuple[Layer, int]:
        """Return the layer and the line of the first key."""
        key, layer = self.written[0]
        return layer, line_of(layer, key)


@dataclass(frozen=True)
class Axis:
    """What varies, independently of all other axes.

    Attributes:
        choices: what it chooses from.
        named: keys that are part of the runs' names.
    """

    choices: Sequence[Choice]
    named: tuple[str, ...]


def of(settings: Sweep, layers: Sequence[Layer]) -> list[Axis]:
    """Return the axes of a sweep, the slowest first: those of the grid, the list, the seeds.

    Args:
        settings: the checked sweep file.
        layers: the file, and what the command line adds.

    Raises:
        ConfigError: a key is set twice, or cannot be one.
    """
    axes = [_of_grid(layers, key, values) for key, values in (settings.grid or {}).items()]
    axes += [_of_list(layers, settings.list)] if settings.list else []
    if problems := list(dict.fromkeys(_problems(axes, settings.seeds is not None))):
        raise ConfigError(*problems)
    return axes if settings.seeds is None else [*axes, _of_seeds(layers, settings.seeds)]


def count(settings: Sweep) -> int:
    """Return how many runs a sweep has, without making them."""
    seeds = len(settings.seeds) if isinstance(settings.seeds, list) else settings.seeds
    values = math.prod(len(axis) for axis in (settings.grid or {}).values())
    return values * (1 if settings.list is None else len(settings.list)) * (1 if seeds is None else seeds)


def written(layers: Sequence[Layer], path: tuple[str | int, ...], key: str | None, value: Any) -> Layer:
    """Return what is at ``path`` of the sweep file as a layer that sets a dotted key to ``value``; None: it is all."""
    layer = next((one for one in reversed(layers) if one.where(path)[0] == len(path)), layers[0])
    node = _node(layer.node, path)
    values = value if key is None else loading.nested(key, value)
    if node is None:
        return Layer(layer.name, values)
    for part in reversed([] if key is None else key.split(".")):
        name = ScalarNode("", part, node.start_mark)
        node = MappingNode(_MAPPING, [(name, node)], node.start_mark)
    return Written(layer.name, values, node, part=str(path[0]))


def _node(node: Node | None, path: tuple[str | int, ...]) -> Node | None:
    """Return the node at a path; None if the text has none."""
    for part in path:
        if isinstance(node, MappingNode):
            node = next((child for key, child in node.value if key.value == part), None)
        else:
            node = node.value[part] if isinstance(node, SequenceNode) else None
    return node


def _of_grid(layers: Sequence[Layer], key: str, values: Sequence[Any]) -> Axis:
    places = [written(layers, ("grid", key, i), key, value) for i, value in enumerate(values)]
    choices = [Choice({key: value}, (place,)) for value, place in zip(values, places, strict=True)]
    return Axis(choices, (key,) if len(choices) > 1 else ())


def _of_list(layers: Sequence[Layer], entries: Sequence[dict[str, Any]]) -> Axis:
    choices = []
    for i, entry in enumerate(entries):
        places = (written(layers, ("list", i, key), key, value) for key, value in entry.items())
        choices.append(Choice(entry, tuple(places)))
    return Axis(choices, tuple(dict.fromkeys(key for entry in entries for key in entry)))


def _of_seeds(layers: Sequence[Layer], seeds: int | list[int]) -> Axis:
    numbers = range(seeds) if isinstance(seeds, int) else seeds
    layer = written(layers, ("seeds",), "seed", 0)  # the schema has checked them, so that none is ever blamed
    return Axis([Choice({"seed": number}, (layer,)) for number in numbers], ("seed",))


def _problems(axes: Sequence[Axis], seeds: bool) -> Iterator[str]:
    """Yield what is wrong with the keys of axes."""
    first: dict[str, tuple[int, str]] = {}  # the axis that has a key, and where
    for number, axis in enumerate(axes):
        for choice in axis.choices:
            for key, layer in choice.written:
                place = layer.place(line_of(layer, key))
                if problem := misnamed(key):
                    yield f"{place}: {key!r}: {problem}"
                elif key == "seed" and seeds:
                    yield f"{place}: seed: is varied by `seeds` too; remove one of the two"
                elif first.setdefault(key, (number, place))[0] != number:
                    yield f"{place}: {key}: is set by `grid` too ({first[key][1]}); remove one of the two"


def line_of(layer: Layer, key: str) -> int:
    """Return the line of a dotted key; 0 on the command line."""
    return layer.where(tuple(key.split(".")))[1]


def misnamed(key: str) -> str | None:
    """Return why a dotted key cannot be one of a config; None if it may be."""
    if not all(key.split(".")) or not re.fullmatch(r"\S+", key):
        return "is not a key; write a dotted path, such as train.optimizer.lr"
    if key.split(".")[0] in _SHARED:
        return "is not a setting of a run; write it outside, as `base`"
    return None
