"""Make folders of pictures, and note beside each folder what is on them.

Imported by scripts/photos.py; does nothing by itself. Each picture has its own random numbers, so that it is the same
whichever others are made.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from photo import empty, spoil
from photo import pages as written
from photo.digits import Digits
from photo.paper import Textures, save

Truth = dict[str, Any]

STREAMS = {"spoiled": 2, "no-digit": 3, "page": 4, "phone": 5}
PAGES = ("plain", "plain", "plain", "ruled", "squared", "touching")
PAGE_QUALITY, PHONE_QUALITY = 85, 90
FEW, MANY = 2, 20  # phone photos in the two folders
UPRIGHT = 6  # orientation of a photo taken with the phone held upright


@dataclass(frozen=True)
class Studio:
    """What pictures are made from, and the folder that they go into."""

    digits: Digits
    made: Textures
    seed: int
    out: Path

    def rng(self, stream: str, number: int) -> Generator:
        """Return a picture's random numbers."""
        return np.random.default_rng([self.seed, STREAMS[stream], number])

    def folder(self, name: str) -> Path:
        """Return an empty folder."""
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def note(self, name: str, truths: list[Truth]) -> list[Truth]:
        """Write what is on the pictures of a folder."""
        (self.out / f"{name}.json").write_text(json.dumps(truths, indent=0) + "\n", encoding="utf-8")
        return truths


def noted(out: Path, name: str) -> list[Truth]:
    """Return what is on the pictures of a folder."""
    truths: list[Truth] = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    return truths


def spoiled(studio: Studio, n: int, thin: float = 0) -> list[Truth]:
    """Make spoiled images, a share of them with a thin pen, and copy those that they were made of."""
    folder, originals = studio.folder("spoiled"), studio.folder("originals")
    truths: list[Truth] = []
    for index in studio.digits.spread(n):
        shutil.copyfile(studio.digits.files[index], originals / f"{index:05d}.png")
        one = spoil.spoil(studio.digits.pixels(index), studio.made, studio.rng("spoiled", index), thin)
        file = save(one.pixels, folder / f"{index:05d}", one.quality, one.orientation)
        about = {"kinds": one.kinds, "ink": one.ink, "width": one.pixels.shape[1], "height": one.pixels.shape[0]}
        truths.append({"file": file.name, "original": f"{index:05d}.png", "label": studio.digits.labels[index]} | about)
    return studio.note("spoiled", truths)


def empties(studio: Studio, n: int) -> list[Truth]:
    """Make pictures without a digit."""
    folder, truths = studio.folder("no-digit"), []
    for i, (kind, number) in enumerate(empty.plan(n)):
        one = empty.empty(kind, number, studio.made, studio.rng("no-digit", i))
        file = save(one.pixels, folder / f"{i:05d}", one.quality)
        truths.append({"file": file.name, "kind": kind, "part": one.part, "letter": one.letter})
    return studio.note("no-digit", truths)


def pages(studio: Studio) -> list[Truth]:
    """Write pages of digits."""
    folder, truths = studio.folder("pages"), []
    for i, kind in enumerate(PAGES):
        one = written.page(studio.digits, kind, studio.made, studio.rng("page", i))
        file = save(one.pixels, folder / f"{i}-{kind}", PAGE_QUALITY)
        digits = [asdict(digit) for digit in one.digits]
        truths.append({"file": file.name, "kind": kind, "digits": digits, "text": one.text})
    return studio.note("pages", truths)


def phone_photos(studio: Studio) -> list[Truth]:
    """Take phone photos: a folder of few, and one of many, of which the first are the same."""
    few, many, truths = studio.folder("phone-few"), studio.folder("phone-many"), []
    for i, index in enumerate(studio.digits.spread(MANY)):
        pixels = written.phone_photo(studio.digits.pixels(index), studio.made, studio.rng("phone", index))
        file = save(pixels, many / f"{i:02d}", PHONE_QUALITY, UPRIGHT)
        if i < FEW:
            shutil.copyfile(file, few / file.name)
        truths.append({"file": file.name, "label": studio.digits.labels[index]})
    return studio.note("phone-many", truths)
