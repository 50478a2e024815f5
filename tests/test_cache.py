"""Decoded images on disk."""

import os
from pathlib import Path

import numpy as np
import pytest
from conftest import pictures, write_numbered
from PIL import Image

from fcnet import cache, folder
from fcnet.deskew import deskewed
from fcnet.errors import DataError
from fcnet.images import Form

PIXELS, LABELS = pictures(30, 0)
SIZE = PIXELS.shape[1:]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    return tmp_path / "a"


def decode(
    images: Path,
    where: Path | None = None,
    told: list | None = None,
    form: Form = Form(SIZE),  # noqa: B008
) -> cache.Decoded:
    listing = folder.scan(images, images.with_suffix(".txt"))
    return cache.decode(listing, form, where, lambda *news: (told if told is not None else []).append(news))


def test_images_are_decoded_once(images: Path) -> None:
    first, second = [], []
    np.testing.assert_array_equal(decode(images, told=first).pixels, PIXELS)
    again = decode(images, told=second)
    np.testing.assert_array_equal(again.pixels, PIXELS)
    assert first == [("decoding a", 30, 30)]
    assert second == []
    assert again.notes.sizes == {"6x6": 30}
    assert again.notes.sha256 == decode(images).notes.sha256


def test_deskewed_images_are_kept_beside_others(images: Path) -> None:
    plain, upright = decode(images), decode(images, form=Form(SIZE, deskew=True))
    np.testing.assert_array_equal(upright.pixels, deskewed(PIXELS))
    told: list = []
    np.testing.assert_array_equal(decode(images, told=told).pixels, plain.pixels)
    np.testing.assert_array_equal(decode(images, told=told, form=Form(SIZE, deskew=True)).pixels, upright.pixels)
    assert told == []
    listing = folder.scan(images, images.with_suffix(".txt"))
    mapped = cache.decode(listing, Form(SIZE, deskew=True), None, lambda *news: told.append(news), mapped=True)
    np.testing.assert_array_equal(mapped.pixels, upright.pixels)


@pytest.mark.parametrize("change", ["other pixels", "same size and time", "added", "removed", "renamed"])
def test_a_change_is_noticed(images: Path, change: str) -> None:
    before = decode(images)
    expected = PIXELS.copy()
    labels = images.with_suffix(".txt")
    if change == "other pixels":
        expected[3] = 255 - expected[3]
        Image.fromarray(expected[3]).save(images / "3.png")
    elif change == "same size and time":
        stat = (images / "3.png").stat()
        data = (images / "4.png").read_bytes()[: stat.st_size].ljust(stat.st_size, b"\0")
        (images / "3.png").write_bytes(data)
        os.utime(images / "3.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        expected[3] = PIXELS[4]
    elif change == "added":
        Image.fromarray(PIXELS[0]).save(images / "30.png")
        labels.write_text(labels.read_text() + "0\n")
        expected = np.concatenate([PIXELS, PIXELS[:1]])
    elif change == "removed":
        (images / "29.png").unlink()
        labels.write_text("".join(f"{label}\n" for label in LABELS[:-1]))
        expected = PIXELS[:-1]
    else:
        (images / "3.png").rename(images / "x")
        (images / "4.png").rename(images / "3.png")
        (images / "x").rename(images / "4.png")
        expected[[3, 4]] = PIXELS[[4, 3]]
    if change == "same size and time" and len((images / "4.png").read_bytes()) > (images / "3.png").stat().st_size:
        expected = None  # the cut copy cannot be read, which also shows that it was looked at
    if expected is None:
        with pytest.raises(DataError, match=r"3\.png"):
            decode(images)
        return
    after = decode(images)
    np.testing.assert_array_equal(after.pixels, expected)
    assert after.notes.sha256 != before.notes.sha256
    assert len(list((images.parent / ".fcnet-cache").glob("*.npy"))) == 1  # the stale one went


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"x" * 100])
def test_a_damaged_array_is_made_anew(images: Path, damage: bytes) -> None:
    decode(images)
    (array,) = (images.parent / ".fcnet-cache").glob("*.npy")
    array.write_bytes(damage)
    np.testing.assert_array_equal(decode(images).pixels, PIXELS)


def test_unreadable_files_are_all_named_and_nothing_is_left(images: Path) -> None:
    for i in (3, 17):
        (images / f"{i}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        decode(images)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [str(images / f"{i}.png") for i in (3, 17)]
    assert [path.name for path in (images.parent / ".fcnet-cache").iterdir() if path.name != ".lock"] == []


def test_many_unreadable_files_are_counted(images: Path) -> None:
    for i in range(12):
        (images / f"{i}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        decode(images)
    assert len(caught.value.problems) == 11
    assert "12 of 30 images cannot be read" in caught.value.problems[-1]


def test_another_place_for_the_cache(images: Path, tmp_path: Path) -> None:
    decode(images, tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").glob("a-6x6-*.npy"))
    assert not (tmp_path / ".fcnet-cache").exists()


def test_without_a_place_for_the_cache_images_are_decoded_with_a_warning(images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = decode(images, tmp_path / "file")
    np.testing.assert_array_equal(found.pixels, PIXELS)
    assert "cannot be written" in found.warning
    assert "set data.cache" in found.warning
