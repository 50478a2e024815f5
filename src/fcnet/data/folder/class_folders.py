"""Images whose labels are the names of their folders; and a folder without labels."""

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fcnet.data.folder import entries
from fcnet.data.folder.entries import Entries, counted
from fcnet.data.folder.listing import UNLABELLED, Listing, Stats
from fcnet.data.images import forms
from fcnet.data.images.decode import SUFFIXES
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import natural

_READ = ", ".join(SUFFIXES)


def scan(images: Path, found: Entries) -> Listing:
    """List class folders, or a folder without any. Raises DataError for what is missing or contradicts itself."""
    entries.refuse_broken(found)
    loose = found.names
    if not found.folders:
        if not loose:
            raise DataError(no_images(images, found, "has neither class folders nor images"))
        return _flat(images, found)
    if loose:
        are = "1 image is" if len(loose) == 1 else f"{len(loose)} images are"
        raise DataError(
            f"{images}: {are} outside the class folders, such as {min(loose, key=natural)}; "
            "move each into the folder of its class"
        )
    own = _names_of(images, found.folders)
    inside = {folder: entries.read(images / folder) for folder in own.values()}
    entries.refuse_broken(*inside.values())
    _refuse_deeper(images, inside)
    names: list[str] = []
    classes: list[str] = []
    stats: list[Stats] = []
    others: list[str] = []
    notes: list[str] = []
    for name, folder in own.items():
        files_of, stats_of = _in_order(inside[folder])
        names += [f"{folder}/{file}" for file in files_of]
        classes += [name] * len(files_of)
        stats.append(stats_of)
        held = inside[folder].others
        others += [f"{folder}/{other}" for other in held]
        if held and not files_of:
            notes.append(f"{images / folder}: contains no images, but {instead_of_images(images / folder, held)}")
    if not names:
        but = f", but {instead_of_images(images, others)}" if others else ""
        raise DataError(f"{images}: its {len(own)} folders contain no images ({_READ}){but}")
    return Listing(
        root=images,
        names=names,
        labels=classes,
        stats=np.concatenate(stats),
        folders=tuple(own),
        ignored=(*found.others, *others),
        notes=tuple(notes),
    )


def _flat(images: Path, found: Entries) -> Listing:
    """List images without labels."""
    names, stats = _in_order(found)
    return Listing(images, names, [UNLABELLED] * len(names), stats, ignored=tuple(found.others))


def _in_order(found: Entries) -> tuple[list[str], Stats]:
    """Return the images of a folder in natural order of their names."""
    order = sorted(range(len(found.names)), key=lambda i: natural(found.names[i]))
    return [found.names[i] for i in order], found.stats[order]


def _names_of(images: Path, folders: Sequence[str]) -> dict[str, str]:
    """Return the folder of each class, in order. Raises DataError for two whose names look the same."""
    own: dict[str, str] = {}
    for folder in sorted(folders):
        name = unicodedata.normalize("NFC", folder)
        if name in own:
            raise DataError(
                f"{images / folder}, {images / own[name]}: are one class, {name!r}: only the encoding of their accents"
                " differs (NFC, NFD); move the images of one into the other"
            )
        own[name] = folder
    return {name: own[name] for name in sorted(own, key=natural)}


def _refuse_deeper(images: Path, inside: dict[str, Entries]) -> None:
    """Raise DataError if images are in folders inside class folders: it is unclear whether these are classes too."""
    deeper = {
        folder: image
        for folder, held in inside.items()
        for name in sorted(held.folders)[:1000]
        if (image := entries.first_image(images / folder / name)) is not None
    }
    if not deeper:
        return
    folder, image = next(iter(deeper.items()))
    example = image.relative_to(images).as_posix()
    if len(deeper) == 1 and not any(held.names for held in inside.values()):
        raise DataError(
            f"{images}: its images are deeper, such as {example}; give the folder {images / folder} instead"
        )
    raise DataError(
        f"{images}: images are deeper than in class folders, such as {example}; if {folder!r} is not a class, give"
        f" the folder {images / folder}; if it is, move its images up into it, or write a CSV of filepath,label"
    )


def no_images(folder: Path, found: Entries, what: str = "contains no images") -> str:
    """Return what is wrong with a folder that should contain images, and what it contains instead."""
    for name in sorted(found.folders):
        if entries.first_image(folder / name) is not None:
            return f"{folder}: {what} ({_READ}) except in sub-folders, such as {folder / name}; give such a folder"
    if found.others:
        return f"{folder}: {what} ({_READ}), but {instead_of_images(folder, found.others)}"
    return f"{folder}: {what} ({_READ}); give the folder of the images"


def instead_of_images(folder: Path, others: Sequence[str]) -> str:
    """Return what a folder contains instead of images, and what to do with it."""

    def kind(name: str) -> str:
        return os.path.splitext(name)[1].lower()

    common = Counter(map(kind, others)).most_common(1)[0][0]
    sample = min(name for name in others if kind(name) == common)
    try:
        form = forms.tell(folder / sample)
    except (OSError, files.NotReadable):
        form = None
    held = f"{counted(others)}, which {'is' if len(others) == 1 else 'are'} not read"
    if form is None or form.is_image:
        return f"{held}; convert images to PNG"
    return f"{held}: {sample} is {form.what}; {form.fix}"
