"""Digits drawn by program among the training images."""

from typing import Any

import numpy as np
import pytest
import torch

from fcnet.config.data import Augment
from fcnet.data.augment.augmented import Augmented
from fcnet.data.augment.replaced import pens
from fcnet.data.photos import style
from fcnet.errors import ConfigError
from helpers.digits import strokes

IMAGES = torch.from_numpy(np.stack([strokes(i) for i in range(300)]))
LABELS = torch.arange(300) % 10
DIGITS = [str(digit) for digit in range(10)]


def made(epoch: int = 1, images: torch.Tensor = IMAGES, classes: list[str] = DIGITS, **more: Any) -> Augmented:
    found = Augmented(images, LABELS, Augment(hands=0.3, **more), 7, classes=classes)
    found.of_epoch(epoch)
    return found


def test_drawings_lie_as_the_training_images_do_and_have_their_labels() -> None:
    found = made()
    replaced = (found.images != IMAGES).flatten(1).any(1)
    assert 0.2 < float(replaced.double().mean()) < 0.4
    assert torch.equal(found.labels[~replaced], LABELS[~replaced])
    kind = style.measured(IMAGES.numpy())
    assert kind is not None
    assert all(kind.fits(image) for image in found.images[replaced].numpy())


def test_labels_are_positions_of_the_classes() -> None:
    backwards = made(classes=DIGITS[::-1])
    there = (backwards.labels != LABELS).nonzero().flatten()
    forwards = made()
    assert torch.equal(backwards.labels[there], 9 - forwards.labels[there])


def test_each_digit_looks_like_itself_to_a_nearest_neighbour() -> None:
    """Drawings are nearer to printed digits of their class than to others, for most: nobody has mixed up two forms."""
    from fcnet.data.photos import reading
    from fcnet.data.photos.place import place

    pick, right = np.random.default_rng(1), 0
    printed = IMAGES.numpy().reshape(300, -1).astype(float)
    for digit in range(10):
        for _ in range(10):
            placed = place(pens.drawn(digit, pick), reading.mnist((28, 28)))
            assert placed is not None
            away = ((printed - placed.pixels.reshape(-1)) ** 2).sum(1)
            right += int(LABELS[int(away.argmin())]) == digit
    assert right > 75


def test_outliers_may_take_the_place_of_drawings() -> None:
    found = made(outliers=0.3)
    replaced = (found.images != IMAGES).flatten(1).any(1)
    assert 0.4 < float(replaced.double().mean()) < 0.65


def test_other_classes_and_other_images_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"data.augment.hands: draws the digits 0 to 9, but the classes are cat, dog"):
        made(classes=["cat", "dog"])
    with pytest.raises(ConfigError, match=r"data.augment.hands: draws signs as the training images"):
        made(images=torch.randint(0, 256, IMAGES.shape, dtype=torch.uint8))
