"""The look at the data before training."""

from pathlib import Path

import numpy as np
import torch

from fcnet.data.audit import audit, identical
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from helpers.digits import strokes
from helpers.tiny import pictures

PIXELS, LABELS = pictures(30, 0)


def split(pixels: np.ndarray, labels: np.ndarray, **more: object) -> ImageFolder:
    names = [f"{i}.png" for i in range(len(labels))]
    return ImageFolder(
        torch.from_numpy(pixels),
        torch.from_numpy(labels),
        ("0", "1", "2"),
        Path("a"),
        names,
        **more,  # type: ignore[arg-type]
    )


def test_identical_images_are_found() -> None:
    generator = np.random.default_rng(0)
    for side in (1, 5, 8, 28):
        first = generator.integers(0, 3, (200, side, side), dtype=np.uint8)
        second = generator.integers(0, 3, (50, side, side), dtype=np.uint8)
        second[7], second[9] = first[3], first[150]
        expected = {j for j in range(50) if (first == second[j]).all((1, 2)).any()}
        pairs = identical(split(first, np.zeros(200)), split(second, np.zeros(50)))
        assert {j for _, j in pairs} == expected
        assert len(pairs) == len(expected)
        assert all((first[i] == second[j]).all() for i, j in pairs)


def test_photos_that_nobody_prepared_are_said_once() -> None:
    moved = np.stack([np.roll(strokes(i), (i % 9 - 4, i % 7 - 3), (0, 1)) for i in range(30)])
    labels = np.arange(30) % 3
    found = audit(Splits(split(moved, labels), None, split(moved, labels)))
    assert [one for one in found.warnings if "signs" in one] == [
        "train, test: the images show signs off centre; data.prepare: mnist prepares them (docs/photos.md)"
    ]
    found = audit(Splits(split(np.stack([strokes(i) for i in range(15)]), labels[:15]), None, split(moved, labels)))
    assert [one.split(":")[0] for one in found.warnings if "signs" in one] == ["test"]


def test_a_clean_set_has_lines_and_no_warnings() -> None:
    pixels, labels = pictures(9, 5)
    found = audit(Splits(split(PIXELS, LABELS, sizes={"6x6": 30}), None, split(pixels, labels, sizes={"6x6": 9})))
    assert found.warnings == ()
    assert found.lines == (
        "train: 30 images 6x6, 3 classes of 10 images, a",
        "test: 9 images 6x6, 3 classes of 3 images, a",
    )


def test_what_looks_like_a_mistake_is_said() -> None:
    some = LABELS != 1
    test = split(PIXELS[some], LABELS[some], notes=("a note",), sizes={"6x6": 19, "12x12": 1})
    found = audit(Splits(split(PIXELS, LABELS), None, test))
    assert "resized from 12x12" in found.lines[1]
    assert found.warnings == (
        "a note",
        "test: no image of class 1 (1 of 3 classes)",
        "test: 20 images are also in train, pixel for pixel (0.png = 0.png, 2.png = 1.png, 3.png = 2.png)",
    )


def test_every_split_is_compared_with_every_other() -> None:
    pixels, labels = pictures(9, 5)
    others = split(*pictures(9, 6))
    found = audit(Splits(split(PIXELS, LABELS), split(pixels, labels), split(pixels[3:], labels[3:])))
    assert found.warnings == (
        "test: 6 images are also in validation, pixel for pixel (3.png = 0.png, 4.png = 1.png, 5.png = 2.png)",
    )
    found = audit(Splits(split(PIXELS, LABELS), split(PIXELS[:3], LABELS[:3]), others))
    assert [line.split(",")[0] for line in found.warnings] == ["validation: 3 images are also in train"]


def test_images_that_a_split_has_twice() -> None:
    """With another label a warning, with the same one a count."""
    pixels, labels = PIXELS.copy(), LABELS.copy()
    pixels[7], pixels[9], pixels[12] = pixels[0], pixels[0], pixels[3]
    found = audit(Splits(split(pixels, labels), None, None))
    assert labels[7] != labels[0] == labels[9]
    assert found.warnings == (
        "train: 1 image is repeated with another label, pixel for pixel (0.png = 7.png, labelled 0 and 1)",
    )
    assert found.lines[0].endswith(", a, 2 of them copies of others, pixel for pixel")


def test_images_of_one_colour_are_counted() -> None:
    pixels = PIXELS.copy()
    pixels[2], pixels[5], pixels[8], pixels[11] = 0, 255, 7, 9
    found = audit(Splits(split(pixels, LABELS), None, None))
    assert found.warnings == ("train: 4 images have a single colour (2.png, 5.png, 8.png, ...)",)
