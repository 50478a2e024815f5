"""The digits of a page are found, each once, in reading order."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from fcnet.data.augment.replaced.glyphs import FONTS, folder
from fcnet.data.photos import page, reading
from fcnet.data.photos.page import Found, find
from helpers.digits import on_paper, strokes

STYLE = reading.mnist((28, 28))
KNOWN = np.stack([strokes(number) for number in range(10)])


def likeness(pixels: np.ndarray) -> np.ndarray:
    """Return (N, 10) how like the digits of a font images are."""
    images = np.concatenate([pixels, KNOWN]).astype(float)
    both = np.corrcoef(ndimage.gaussian_filter(images, (0, 1, 1)).reshape(len(images), -1))
    found: np.ndarray = both[: len(pixels), len(pixels) :]
    return found


def surely(pixels: np.ndarray) -> np.ndarray:
    """Stand for a net: sure of what looks like a digit of the font."""
    found: np.ndarray = likeness(pixels).max(1).clip(0, 1)
    return found


def sheet(lines: list[str], height: int = 60, size: tuple[int, int] = (640, 900)) -> Image.Image:
    """Write lines of digits, one every 90 pixels, on a sheet."""
    image = Image.new("L", size[::-1], 255)
    font = ImageFont.truetype(str(folder() / FONTS[0]), height)
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            ImageDraw.Draw(image).text((70 + 90 * column, 60 + 120 * row), text, font=font, fill=0)
    return image


def read(found: list[Found]) -> list[str]:
    """Return the text of each line."""
    if not found:
        return []
    digits = likeness(np.stack([one.pixels for one in found])).argmax(1)
    lines = max(one.line for one in found) + 1
    return ["".join(str(d) for d, one in zip(digits, found, strict=True) if one.line == i) for i in range(lines)]


def of(picture: np.ndarray) -> list[Found]:
    found = find(picture, STYLE, surely)
    height, width = picture.shape[:2]
    for one in found:
        top, left, bottom, right = one.box
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
    return found


LINES = ["31415926", "53589793", "23846264", "33832795"]


def test_lines_are_read_from_the_top_and_from_the_left() -> None:
    assert read(of(on_paper(sheet(LINES)))) == LINES


@pytest.mark.parametrize("degrees", [-5, 5])
def test_lines_may_be_askew(degrees: float) -> None:
    askew = sheet(LINES[:3], size=(560, 900)).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert read(of(on_paper(askew, seed=1))) == LINES[:3]


def test_digits_of_different_heights_share_a_line() -> None:
    image = sheet(["27", "18"])
    other = ImageFont.truetype(str(folder() / FONTS[0]), 85)
    for row, text in enumerate(("4", "3")):
        ImageDraw.Draw(image).text((420, 45 + 120 * row), text, font=other, fill=0)
    assert read(of(on_paper(image, seed=2))) == ["274", "183"]


def test_two_that_touch_are_two() -> None:
    image = sheet(["3 6 2"])
    font = ImageFont.truetype(str(folder() / FONTS[0]), 60)
    draw = ImageDraw.Draw(image)
    draw.text((520, 60), "4", font=font, fill=0)
    draw.text((520 + font.getlength("4") - 7, 60), "2", font=font, fill=0)
    assert read(of(on_paper(image, seed=3))) == ["36242"]


def test_one_digit_is_not_cut() -> None:
    assert read(of(np.asarray(sheet(["0123456789"[:9]]).convert("RGB")))) == ["012345678"]


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.06])
def test_the_lines_of_the_paper_are_left_out(squared: bool, slope: float) -> None:
    image = np.asarray(sheet(LINES)).copy()
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    lines = (y - slope * x) % 35 < 3
    if squared:
        lines |= (x + slope * y) % 35 < 3
    image[lines] = np.minimum(image[lines], 130)
    assert read(of(on_paper(Image.fromarray(image), seed=4))) == LINES


@pytest.mark.parametrize("seed", range(6))
def test_every_digit_is_found_once(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lines = ["".join(str(d) for d in generator.integers(0, 10, generator.integers(1, 9))) for _ in range(3)]
    found = of(on_paper(sheet(lines), seed, shadow=float(generator.uniform(0.4, 1))))
    assert read(found) == lines, seed
    middles = [((top + bottom) // 2, (left + right) // 2) for top, left, bottom, right in (one.box for one in found)]
    inside = [
        [top <= y < bottom and left <= x < right for y, x in middles]
        for top, left, bottom, right in (one.box for one in found)
    ]
    np.testing.assert_array_equal(inside, np.eye(len(found)), err_msg=str(seed))


def test_nothing_is_found_where_nothing_is() -> None:
    assert of(np.full((300, 400, 3), 230, np.uint8)) == []
    assert of(on_paper(Image.new("L", (500, 400), 255), noise=6)) == []


def test_a_texture_is_no_page() -> None:
    y, x = np.mgrid[:900, :900]
    dots = (y % 12 < 6) & ((x + 7 * (y // 12)) % 12 < 6)
    assert of(np.where(dots[:, :, None], np.uint8(0), np.uint8(255)).repeat(3, 2)) == []
    assert page.FULL < page.TEXTURE
