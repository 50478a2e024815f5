"""A photo of a digit becomes what the training images are, whatever the camera did to it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from fcnet.data.images import colour
from fcnet.data.photos import reading
from fcnet.data.photos.prepare import SIDE, Prepared, prepare
from fcnet.data.photos.reading import Preparation
from fcnet.errors import DataError
from helpers.digits import drawn, on_paper, strokes

STYLE = reading.mnist((28, 28))


def of(picture: np.ndarray) -> Prepared:
    return prepare(picture, STYLE)


def likeness(found: Prepared, number: int) -> float:
    """Correlation with the digit as MNIST would have it, blurred: strokes may differ in width."""
    a, b = (ndimage.gaussian_filter(image.astype(float), 1.0).ravel() for image in (found.pixels, strokes(number)))
    return float(np.corrcoef(a, b)[0, 1])


def rgb(sheet: Image.Image) -> np.ndarray:
    return np.asarray(sheet.convert("RGB"))


@pytest.mark.parametrize("number", range(10))
def test_a_digit_on_paper_in_shadow_is_as_in_mnist(number: int) -> None:
    found = of(on_paper(drawn(str(number)), seed=number))
    assert found.problem == ""
    assert likeness(found, number) > 0.9
    rows, columns = np.nonzero(found.pixels > 25)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    centre = ndimage.center_of_mass(found.pixels.astype(float))
    assert np.abs(np.array(centre) - 14).max() <= 0.55
    assert {"inverted", "paper removed", "cropped", "centred"} <= set(found.done)


@pytest.mark.parametrize(
    "ink", [(0, 0, 0), (30, 40, 160), (200, 30, 40), (20, 120, 50), (130, 130, 130), (255, 110, 200)]
)
def test_the_colour_of_ink_and_paper_does_not_matter(ink: tuple[int, int, int]) -> None:
    mask = rgb(drawn("5")) < 128
    for paper in ((255, 255, 255), (235, 220, 190), (60, 70, 65)):
        if max(abs(a - b) for a, b in zip(ink, paper, strict=True)) < 60:
            continue
        found = of(np.where(mask, np.array(ink, np.uint8), np.array(paper, np.uint8)))
        assert likeness(found, 5) > 0.9, paper


def test_light_on_dark_is_not_inverted() -> None:
    found = of(255 - rgb(drawn("3")))
    assert "inverted" not in found.done
    assert likeness(found, 3) > 0.9


@pytest.mark.parametrize("height", [20, 40, 120, 450])
def test_size_and_place_do_not_matter(height: int) -> None:
    sheet = Image.new("L", (1000, 800), 255) if height > 20 else Image.new("L", (60, 50), 255)
    sheet.paste(drawn("2", height), (10, 3))
    assert likeness(of(rgb(sheet)), 2) > (0.9 if height > 20 else 0.8)


def test_a_line_of_one_pixel_is_brought_to_the_width_of_the_training_images() -> None:
    sheet = Image.new("L", (28, 28), 255)
    ImageDraw.Draw(sheet).line((14, 4, 14, 24), fill=0)
    found = of(rgb(sheet))
    assert "thickened" in found.done
    across = (found.pixels > 127).sum(1)
    assert 1.5 <= np.median(across[across > 0]) <= 3


def test_the_lines_of_ruled_paper_are_left_out() -> None:
    sheet = Image.new("RGB", (700, 600), (245, 243, 235))
    draw = ImageDraw.Draw(sheet)
    for y in range(30, 600, 60):
        draw.line((0, y, 699, y + 25), fill=(120, 150, 220), width=3)
    sheet.paste((20, 20, 30), (250, 100), drawn("8", 240).point(lambda value: 255 - value))
    found = of(np.asarray(sheet))
    assert likeness(found, 8) > 0.85


def test_specks_are_left_out() -> None:
    sheet = drawn("6", 200)
    draw = ImageDraw.Draw(sheet)
    for place in ((20, 20), (370, 30), (360, 380)):
        draw.ellipse((*place, place[0] + 7, place[1] + 7), fill=0)
    found = of(rgb(sheet))
    assert "specks left out" in found.done
    assert likeness(found, 6) > 0.9


def test_a_shadow_with_an_edge_is_no_ink() -> None:
    for seed, shadow in ((0, 0.35), (1, 0.6)):
        found = of(on_paper(drawn("4", 150), seed, shadow))
        assert found.problem == ""
        assert likeness(found, 4) > 0.9


@pytest.mark.parametrize(
    "picture",
    [
        np.full((300, 200, 3), 255, np.uint8),
        np.full((300, 200, 3), 90, np.uint8),
        on_paper(Image.new("L", (500, 400), 255), noise=6),
        np.zeros((1, 1, 3), np.uint8),
        np.full((20, 3000, 3), 7, np.uint8),
        np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8),
    ],
)
def test_nothing_written_is_said(picture: np.ndarray) -> None:
    found = of(picture)
    assert found.problem == "nothing written found"
    assert not found.pixels.any()


def test_a_spot_is_nothing_written() -> None:
    sheet = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(sheet).ellipse((100, 100, 180, 180), fill=0)
    assert of(rgb(sheet)).problem == "nothing written found"


def test_two_digits_are_said_unless_all_is_one_sign() -> None:
    both = rgb(drawn("72"))
    assert of(both).problem == "2 digits side by side: --find"
    whole = prepare(both, STYLE, single=False)
    assert whole.problem == ""
    assert np.ptp(np.nonzero(whole.pixels)[1]) + 1 == 20


def test_a_digit_at_the_edge_is_said() -> None:
    assert of(rgb(drawn("8"))[:100]).touches == "bottom"
    assert of(rgb(drawn("8"))).touches == ""


def test_polarity_and_box_follow_the_style() -> None:
    found = prepare(rgb(drawn("3")), reading.mnist((56, 40)))
    assert found.pixels.shape == (56, 40)
    rows, columns = np.nonzero(found.pixels > 25)
    assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - 29) <= 1


def read(path: Path, mode: reading.Mode = "auto") -> reading.Read:
    return reading.read(path, Preparation(STYLE, mode))


def test_images_like_the_training_images_pass_to_the_last_bit(tmp_path: Path) -> None:
    for number in range(0, 120, 7):
        Image.fromarray(strokes(number)).save(tmp_path / "x.png")
        found = read(tmp_path / "x.png")
        assert found.done == ()
        np.testing.assert_array_equal(found.picture.pixels, strokes(number))


def test_a_turned_photo_is_read_upright(tmp_path: Path) -> None:
    sheet = Image.fromarray(on_paper(drawn("7")))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 270 degrees to see it
    sheet.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "x.jpg", exif=exif, quality=90)
    found = read(tmp_path / "x.jpg")
    assert likeness(Prepared(found.picture.pixels), 7) > 0.9
    assert found.picture.size == (sheet.height, sheet.width)


@pytest.mark.parametrize("kind", ["clear ground", "clear edges", "ink alone", "grey with alpha", "palette"])
def test_transparency_is_no_ink(tmp_path: Path, kind: str) -> None:
    sheet = drawn("4", 100)
    ink = Image.fromarray(255 - np.asarray(sheet))
    if kind == "clear edges":
        image = sheet.convert("RGBA")
        alpha = Image.new("L", image.size, 255)
        alpha.paste(0, (0, 0, 9, image.height))
        image.putalpha(alpha)
    elif kind == "palette":
        image = sheet.convert("P")
        image.info["transparency"] = 255
    else:
        colour_of = {"clear ground": (0, 0, 0), "ink alone": (250, 240, 90), "grey with alpha": (0, 0, 0)}[kind]
        image = Image.new("RGB", sheet.size, colour_of)
        image.putalpha(ink)
        if kind == "grey with alpha":
            image = image.convert("LA")
    image.save(tmp_path / "x.png")
    assert likeness(Prepared(read(tmp_path / "x.png").picture.pixels), 4) > 0.9


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "1", "YCbCr", "LAB"])
def test_other_modes_are_read(tmp_path: Path, mode: str) -> None:
    sheet = drawn("2", 100)
    name = "x.tif"
    image = Image.fromarray(np.asarray(sheet).astype(np.uint16) * 16) if mode == "I;16" else sheet.convert("RGB")
    if mode != "I;16":
        image = image.convert(mode) if mode != "LAB" else image.convert("RGB")
    image.save(tmp_path / name)
    assert likeness(Prepared(read(tmp_path / name).picture.pixels), 2) > 0.9


def test_large_photos_are_reduced_and_bombs_refused(tmp_path: Path) -> None:
    sheet = drawn("9", 900)
    sheet.save(tmp_path / "x.jpg")
    photo = colour.read(tmp_path / "x.jpg", SIDE)
    assert max(photo.pixels.shape) <= SIDE
    assert photo.size == (sheet.height, sheet.width)
    Image.new("1", (20_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match="decompression bomb"):
        read(tmp_path / "bomb.png")
    (tmp_path / "no.png").write_text("no image")
    with pytest.raises(DataError, match=r"no.png: cannot be read"):
        read(tmp_path / "no.png")


def test_the_first_picture_of_an_animation_is_read(tmp_path: Path) -> None:
    one = drawn("1", 100)
    one.save(tmp_path / "x.gif", save_all=True, append_images=[Image.new("L", one.size, 255)])
    found = read(tmp_path / "x.gif")
    assert found.picture.frames == 2
    assert likeness(Prepared(found.picture.pixels), 1) > 0.9


def test_always_prepares_what_would_pass_too(tmp_path: Path) -> None:
    Image.fromarray(strokes(5)).save(tmp_path / "x.png")
    found = read(tmp_path / "x.png", "always")
    assert "centred" in found.done
    assert likeness(Prepared(found.picture.pixels), 5) > 0.9
