"""Which images runs were tested on: only runs with the same ones are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from fcnet.errors import ConfigError
from fcnet.results.row import ENVIRONMENT, Row
from fcnet.system import files
from fcnet.system.text import few

# How images are prepared: pixels of the same files differ between runs that differ in it.
_FORM = ("data.image_size", "data.deskew", "data.white", "data.prepare")

_LISTED = 4  # runs of each kind that an error names


@dataclass(frozen=True)
class Images:
    """What a run's environment.json says about a split.

    Attributes:
        n: number of images.
        pixels: fingerprint of the pixels of their folder, as prepared.
        form: how they are prepared.
        labels: fingerprint of the labels; None of runs of older versions.
        names: fingerprint of the file names; the same.
    """

    n: int
    pixels: str
    form: str
    labels: str | None
    names: str | None

    def words(self) -> str:
        """Describe them."""
        return f"{self.n} images, pixels {self.pixels[:8]}, labels {(self.labels or 'unknown')[:8]}"


def of(row: Row, split: str) -> Images | None:
    """Return the images of a split of a run; None if its environment.json does not say."""
    try:
        facts = files.read_json(row.path / ENVIRONMENT)["data"][split]
        form = repr([row.settings.get(key) for key in _FORM])
        labels, names = (None if facts.get(key) is None else str(facts[key]) for key in ("labels", "names"))
        return Images(int(facts["n"]), str(facts["sha256"]), form, labels, names)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def check(rows: Sequence[Row], images: Sequence[Images], split: str) -> list[str]:
    """Refuse runs that were tested on different images.

    Images that were prepared differently count as the same if they are equally many with the same file names and
    labels.

    Args:
        rows: at least one run.
        images: of each.
        split: of which.

    Returns:
        What could not be checked, in words.

    Raises:
        ConfigError: they differ.
    """
    first = images[0]
    others = [row for row, one in zip(rows, images, strict=True) if not _same(first, one)]
    if others:
        same = [row for row, one in zip(rows, images, strict=True) if _same(first, one)]
        other = images[list(rows).index(others[0])]
        raise ConfigError(
            f"compare: the runs have different {split} images: {_names(same)} ({first.words()}), {_names(others)}"
            f" ({other.words()}); compare runs with the same images only, or name another --split"
        )
    notes = []
    if len({one.form for one in images}) > 1:
        notes.append(f"the {split} images are prepared differently (size, deskewing), from files of the same names")
    if any(one.labels is None for one in images):
        notes.append(f"the labels of the {split} images are not compared: some runs are of an older version")
    return notes


def _same(one: Images, other: Images) -> bool:
    labels = one.labels is None or other.labels is None or one.labels == other.labels
    if one.form == other.form:
        return one.n == other.n and one.pixels == other.pixels and labels
    return one.n == other.n and labels and one.names is not None and one.names == other.names


def _names(rows: Sequence[Row]) -> str:
    return few((row.name for row in rows), _LISTED)
