"""Which runs of a sweep are trained together, and why. Without torch, so that a plan is made fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from fcnet.commands.together import alike
from fcnet.config.data import Data
from fcnet.schema import Config

Device = Literal["cpu", "cuda"]

# Nets of a group at most, if their number is not given: more bring nothing on a CPU, because what a step costs beside
# products is then a small share.
MOST = 16

CLASSES = 10  # assumed where a config does not name them; the output layer is a small share of the products


@dataclass(frozen=True)
class Group:
    """Runs that one worker trains, together if there are several.

    Attributes:
        runs: their positions.
        reason: why together, or why alone.
    """

    runs: tuple[int, ...]
    reason: str


def groups(configs: Sequence[Config], fuse: Literal["auto", "off"] | int, device: Device, workers: int) -> list[Group]:
    """Return the groups of some runs, in the order of the first run of each.

    Args:
        configs: of the runs.
        fuse: how many nets are trained together: a number at most, off for one, or auto for as many as are faster.
        device: that computes.
        workers: that share the runs: a group is never so large that one of them would have nothing to do.
    """
    if fuse == "off":
        return [Group((number,), "fuse is off") for number in range(len(configs))]
    share = -(-len(configs) // max(workers, 1))
    most = min(share, MOST if fuse == "auto" else fuse)
    found: list[Group] = []
    same: dict[str, list[int]] = {}
    for number, settings in enumerate(configs):
        fit = alike.fit(settings)
        reason = fit.reason or (slower(settings, device) if fuse == "auto" else "")
        if reason:
            found.append(Group((number,), reason))
        else:
            same.setdefault(fit.key, []).append(number)
    for runs in same.values():
        found += _cut(runs, most)
    return sorted(found, key=lambda group: group.runs)


def _cut(runs: Sequence[int], most: int) -> list[Group]:
    """Return runs of one kind in groups of nearly equal size, of ``most`` at most."""
    number = -(-len(runs) // most)
    borders = [len(runs) * part // number for part in range(number + 1)]
    parts = [tuple(runs[first:last]) for first, last in pairwise(borders)]
    return [Group(part, _why(len(part), len(runs), most)) for part in parts]


def _why(size: int, alike_ones: int, most: int) -> str:
    """Return why a run is alone, or runs are together."""
    if size > 1:
        return f"{size} nets of one shape, which share images, batch size and epochs"
    return (
        "no other run has this shape, batch size and epochs" if alike_ones == 1 else f"at most {most} for each worker"
    )


def slower(settings: Config, device: Device) -> str:
    """Return why training together would not be faster; "" if it would."""
    # One H200, 784-500-10: 207 net-epochs per second one after another, 73 of 8 nets together and 108 of 64.
    if device == "cuda":
        return "a GPU takes many steps of one net at a time, and together was measured to be slower there"
    products = alike.products(settings, size_of(settings.data), len(settings.data.classes or ()) or CLASSES)
    if products <= alike.MOST_PRODUCTS:
        return ""
    return (
        f"its steps have {products / 1e6:.0f} million multiply-adds; with more than {alike.MOST_PRODUCTS / 1e6:.0f},"
        " together is no faster on a CPU"
    )


def size_of(data: Data) -> tuple[int, int]:
    """Return the size of the images that a config reads."""
    height, width = data.image_size
    return height, width
