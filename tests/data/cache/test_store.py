"""Decoded images on disk."""

import errno
import hashlib
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fcnet.data.cache import store
from fcnet.data.cache.form import Form
from fcnet.data.cache.notes import Notes
from fcnet.data.folder import layouts
from fcnet.data.images.deskew import deskewed
from fcnet.errors import DataError, ResourceError
from helpers.formats import colours_of_16_bits
from helpers.tiny import pictures, write_numbered

PIXELS, LABELS = pictures(30, 0)
SIZE = PIXELS.shape[1:]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    return tmp_path / "a"


def decode(
    images: Path,
    where: Path | None = None,
    told: list[Any] | None = None,
    form: Form = Form(SIZE),  # noqa: B008
) -> store.Decoded:
    listing = layouts.scan(images, images.with_suffix(".txt"))
    return store.load(listing, form, where, lambda *news: (told if told is not None else []).append(news))


def test_images_are_decoded_once(images: Path) -> None:
    first: list[Any] = []
    second: list[Any] = []
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
    listing = layouts.scan(images, images.with_suffix(".txt"))
    mapped = store.load(listing, Form(SIZE, deskew=True), None, lambda *news: told.append(news), mapped=True)
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
        # The cut copy cannot be read, which also shows that it was looked at.
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


# --- damaged ------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_a_bad_one(images: Path) -> tuple[Path, store.Decoded]:
    """A folder with an image that cannot be decoded and one of several frames, and what is decoded of it."""
    (images / "3.png").write_bytes(b"no image")
    others = [Image.fromarray(PIXELS[6])]
    Image.fromarray(PIXELS[5]).save(images / "5.png", "GIF", save_all=True, append_images=others)
    return images, skipping(images)


def skipping(images: Path, told: list | None = None, mapped: bool = False) -> store.Decoded:
    listing = layouts.scan(images, images.with_suffix(".txt"))
    return store.load(
        listing, Form(SIZE), None, lambda *news: told.append(news) if told is not None else None, True, mapped
    )


def files_of(images: Path) -> tuple[Path, Path]:
    (array,) = (images.parent / ".fcnet-cache").glob("*.npy")
    return array, array.with_suffix(".json")


def same(found: store.Decoded, fresh: store.Decoded) -> bool:
    return found.notes == fresh.notes and bool((found.pixels == fresh.pixels).all())


def test_no_flipped_bit_passes_for_a_fact(with_a_bad_one: tuple[Path, store.Decoded]) -> None:
    images, fresh = with_a_bad_one
    array, notes = files_of(images)
    whole = notes.read_bytes()
    for at in range(8 * len(whole)):
        data = bytearray(whole)
        data[at // 8] ^= 1 << at % 8
        notes.write_bytes(data)
        with pytest.raises(ValueError, match=r"."):
            Notes.read(notes, array.name, 30)
    for at in (0, 100, 8 * len(whole) - 1, *range(80, 8 * len(whole), 997)):
        data = bytearray(whole)
        data[at // 8] ^= 1 << at % 8
        notes.write_bytes(data)
        found = skipping(images)
        assert same(found, fresh)
        assert found.warning.endswith("it or its notes are damaged; the images are decoded again")
        assert notes.read_bytes() == whole


@pytest.mark.parametrize("mapped", [False, True])
def test_no_damaged_header_is_read(with_a_bad_one: tuple[Path, store.Decoded], mapped: bool) -> None:
    images, fresh = with_a_bad_one
    array, _ = files_of(images)
    whole = array.read_bytes()
    for at in (*range(128), 128, len(whole) - 1):
        data = bytearray(whole)
        data[at] ^= 0x21
        array.write_bytes(data)
        found = skipping(images, mapped=mapped)
        assert same(found, fresh)
        assert "decoded again" in found.warning
        assert array.read_bytes() == whole
    assert skipping(images).warning == ""


def sealed(facts: dict) -> bytes:
    """Notes with a seal of their own."""
    seal = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return json.dumps(facts | {"seal": seal}).encode()


MADE_UP = {
    "a position beyond the end": {"bad": {"30": "x"}},
    "a position before the start": {"bad": {"-1": "x"}},
    "bad images that are sound": {"bad": {str(i): "x" for i in range(30)}},
    "counts as text": {"sizes": {"6x6": "29"}},
    "counts that are too many": {"sizes": {"6x6": 31}},
    "counts below nothing": {"sizes": {"6x6": 30, "7x7": -1}},
    "a truth for a count": {"sizes": {"6x6": 28, "7x7": True}},
    "a list for an object": {"bad": []},
    "no list at all": {"bad": None},
    "numbers for words": {"bad": {"3": 5}},
    "another array": {"of": "b-6x6.npy"},
    "a depth of words": {"depth": ["a", "b"]},
    "a depth of too much": {"depth": [1, 2, 3]},
    "frames of words": {"frames": {"5": "2"}},
    "a key too many": {"more": 1},
    "no sum": {"sha256": None},
}


@pytest.mark.parametrize("kind", MADE_UP)
def test_made_up_notes_are_not_believed(with_a_bad_one: tuple[Path, store.Decoded], kind: str) -> None:
    """Not even with a sound seal."""
    images, fresh = with_a_bad_one
    _, notes = files_of(images)
    facts = json.loads(notes.read_bytes())
    del facts["seal"]
    assert sealed(facts) == notes.read_bytes()
    notes.write_bytes(sealed(facts | MADE_UP[kind]))
    told: list = []
    found = skipping(images, told)
    assert same(found, fresh)
    assert told
    assert "decoded again" in found.warning


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "1" * 5000, "[" * 100_000, '{"of": 1}', "\ud800"])
def test_notes_of_any_other_kind(with_a_bad_one: tuple[Path, store.Decoded], text: str) -> None:
    images, fresh = with_a_bad_one
    files_of(images)[1].write_bytes(text.encode("utf-8", "surrogatepass"))
    found = skipping(images)
    assert same(found, fresh)
    assert "decoded again" in found.warning


