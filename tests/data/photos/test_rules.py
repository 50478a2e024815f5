"""The lines of ruled and squared paper go; what is written stays."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from fcnet.data.photos import reading
from fcnet.data.photos.prepare import prepare
from fcnet.data.photos.rules import LEAST, rules
from helpers.digits import drawn, strokes

STYLE = reading.mnist((28, 28))


def paper(slope: float, apart: float = 30.0, squared: bool = True, size: tuple[int, int] = (420, 480)) -> np.ndarray:
    """Return where (H, W) the lines of a sheet lie, three pixels thick."""
    y, x = np.mgrid[: size[0], : size[1]]
    lines = (y - slope * x) % apart < 3
    found: np.ndarray = lines | ((x + slope * y) % apart < 3) if squared else lines
    return found


def digit(number: int, size: tuple[int, int] = (420, 480)) -> np.ndarray:
    """Return where (H, W) a digit of 9 pixels' strokes or more lies."""
    sheet = Image.new("L", size[::-1], 255)
    sheet.paste(drawn(str(number), 200), (110, 60))
    found: np.ndarray = np.asarray(sheet) < 128
    return found


@pytest.mark.parametrize("slope", [-0.12, -0.05, 0.0, 0.013, 0.11])
@pytest.mark.parametrize("squared", [False, True])
def test_lines_go_and_the_digit_stays(slope: float, squared: bool) -> None:
    lines, eight = paper(slope, squared=squared), digit(8)
    off = rules(lines | eight)
    assert off is not None
    assert (off & eight).sum() < 0.05 * eight.sum()
    assert (lines & ~off & ~ndimage.binary_dilation(eight, iterations=6)).sum() < 0.06 * lines.sum()


def test_broken_lines_go_if_they_are_many() -> None:
    seed = 3
    lines = paper(0.03)
    gone = ndimage.zoom(np.random.default_rng(seed).random((14, 16)), 30, order=0) < 0.35
    off = rules(lines & ~gone)
    assert off is not None, seed
    assert off.sum() > 0.9 * (lines & ~gone).sum(), seed


@pytest.mark.parametrize("number", range(10))
def test_a_digit_alone_has_no_rules(number: int) -> None:
    mask = digit(number)
    assert rules(mask) is None
    rows, columns = np.nonzero(mask)
    assert rules(mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]) is None


def test_a_single_stroke_from_edge_to_edge_is_a_one() -> None:
    sheet = np.zeros((200, 90), bool)
    sheet[:, 40:44] = True
    assert rules(sheet) is None


def test_small_pictures_are_left_alone() -> None:
    assert rules(paper(0.0, 10.0, size=(LEAST - 1, 200))) is None


@pytest.mark.parametrize("rule", [(158, 184, 219), (107, 143, 204), (64, 92, 168), (77, 112, 178)])
@pytest.mark.parametrize("ink", [(30, 30, 33), (33, 51, 140)])
def test_the_colour_of_rules_does_not_matter(rule: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    sheet = Image.new("RGB", (480, 420), (235, 232, 225))
    sheet.paste(rule, (0, 0), Image.fromarray(paper(0.04, 37.0)))
    sheet.paste(ink, (0, 0), Image.fromarray(digit(5)))
    light = np.linspace(1.0, 0.55, 480)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 2, (420, 480, 1))
    found = prepare((np.asarray(sheet) * light + noise).clip(0, 255).astype(np.uint8), STYLE)
    assert found.problem == ""
    a, b = (ndimage.gaussian_filter(image.astype(float), 1.0).ravel() for image in (found.pixels, strokes(5)))
    assert np.corrcoef(a, b)[0, 1] > 0.9


def test_lines_alone_are_nothing_written() -> None:
    sheet = np.where(paper(0.05)[:, :, None], np.uint8(120), np.uint8(240)).repeat(3, 2)
    assert prepare(sheet, STYLE).problem == "nothing written found"
