"""What a page makes of pictures is what fcnet makes of files: the same steps, held beside those in Python."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from fcnet.data.images.deskew import deskewed
from fcnet.data.photos.prepare import prepare
from fcnet.data.photos.reading import mnist
from fcnet.data.photos.style import Style, measures
from helpers import digits, page_scripts

STYLE = mnist((28, 28))
LEVELS = 12  # of 255: by which a pixel on the edge of a stroke may differ


def how(style: Style | None = STYLE, **values: Any) -> dict[str, Any]:
    """What the scripts know of a run."""
    return {
        "size": [28, 28],
        "style": style and style.plain(),
        "prepares": style is not None,
        "single": True,
        "deskew": False,
    } | values


def plane(image: NDArray[Any]) -> dict[str, Any]:
    return {"width": image.shape[1], "height": image.shape[0], "values": image.flatten().tolist()}


def picture(image: NDArray[np.uint8]) -> dict[str, Any]:
    """A picture (H, W, 3) or (H, W, 4) as a browser decodes files."""
    alpha = np.full((*image.shape[:2], 4 - image.shape[2]), 255, np.uint8)
    rgba = np.concatenate([image, alpha], 2)
    return {"width": image.shape[1], "height": image.shape[0], "data": rgba.flatten().tolist()}


def seen(found: dict[str, Any], size: tuple[int, int] = (28, 28)) -> NDArray[np.float64]:
    assert "image" in found, found
    return np.array(found["image"]["values"]).reshape(size)


def read(folder: Path, pictures: list[Any], values: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page_scripts.run(
        folder, "input.pictures.map((one) => readPicture(one, input.how))", {"pictures": pictures, "how": values}
    )
    return found


def test_photos_are_prepared_as_by_predict(tmp_path: Path) -> None:
    photos = [digits.on_paper(digits.drawn(str(i)), seed=i) for i in (0, 2, 3, 5, 7)]
    photos.append(255 - photos[1])  # chalk
    photos.append(np.array(Image.fromarray(photos[2]).resize((90, 100))))
    found = read(tmp_path, [picture(one) for one in photos], how())
    for photo, one in zip(photos, found, strict=True):
        wanted = prepare(photo, STYLE).pixels.astype(float)
        away = np.abs(seen(one) - wanted)
        assert np.quantile(away, 0.99) <= LEVELS
        assert away.max() < 128


def test_what_is_no_digit_is_told(tmp_path: Path) -> None:
    empty = np.full((200, 200, 3), 200, np.uint8)
    noisy = np.clip(np.random.default_rng(0).normal(200, 4, (200, 200, 3)), 0, 255).astype(np.uint8)
    two = digits.on_paper(digits.drawn("25"), shadow=1.0)
    found = read(tmp_path, [picture(one) for one in (empty, noisy, two)], how())
    assert [one.get("problem") for one in found] == ["nothing", "nothing", "several"]


@pytest.mark.parametrize("times", [1, 2, 5, 10, 37])
def test_training_images_pass_unchanged_at_any_whole_scale(tmp_path: Path, times: int) -> None:
    image = digits.strokes(4)
    large = np.repeat(image, times, 0).repeat(times, 1)
    found = read(tmp_path, [picture(np.stack([large] * 3, 2))], how())
    assert np.array_equal(seen(found[0]), image)
    drawn = page_scripts.run(tmp_path, "readDrawing(input.levels, input.how)", {"levels": plane(large), "how": how()})
    assert np.array_equal(seen(drawn), image)


def test_the_other_polarity_is_inverted(tmp_path: Path) -> None:
    """Dark digits on white, for a run trained on light ones on black: and the reverse."""
    image = digits.strokes(4)
    dark = replace(STYLE, ground=255.0, ink=0.0)
    light, inverted = np.stack([image] * 3, 2), np.stack([255 - image] * 3, 2)
    (first,) = read(tmp_path, [picture(inverted)], how())
    (second,) = read(tmp_path, [picture(light)], how(dark))
    (third,) = read(tmp_path, [picture(inverted)], how(dark))
    assert np.abs(seen(first) - image).mean() < 16
    assert np.abs(seen(second) - (255.0 - image)).mean() < 16
    assert np.array_equal(seen(third), 255 - image)


def test_transparent_drawings_are_ink_alone(tmp_path: Path) -> None:
    """A paint program's black ink on nothing."""
    image = digits.strokes(7)
    ink = np.zeros((28, 28, 4), np.uint8)
    ink[:, :, 3] = image
    found = read(tmp_path, [picture(ink)], how())
    assert np.abs(seen(found[0]) - image).mean() < 16


def test_a_run_without_strokes_resizes_as_predict(tmp_path: Path) -> None:
    photo = digits.on_paper(digits.drawn("3"))
    grey = Image.fromarray(photo).convert("L")
    wanted = np.asarray(grey.resize((28, 28), Image.Resampling.BILINEAR)).astype(int)
    found = read(tmp_path, [picture(photo)], how(None))
    assert np.abs(seen(found[0]) - wanted).max() <= 1


