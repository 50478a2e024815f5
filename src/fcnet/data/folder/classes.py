"""Convert the labels of a listing to classes, and to their numbers."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcnet.data.folder.listing import UNLABELLED, Listing, is_number, is_whole, number
from fcnet.errors import DataError
from fcnet.system.text import few, listed, natural

# From this many images on, a class for each is not a small example, but names or numbers instead of labels.
MANY = 20


def class_names(listing: Listing, classifies: bool = True) -> tuple[str, ...]:
    """Return the classes of a training split, in the order of the net's outputs.

    Class folders are classes even if they are empty. Whole numbers must run from 0 without a gap, so that a mistyped
    label does not become a class; names are sorted.

    Args:
        listing: the training images.
        classifies: whether they are for a classifier, which needs labels and two classes.

    Raises:
        DataError: for labels that are partly numbers and partly not, numbers with gaps or fractions, as many classes as
            images; or, if images are to be classified, for fewer than two classes.
    """
    if listing.folders is not None:
        names = listing.folders
    else:
        if classifies:
            _check_labelled(listing)
        first = {label: i for i, label in reversed(list(enumerate(listing.labels)))}  # label -> its first position
        _check_kind(listing, first)
        if classifies and len(first) == len(listing.labels) >= MANY:
            raise DataError(
                f"{listing.place(0)}: {len(first)} classes for {len(first)} images: each line has a different label,"
                f" such as {listing.labels[0]!r} and {listing.labels[1]!r} (names or numbers of the images?); write"
                " their classes, or list the names in data.classes"
            )
        names = tuple(sorted(first, key=natural))
    if classifies and len(names) < 2:
        raise DataError(f"{listing.root}: has only one class, {names[0]!r}; a classifier needs at least two")
    return names


def _check_kind(listing: Listing, first: dict[str, int]) -> None:
    """Raise DataError for labels of two kinds, and for numbers that cannot be classes."""
    numbers = [label for label in first if is_whole(label) and label[0] != "-"]
    words = [label for label in first if label not in set(numbers)]
    fractions = [label for label in words if is_number(label) and not is_whole(label)]
    if fractions and all(is_number(label) for label in first):
        problems = [
            f"{listing.place(first[label])}: label {label!r} is not a class: it is a fraction (a regression target?); a"
            " class is a whole number from 0 or a name; or list the names in data.classes"
            for label in fractions
        ]
        raise DataError(*listed(problems, "labels that are not classes"))
    if numbers and words:
        counts = dict.fromkeys(first, 0)
        for label in listing.labels:
            counts[label] += 1
        odd = min(words, numbers, key=lambda kind: sum(counts[label] for label in kind))
        raise DataError(*listed([_no_class(listing, first[label]) for label in odd], "labels that are not classes"))
    if numbers:
        expected = {str(i) for i in range(len(numbers))}
        beyond = sorted(set(numbers) - expected, key=int)
        if beyond:
            missing = min(expected - set(numbers), key=int)
            raise DataError(
                f"{listing.place(first[beyond[0]])}: label {beyond[0]!r} is not a class: classes run from 0 without a"
                f" gap, but none is {missing}; correct the label, or list the names in data.classes"
            )


def _check_labelled(listing: Listing) -> None:
    if not listing.labelled:
        raise DataError(f"{listing.root}: has no class folders; give `labels` (an autoencoder needs neither)")


def choose_classes(
    given: Sequence[str] | None, train: Listing, others: Sequence[Listing], classifies: bool
) -> tuple[str, ...]:
    """Return the classes of a run, in the order of the net's outputs.

    Args:
        given: names that replace those of the training images.
        train: the training images.
        others: the other images. If nothing classifies them, classes that only they have come last.
        classifies: as for ``class_names``, which documents the errors.
    """
    names = tuple(given) if given is not None else class_names(train, classifies)
    if classifies:
        return names
    index = _index(names)
    listings = others if train.labelled else [*others, train]
    found = {label for one in listings for label in (*one.labels, *(one.folders or ()))}
    return (*names, *sorted((label for label in found if _position(index, label) < 0), key=natural))


def encode(listing: Listing, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return labels (N,) as positions in ``classes``. Raises DataError naming each label that is none of them."""
    index = _index(classes)
    known = few(classes, 20)
    position = {label: _position(index, label) for label in set(listing.labels)}
    codes = [position[label] for label in listing.labels]
    if min(codes, default=0) < 0 and UNLABELLED in position:
        _check_labelled(listing)
    problems = [
        f"{listing.place(i)}: label {listing.labels[i]!r} is not a class; the classes are {known}"
        for i, code in enumerate(codes)
        if code < 0
    ]
    unknown = [name for name in listing.folders or () if _position(index, name) < 0]
    problems += [
        f"{listing.root / name}: the folder {name!r} is not a class; the classes are {known}"
        for name in unknown
        if name not in position
    ]
    if problems:
        raise DataError(*listed(problems, f"{listing.root}: labels that are not classes"))
    return np.asarray(codes, np.int64)


def _index(classes: Sequence[str]) -> dict[str, int]:
    """Return the position of each class: by its name, and by its number ("07" is 7) if no other has that number."""
    spelt = [number(unicodedata.normalize("NFC", name)) for name in classes]
    unique = {name: i for i, name in enumerate(spelt) if spelt.count(name) == 1}
    return unique | {name: i for i, name in enumerate(classes)}


def _position(index: dict[str, int], label: str) -> int:
    return index.get(label, index.get(number(label), -1))


def _no_class(listing: Listing, i: int) -> str:
    return (
        f"{listing.place(i)}: label {listing.labels[i]!r} is not a class: the other labels are of another kind (numbers"
        " or words); correct it, or list the names in data.classes"
    )