def test_what_was_never_finished_is_decoded_without_a_word(images: Path) -> None:
    decode(images)
    for i in (0, 1):
        files_of(images)[i].unlink()
        assert decode(images).warning == ""


# --- no room ------------------------------------------------------------------------------------------------------

FAULTS = {errno.ENOSPC: "No space left", errno.EDQUOT: "quota", errno.EFBIG: "too large", errno.EIO: "Input/output"}


@pytest.mark.parametrize("place", ["mkdir", "open", "write", "replace", "write_bytes"])
@pytest.mark.parametrize("number", FAULTS)
def test_a_disk_without_room_costs_a_warning(
    images: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    class Full(io.FileIO):
        def __init__(self, path: Path, *_: object, **__: object) -> None:
            super().__init__(path, "wb")

        write = fails  # type: ignore[assignment]

    opened = Path.open
    if place in ("open", "write"):  # of what is being written alone
        other = Full if place == "write" else fails
        monkeypatch.setattr(
            Path, "open", lambda path, *how, **more: (other if path.suffix == ".tmp" else opened)(path, *how, **more)
        )
    else:
        monkeypatch.setattr(Path, place, fails)
    found = decode(images)
    np.testing.assert_array_equal(found.pixels, PIXELS)
    assert re.search(rf"\.fcnet-cache: cannot be written \(.*{FAULTS[number]}.*\), .*; set data\.cache", found.warning)
    listing = layouts.scan(images, images.with_suffix(".txt"))
    with pytest.raises(ResourceError, match=r"set data\.cache to a folder with enough space"):
        store.load(listing, Form(SIZE), None, lambda *_: None, mapped=True)
    monkeypatch.undo()
    where = images.parent / ".fcnet-cache"
    assert not where.exists() or [path.name for path in where.iterdir() if path.name != ".lock"] == []
    assert decode(images).warning == ""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes as Linux has them")
def test_a_limit_on_file_sizes(images: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        found = decode(images)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    np.testing.assert_array_equal(found.pixels, PIXELS)
    assert "cannot be written (File too large)" in found.warning
    assert [path.name for path in (images.parent / ".fcnet-cache").iterdir()] == [".lock"]


# --- 16 bits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "white"), [(200, 255), (1000, 1023), (4095, 4095), (4096, 65535), (65535, 65535)])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_folder_of_16_bits_is_scaled_by_its_range(images: Path, most: int, white: int, mapped: bool) -> None:
    values = (PIXELS.astype(np.int64) * most // int(PIXELS.max())).astype(np.uint16)
    for i, one in enumerate(values):
        Image.fromarray(one).save(images / f"{i}.png")
    expected = values.astype(np.int64) * 256 // (white + 1)
    for _ in range(2):
        told: list = []
        found = skipping(images, told, mapped)
        np.testing.assert_array_equal(found.pixels, expected)
        assert found.white == white
    assert told == []  # kept


def test_dark_colours_of_16_bits_are_refused(images: Path) -> None:
    for i in range(30):
        Image.fromarray(np.full(SIZE, i, np.uint16)).save(images / f"{i}.png")
    dark = np.full((*SIZE, 3), 200)
    (images / "7.png").write_bytes(colours_of_16_bits(dark))
    with pytest.raises(DataError, match=r"values only up to 255, and 1 of them have colours.*save those with 8 bits"):
        decode(images)
    (images / "8.png").write_bytes(colours_of_16_bits(dark * 100))  # others show that 16 bits are meant
    assert decode(images).white == 65535
