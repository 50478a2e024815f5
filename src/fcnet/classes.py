"""From the labels of a listing to classes, and to their numbers."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import DataError, few, listed
from fcnet.listing import Listing, natural


def class_names(listing: Listing) -> tuple[str, ...]:
    """The classes that a training split has, in the order of the net's outputs.

    Class folders are classes even when empty. Whole numbers have to run from 0 without a gap, so that one mistyped
    label does not become a class of its own; names are sorted.

    Raises:
        DataError: for labels that are partly numbers and partly not, numbers with gaps, or fewer than two classes.
    """
    if listing.folders is not None:
        names = listing.folders
    else:
        first = {label: i for i, label in reversed(list(enumerate(listing.labels)))}  # label -> where it is first seen
        numbers = [label for label in first if re.fullmatch(r"[0-9]{1,9}", label)]
        words = [label for label in first if label not in set(numbers)]
        if numbers and words:
            odd = min(words, numbers, key=lambda kind: sum(listing.labels.count(label) for label in kind))
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
        names = tuple(sorted(first, key=natural))
    if len(names) < 2:
        raise DataError(f"{listing.root}: has one class, {names[0]!r}; a classifier needs two or more")
    return names


def encode(listing: Listing, classes: Sequence[str]) -> NDArray[np.int64]:
    """Labels (N,) as positions in ``classes``. Raises DataError naming each label that is none of them."""
    index = {name: i for i, name in enumerate(classes)}
    known = few(classes, 20)
    codes = [index.get(label, -1) for label in listing.labels]
    problems = [
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class; the classes are {known}"
        for i, code in enumerate(codes)
        if code < 0
    ]
    unknown = [name for name in listing.folders or () if name not in index]
    problems += [
        f"{listing.root / name}: the folder {name!r} is no class; the classes are {known}"
        for name in unknown
        if name not in listing.labels
    ]
    if problems:
        raise DataError(*listed(problems, f"{listing.root}: labels that are no class"))
    return np.asarray(codes, np.int64)


def _no_class(listing: Listing, i: int) -> str:
    return (
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class: the other labels are of another kind (numbers or"
        " words); mend it, or list the names in data.classes"
    )