def test_drawings_are_made_like_training_images(tmp_path: Path) -> None:
    """Wherever and however large a stroke is drawn, it fills the box, and its centre of mass is in the middle."""
    levels = []
    for top, left, bottom, right in ((50, 60, 520, 500), (20, 30, 200, 120), (300, 330, 500, 540)):
        large = np.zeros((560, 560))
        large[top:bottom, left : left + 50] = 255
        large[bottom - 50 : bottom, left:right] = 255
        levels.append(plane(large))
    found = page_scripts.run(
        tmp_path, "input.levels.map((one) => readDrawing(one, input.how))", {"levels": levels, "how": how()}
    )
    for one in found:
        image = seen(one)
        rows, columns = np.flatnonzero(image.max(1) > 25), np.flatnonzero(image.max(0) > 25)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (20, 21)
        row, column = ndimage.center_of_mass(image)
        assert abs(row - STYLE.middle[0]) <= 0.51
        assert abs(column - STYLE.middle[1]) <= 0.51
        width = measures(image.astype(np.uint8)[None], 0, 255)["width"][0]
        assert STYLE.thin - 0.5 < width < STYLE.thick + 0.5


def test_blank_and_dots_are_told_apart_from_digits(tmp_path: Path) -> None:
    blank, dot, filled = np.zeros((560, 560)), np.zeros((560, 560)), np.zeros((560, 560))
    y, x = np.mgrid[:560, :560]
    dot[(y - 200) ** 2 + (x - 300) ** 2 < 25**2] = 255
    filled[103:497, 101:476] = 255
    found = page_scripts.run(
        tmp_path,
        "input.levels.map((one) => readDrawing(one, input.how).problem)",
        {"levels": [plane(one) for one in (blank, dot, filled)], "how": how()},
    )
    assert found == ["blank", "nothing", "nothing"]


def test_slanted_digits_are_sheared_upright_for_a_run_with_deskew(tmp_path: Path) -> None:
    images = np.stack([digits.strokes(i) for i in range(10)] + [np.zeros((28, 28), np.uint8)])
    found = page_scripts.run(tmp_path, "input.map(deskewed)", [plane(one) for one in images])
    made = np.stack([np.array(one["values"]).reshape(28, 28) for one in found])
    assert np.abs(made - deskewed(images)).max() <= 1


@pytest.mark.parametrize("name", ["box", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(7, 9), (40, 55), (28, 28)])
def test_pictures_are_resized_as_by_pillow(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).uniform(0, 255, (23, 31)).astype(np.float32)
    values = {"source": plane(image), "size": size, "name": name}
    found = page_scripts.run(tmp_path, "resized(input.source, input.size[1], input.size[0], input.name).values", values)
    filters = {one.name.lower(): one for one in Image.Resampling}
    wanted = np.asarray(Image.fromarray(image).resize(size[::-1], filters[name]))
    np.testing.assert_allclose(np.array(found).reshape(size), wanted, atol=1e-3)


def test_filters_are_those_of_scipy(tmp_path: Path) -> None:
    image = np.random.default_rng(0).uniform(0, 1, (19, 26)).astype(np.float32)
    mask = image > 0.3
    values = {"image": plane(image), "mask": plane(mask.astype(int))}
    expression = """({
        max: extreme(input.image, 5, true).values, min: extreme(input.image, 3, false).values,
        blur: blurred(input.image, 1.3).values, near: blurred(input.image, 2, true).values,
        median: median3(input.image).values, far: distances(input.mask).values, labels: labelled(input.mask).count,
    })"""
    found = page_scripts.run(tmp_path, expression, values)
    wanted = {
        "max": ndimage.maximum_filter(image, 5),
        "min": ndimage.minimum_filter(image, 3),
        "blur": ndimage.gaussian_filter(image, 1.3),
        "near": ndimage.gaussian_filter(image, 2, mode="nearest"),
        "median": ndimage.median_filter(image, 3, mode="nearest"),
        "far": ndimage.distance_transform_edt(mask),
    }
    for name, values_wanted in wanted.items():
        np.testing.assert_allclose(np.array(found[name]).reshape(image.shape), values_wanted, atol=1e-5, err_msg=name)
    assert found["labels"] == ndimage.label(mask, np.ones((3, 3)))[1]


def test_images_are_measured_as_in_training(tmp_path: Path) -> None:
    images = np.stack([digits.strokes(i) for i in range(8)])
    found = page_scripts.run(tmp_path, "input.map((one) => measures(one, 0, 255))", [plane(one) for one in images])
    wanted = measures(images, 0, 255)
    for name, values in wanted.items():
        np.testing.assert_allclose([one[name] for one in found], values, rtol=1e-4, atol=1e-4, err_msg=name)
