"""Which images were summed: a multiset, whatever their order."""

from pathlib import Path

import pytest
import torch

from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError
from fcnet.families.elm.solve.seen_images import SeenImages
from helpers.tiny import pictures


def split(rows: list[int], labels: list[int] | None = None) -> ImageFolder:
    """Some of twelve pictures, in an order."""
    images, own = pictures(12, 0)
    found = own[rows] if labels is None else torch.tensor(labels).numpy()
    names = [str(i) for i in rows]
    return ImageFolder(
        torch.from_numpy(images[rows]), torch.from_numpy(found.astype("int64")), ("a", "b", "c"), Path("x"), names
    )


def test_what_is_left_are_the_others() -> None:
    one = SeenImages(split([0, 1, 2, 3, 4]))
    one.add(torch.tensor([3, 1]))
    assert one.left().tolist() == [0, 2, 4]
    assert len(one) == 2


def test_order_and_place_do_not_matter() -> None:
    before = SeenImages(split([0, 1, 2]))
    before.add(torch.arange(3))
    after = SeenImages(split([7, 2, 8, 0, 1, 9]), rows=2)
    after.load(before.state())
    assert after.left().tolist() == [0, 2, 5]


def test_doubled_images_count_each_time() -> None:
    before = SeenImages(split([0, 0, 1]))
    before.add(torch.arange(3))
    after = SeenImages(split([0, 1, 0, 0]))
    after.load(before.state())
    assert after.left().tolist() == [3]


@pytest.mark.parametrize("now", [split([0, 1, 5]), split([0, 1]), split([0, 1, 2], [0, 1, 1])])
def test_changed_images_are_missed(now: ImageFolder) -> None:
    before = SeenImages(split([0, 1, 2]))
    before.add(torch.arange(3))
    after = SeenImages(now)
    after.load(before.state())
    with pytest.raises(DataError, match="1 of the 3 images"):
        after.left()


def test_an_empty_state_and_a_cut_one() -> None:
    one = SeenImages(split([0]))
    one.load(one.state())
    assert one.left().tolist() == [0]
    with pytest.raises(ValueError, match="17 bytes"):
        one.load(torch.zeros(17, dtype=torch.uint8))
