"""From the labels of a listing to classes, and to their numbers."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcnet.data.folder.listing import UNLABELLED, Listing, is_number, is_whole, number
from fcnet.errors import DataError
from fcnet.system.text import few, listed, natural

# From so many images on, a class for each is no small example but a column of names or numbers in place of labels.
MANY = 20


def class_names(listing: Listing, classifies: bool = True) -> tuple[str, ...]:
    """The classes that a training split has, in the order of the net's outputs.

    Class folders are classes even when empty. Whole numbers have to run from 0 without a gap, so that one mistyped
    label does not become a class of its own; names are sorted.

    Args:
        listing: of the training images.
        classifies: whether they are for a classifier, which needs labels and two classes.

    Raises:
        DataError: for labels that are partly numbers and partly not, numbers with gaps or fractions, as many classes as
            images; or, where images are to be classified, for fewer than two classes.
    """
    if listing.folders is not None:
        names = listing.folders
    else:
        if classifies:
            _check_labelled(listing)
        first = {label: i for i, label in reversed(list(enumerate(listing.labels)))}  # label -> where it is first seen
        _check_kind(listing, first)
        if classifies and len(first) == len(listing.labels) >= MANY:
            raise DataError(
                f"{listing.place(0)}: {len(first)} classes for {len(first)} images: each line is another label, such as"
                f" {listing.labels[0]!r} and {listing.labels[1]!r} (names or numbers of the images?); write their"
                " classes, or list the names in data.classes"
            )
        names = tuple(sorted(first, key=natural))
    if classifies and len(names) < 2:
        raise DataError(f"{listing.root}: has one class, {names[0]!r}; a classifier needs two or more")
    return names


def _check_kind(listing: Listing, first: dict[str, int]) -> None:
    """Raise DataError for labels of two kinds, and for numbers that cannot be classes."""
    numbers = [label for label in first if is_whole(label) and label[0] != "-"]
    words = [label for label in first if label not in set(numbers)]
    fractions = [label for label in words if is_number(label) and not is_whole(label)]
    if fractions and all(is_number(label) for label in first):
        problems = [
            f"{listing.place(first[label])}: label {label!r} is no class: a number with a fraction (a value to predict,"
            " as in regression?); a class is a whole number from 0 or a name; or list the names in data.classes"
            for label in fractions
        ]
        raise DataError(*listed(problems, "labels that are no class"))
    if numbers and words:
        counts = dict.fromkeys(first, 0)
        for label in listing.labels:
            counts[label] += 1
        odd = min(words, numbers, key=lambda kind: sum(counts[label] for label in kind))
        raise DataError(*listed([_no_class(listing, first[label]) for label in odd], "labels that are no class"))
    if numbers:
        expected = {str(i) for i in range(len(numbers))}
        beyond = sorted(set(numbers) - expected, key=int)
        if beyond:
            missing = min(expected - set(numbers), key=int)
            raise DataError(
                f"{listing.place(first[beyond[0]])}: label {beyond[0]!r} is no class: classes run from 0 without a"
                f" gap and none is {missing}; mend the label, or list the names in data.classes"
            )


def _check_labelled(listing: Listing) -> None:
    if not listing.labelled:
        raise DataError(
            f"{listing.root}: has no sub-folders, one per class; give `labels` with them (an autoencoder needs none)"
        )


def choose_classes(
    given: Sequence[str] | None, train: Listing, others: Sequence[Listing], classifies: bool
) -> tuple[str, ...]:
    """The classes of a run, in the order of the net's outputs.

    Args:
        given: names that take the place of those of the training images.
        train: the training images.
        others: what else is looked at. Where nothing classifies them, what they alone have comes behind.
        classifies: as for ``class_names``, which tells of the errors.
    """
    names = tuple(given) if given is not None else class_names(train, classifies)
    if classifies:
        return names
    index = _index(names)
    listings = others if train.labelled else [*others, train]
    found = {label for one in listings for label in (*one.labels, *(one.folders or ()))}
    return (*names, *sorted((label for label in found if _position(index, label) < 0), key=natural))


def encode(listing: Listing, classes: Sequence[str]) -> NDArray[np.int64]:
    """Labels (N,) as positions in ``classes``. Raises DataError naming each label that is none of them."""
    index = _index(classes)
    known = few(classes, 20)
    position = {label: _position(index, label) for label in set(listing.labels)}
    codes = [position[label] for label in listing.labels]
    if min(codes, default=0) < 0 and UNLABELLED in position:
        _check_labelled(listing)
    problems = [
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class; the classes are {known}"
        for i, code in enumerate(codes)
        if code < 0
    ]
    unknown = [name for name in listing.folders or () if _position(index, name) < 0]
    problems += [
        f"{listing.root / name}: the folder {name!r} is no class; the classes are {known}"
        for name in unknown
        if name not in position
    ]
    if problems:
        raise DataError(*listed(problems, f"{listing.root}: labels that are no class"))
    return np.asarray(codes, np.int64)


def _index(classes: Sequence[str]) -> dict[str, int]:
    """The position of each class: by its name, and by the number that it is ("07" is 7) where no other is that."""
    spelt = [number(unicodedata.normalize("NFC", name)) for name in classes]
    unique = {name: i for i, name in enumerate(spelt) if spelt.count(name) == 1}
    return unique | {name: i for i, name in enumerate(classes)}


def _position(index: dict[str, int], label: str) -> int:
    return index.get(label, index.get(number(label), -1))


def _no_class(listing: Listing, i: int) -> str:
    return (
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class: the other labels are of another kind (numbers or"
        " words); mend it, or list the names in data.classes"
    )
