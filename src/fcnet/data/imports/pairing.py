"""Which images and which labels belong together, and which split they are."""

from collections.abc import Sequence

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data.imports.parts import WORDS, Part
from fcnet.data.writing import UNSPLIT, Split
from fcnet.errors import ConfigError, DataError
from fcnet.system.text import counted, few

_ALONE = "import them one at a time, each with its own --out"


def splits(parts: Sequence[Part]) -> list[Split]:
    """Return the splits that parts make up: one, or both of ``SOURCE_SPLITS``.

    Raises:
        ConfigError: it is unclear which parts belong together.
        DataError: images and labels are not equally many.
    """
    whole = [part for part in parts if part.images is not None and part.labels is not None]
    images = [part for part in parts if part.labels is None]
    labels = [part for part in parts if part.images is None]
    if not whole and not images:
        raise ConfigError(f"{labels[0]}: holds only labels; name the file of their images, too")
    pairs = [(part, part) for part in whole]
    for one in images:
        found = _labels_of(one, images, labels)
        if found is not None:
            labels.remove(found)
            _check_count(one, found)
        pairs.append((one, found or one))
    if labels:
        raise ConfigError(f"{labels[0]}: holds labels, but none of the given images belong to them; name their file")
    return _named(pairs)


def _labels_of(one: Part, images: Sequence[Part], labels: Sequence[Part]) -> Part | None:
    """Return the labels of images: the only ones, or those of the same split; None if there are none.

    Raises:
        ConfigError: several could be, or they are of the other split.
    """
    if len(images) == len(labels) == 1:
        (found,) = labels
        if one.split and found.split and one.split != found.split:
            raise ConfigError(
                f"{one}: is {WORDS[one.split]}, but {found} is {WORDS[found.split]}; name files that belong together"
            )
        return found
    same = [part for part in labels if part.split == one.split]
    if len(same) > 1 or (same and one.split is None):
        raise ConfigError(
            f"{one}: it is unclear which labels belong to it ({few(same, 4)}); {_ALONE}, or begin names with train and"
            " test"
        )
    return same[0] if same else None


def _check_count(images: Part, labels: Part) -> None:
    assert images.images is not None
    assert labels.labels is not None
    if len(images.images) != len(labels.labels):
        raise DataError(
            f"{images}: holds {counted(len(images.images), 'image')}, but {labels}"
            f" {counted(len(labels.labels), 'label')}; give those that belong together"
        )


def _named(pairs: Sequence[tuple[Part, Part]]) -> list[Split]:
    """Return splits in their order, each with its name. Raises ConfigError if a name is missing or double."""
    if len(pairs) > 1:
        for name in SOURCE_SPLITS:
            same = [one for one, _ in pairs if one.split == name]
            if len(same) > 1:
                raise ConfigError(f"{same[0]}, {same[1]}: both are {WORDS[name]}, by their names; {_ALONE}")
        unclear = next((one for one, _ in pairs if one.split is None), None)
        if unclear is not None:
            raise ConfigError(f"{unclear}: its name does not say whether it is train or test; rename it, or {_ALONE}")
    found = [Split(one.split or UNSPLIT, one.images, other.labels) for one, other in pairs if one.images is not None]
    return sorted(found, key=lambda split: [*SOURCE_SPLITS, UNSPLIT].index(split.name))
