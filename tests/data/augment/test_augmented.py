"""The images of an epoch: the same whenever, however and beside whatever they are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from fcnet.config.data import Augment
from fcnet.data.augment.augmented import Augmented, backgrounds
from fcnet.data.augment.draws import Draws
from helpers.seeds import chance

EVERYTHING: dict[str, Any] = {
    "rotation": 15,
    "shear": 0.3,
    "scale": [0.8, 1.2],
    "shift": 2,
    "stroke": [-0.5, 1.5],
    "blur": 0.8,
    "contrast": 0.6,
    "noise": 0.1,
    "stretch": 1.2,
    "elastic": {"alpha": 20, "sigma": 3},
    "erasing": 0.2,
    "flip": 0.5,
}
NOTHING: dict[str, Any] = {
    "rotation": 0,
    "shear": 0,
    "scale": 1,
    "shift": 0,
    "stroke": 0,
    "blur": 0,
    "contrast": 1,
    "noise": 0,
    "stretch": 1,
}


def images(n: int = 41, size: tuple[int, int] = (12, 9)) -> torch.Tensor:
    """Bright boxes on black: uint8 (n, H, W)."""
    generator = torch.Generator().manual_seed(0)
    found = torch.zeros(n, *size, dtype=torch.uint8)
    found[:, 3:8, 2:6] = torch.randint(100, 256, (n, 5, 4), dtype=torch.uint8, generator=generator)
    return found


def labels_of(of: torch.Tensor) -> torch.Tensor:
    """Labels 0 to 3 in turn."""
    return torch.arange(len(of)) % 4


def made(of: torch.Tensor, epoch: int = 1, seed: int = 7, block: int | None = None, **entries: Any) -> torch.Tensor:
    """The images of an epoch."""
    augmented = Augmented(of, labels_of(of), Augment.model_validate(entries), seed, block)
    assert list(augmented.make(epoch))[-1] == len(of)
    return augmented.images


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_an_epoch_is_the_same_in_any_order_and_in_the_same_memory() -> None:
    augmented = Augmented(images(), labels_of(images()), Augment.model_validate(EVERYTHING), 7)
    place = augmented.images.data_ptr()
    assert torch.equal(augmented.images, images())  # at first as they are
    found: dict[int, torch.Tensor] = {}
    for epoch in (1, 2, 3, 2, 1):
        list(augmented.make(epoch))
        assert torch.equal(found.setdefault(epoch, augmented.images.clone()), augmented.images)
    assert augmented.images.data_ptr() == place
    assert not torch.equal(found[1], found[2])
    assert not torch.equal(found[1], made(images(), seed=8, **EVERYTHING))
    assert torch.equal(found[1], made(images(), **EVERYTHING))


@pytest.mark.parametrize("size", [(12, 9), (28, 28)])
def test_neither_threads_nor_blocks_change_a_bit(size: tuple[int, int]) -> None:
    some = images(700, size)
    with threads(1):
        expected = made(some, **EVERYTHING)
        assert torch.equal(made(some, block=1 << 30, **EVERYTHING), expected)
        assert torch.equal(made(some, block=7 * size[0] * size[1], **EVERYTHING), expected)
        assert torch.equal(made(some[:50], block=1, **EVERYTHING)[:10], made(some[:50], **EVERYTHING)[:10])
    with threads(2):
        assert torch.equal(made(some, **EVERYTHING), expected)
        assert torch.equal(made(some, block=1 << 30, **EVERYTHING), expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (5, 400)])
@pytest.mark.parametrize("entry", [*EVERYTHING, "all"])
def test_images_of_any_size_keep_it(size: tuple[int, int], entry: str) -> None:
    entries = EVERYTHING if entry == "all" else {entry: EVERYTHING[entry]}
    some = torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    assert made(some, **entries).shape == some.shape


@pytest.mark.parametrize("entry", [*NOTHING, "all"])
def test_what_changes_nothing_changes_no_bit(entry: str) -> None:
    generator = torch.Generator().manual_seed(chance("identity").getrandbits(32))
    some = torch.randint(0, 256, (30, 28, 28), dtype=torch.uint8, generator=generator)
    entries = NOTHING if entry == "all" else {entry: NOTHING[entry]}
    assert torch.equal(made(some, **entries), some)


@pytest.mark.parametrize("entry", [*EVERYTHING, "all"])
def test_dark_strokes_on_light_change_as_their_negative(entry: str) -> None:
    entries = EVERYTHING if entry == "all" else {entry: EVERYTHING[entry]}
    light, dark = made(images(), **entries).int(), made(255 - images(), **entries).int()
    assert (light - (255 - dark)).abs().max() <= 1  # where a half is rounded
    assert not torch.equal(light, images().int())


@pytest.mark.parametrize("ground", [0, 40, 200, 255])
def test_a_background_stays(ground: int) -> None:
    entries = {name: value for name, value in EVERYTHING.items() if name != "noise"}
    plain = torch.full((5, 8, 8), ground, dtype=torch.uint8)
    assert torch.equal(made(plain, **entries), plain)
    drawn = plain.repeat(1, 4, 4)
    drawn[:, 14:18, 14:18] = 128
    assert (made(drawn, **entries)[:, [0, -1]] == ground).all()  # also what comes from beyond the edges
    grounds, signs = backgrounds(drawn)
    assert (grounds == ground).all()
    assert (signs == (-1 if ground > 128 else 1)).all()


def test_a_share_of_the_images_is_changed_others_each_epoch() -> None:
    some = images(2000)
    changed = []
    for epoch in (1, 2):
        found = made(some, epoch, shift=3, share=0.25)
        changed.append((found != some).flatten(1).any(1))
        assert torch.equal(found[changed[-1]], made(some, epoch, shift=3)[changed[-1]])
    assert [float(one.float().mean()) for one in changed] == pytest.approx([0.25, 0.25], abs=0.03)
    assert not torch.equal(*changed)


def test_an_entry_does_not_change_the_numbers_of_another() -> None:
    draws = Draws(1, 2, 5, torch.device("cpu"))
    before = draws.uniform("rotation", -1, 1)
    draws.uniform("shear", 0, 1)
    assert (draws.uniform("rotation", -1, 1) == before).all()
    others = [Draws(1, 3, 5, torch.device("cpu")), Draws(2, 2, 5, torch.device("cpu"))]
    assert all((other.uniform("rotation", -1, 1) != before).all() for other in others)
    assert (draws.uniform("shear", -1, 1) != before).all()
