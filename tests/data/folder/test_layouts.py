"""The three layouts of image folders, and what is wrong with bad ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcnet.data.folder import layouts
from fcnet.errors import DataError
from helpers.tiny import pictures, write_numbered

PIXELS, LABELS = pictures(12, 0)


def put(path: Path, data: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def problems(*args: Any) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        listing = layouts.scan(*args)
        layouts.encode(listing, layouts.class_names(listing))
    return caught.value.problems


def test_numbered_images_are_sorted_as_numbers(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    listing = layouts.scan(tmp_path / "a", tmp_path / "a.txt")
    assert list(listing.names) == [f"{i}.png" for i in range(12)]
    assert layouts.class_names(listing) == ("0", "1", "2")
    np.testing.assert_array_equal(layouts.encode(listing, ("0", "1", "2")), LABELS)
    assert listing.place(11) == f"{tmp_path / 'a.txt'}:12"


def test_numbers_may_start_at_one_or_have_zeros_before_them(tmp_path: Path) -> None:
    for i in range(1, 12):
        put(tmp_path / "a" / f"{i:04}.png")
    put(tmp_path / "a.txt", b"0\n1\n" * 5 + b"1\n")
    assert next(iter(layouts.scan(tmp_path / "a", tmp_path / "a.txt").names)) == "0001.png"


def test_other_names_are_sorted_naturally(tmp_path: Path) -> None:
    for i in (1, 2, 10):
        put(tmp_path / "a" / f"img{i}.png")
    put(tmp_path / "a.txt", b"0\n1\n1\n")
    assert list(layouts.scan(tmp_path / "a", tmp_path / "a.txt").names) == ["img1.png", "img2.png", "img10.png"]


@pytest.mark.parametrize("text", [b"0\r\n1\r\n2\r\n", b"\xef\xbb\xbf0\n1\n2", b"0\n1\n2\n\n \n", b" 0 \n+1\n02\n"])
def test_label_files_as_windows_and_hands_write_them(tmp_path: Path, text: bytes) -> None:
    write_numbered(tmp_path / "a", PIXELS[:3], "012")
    (tmp_path / "a.txt").write_bytes(text)
    listing = layouts.scan(tmp_path / "a", tmp_path / "a.txt")
    assert list(listing.labels) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ("0 1 x 0", ":3: label 'x' is not a class: the other labels are of another kind"),
        ("0 1 7 0", ":3: label '7' is not a class: classes run from 0 without a gap, but none is 2"),
        ("0 1 -1 0", ":3: label '-1' is not a class: the other labels are of another kind"),
        ("0 1 1.5 0", ":3: label '1.5' is not a class"),
        ("a b 0 a", ":3: label '0' is not a class"),
        ("0 0 0 0", "has only one class, '0'"),
    ],
)
def test_labels_that_are_no_class(tmp_path: Path, labels: str, error: str) -> None:
    write_numbered(tmp_path / "a", PIXELS[:4], labels.split())
    (problem,) = problems(tmp_path / "a", tmp_path / "a.txt")
    assert error in problem


def test_a_blank_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS[:4], ["0", "", "1", "1"])
    assert problems(tmp_path / "a", tmp_path / "a.txt") == (
        f"{tmp_path / 'a.txt'}:2: blank line; write the label of the image",
    )


def test_counts_that_differ(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS, LABELS[:-1])
    (problem,) = problems(tmp_path / "a", tmp_path / "a.txt")
    assert "12 images, but" in problem
    assert "has 11 labels" in problem


def test_a_gap_or_a_doubled_number_is_refused(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    (tmp_path / "a/5.png").rename(tmp_path / "a/50.png")
    assert "image 5 is missing (6.png comes instead)" in problems(tmp_path / "a", tmp_path / "a.txt")[0]
    (tmp_path / "a/50.png").rename(tmp_path / "a/07.png")
    assert "a second image with the number 7" in problems(tmp_path / "a", tmp_path / "a.txt")[0] or (
        "image 5 is missing" in problems(tmp_path / "a", tmp_path / "a.txt")[0]
    )
    (tmp_path / "a/07.png").rename(tmp_path / "a/4.jpg")
    assert "a second image with the number 4" in problems(tmp_path / "a", tmp_path / "a.txt")[0]


def test_class_folders_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("10/a.png", "9/b.png", "9/a.JPG", "cat/1.bmp", "cat/.hidden.png", "cat/notes.txt"):
        put(tmp_path / "a" / name)
    (tmp_path / "a/.cache").mkdir()
    (tmp_path / "a/dog").mkdir()
    listing = layouts.scan(tmp_path / "a", None)
    assert layouts.class_names(listing) == ("9", "10", "cat", "dog")
    assert list(listing.names) == ["9/a.JPG", "9/b.png", "10/a.png", "cat/1.bmp"]
    assert listing.ignored == ("cat/notes.txt",)


def test_bad_class_folders(tmp_path: Path) -> None:
    put(tmp_path / "flat/1.png")
    assert "has no class folders; give `labels`" in problems(tmp_path / "flat", None)[0]
    put(tmp_path / "mixed/cat/1.png")
    put(tmp_path / "mixed/2.png")
    assert "1 image is outside the class folders, such as 2.png" in problems(tmp_path / "mixed", None)[0]
    (tmp_path / "empty/cat").mkdir(parents=True)
    assert "its 1 folders contain no images" in problems(tmp_path / "empty", None)[0]
    put(tmp_path / "one/cat/1.png")
    assert "has only one class, 'cat'" in problems(tmp_path / "one", None)[0]


def test_an_unknown_class_folder_in_the_test_set(tmp_path: Path) -> None:
    put(tmp_path / "a/cat/1.png")
    put(tmp_path / "a/cow/1.png")
    (tmp_path / "a/dog").mkdir()
    with pytest.raises(DataError) as caught:
        layouts.encode(layouts.scan(tmp_path / "a", None), ["cat", "bird"])
    assert len(caught.value.problems) == 2
    assert "'cow' is not a class; the classes are cat, bird" in caught.value.problems[0]
    assert "the folder 'dog' is not a class" in caught.value.problems[1]


def test_csv_with_other_columns_quotes_and_paths(tmp_path: Path) -> None:
    put(tmp_path / "a/one, two.png")
    put(tmp_path / "a/sub/3.png")
    put(tmp_path / "t.csv", b'\xef\xbb\xbfid,Label, FilePath\r\n1,cat,"one, two.png"\r\n2,"dog",sub/3.png\r\n')
    listing = layouts.scan(tmp_path / "a", tmp_path / "t.csv")
    assert list(listing.names) == ["one, two.png", "sub/3.png"]
    assert layouts.class_names(listing) == ("cat", "dog")
    assert listing.place(1) == f"{tmp_path / 't.csv'}:3"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("writer,label\nx,0\n", ":1: the first line must name the columns filepath and label"),
        ("filepath,label\n", "lists no images"),
        ("", ":1: the first line"),
        ("filepath,label\na.png\n", ":2: filepath or label is empty"),
        ("filepath,label\na.png,0\nb.png,1\n", ":3: "),
        ('filepath,label\n"a.png,0\n', "not valid CSV"),
        ("filepath,label\na.png,0\na.png,1\n", ":3: a.png: is '1' here and '0' above"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, error: str) -> None:
    put(tmp_path / "a/a.png")
    put(tmp_path / "t.csv", text.encode())
    assert error in problems(tmp_path / "a", tmp_path / "t.csv")[0]


def test_missing_folders_and_files(tmp_path: Path) -> None:
    assert "there is no such folder" in problems(tmp_path / "no", None)[0]
    put(tmp_path / "file")
    assert "is a file, not a folder" in problems(tmp_path / "file", None)[0]
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    assert "there is no such file" in problems(tmp_path / "a", tmp_path / "no.txt")[0]
    (tmp_path / "none").mkdir()
    assert "contains no images" in problems(tmp_path / "none", tmp_path / "a.txt")[0]
    (tmp_path / "a.txt").write_bytes(b"0\n\xff\n")
    assert "not UTF-8" in problems(tmp_path / "a", tmp_path / "a.txt")[0]


def test_ten_problems_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    put(tmp_path / "a/a.png")
    put(tmp_path / "t.csv", b"filepath,label\na.png,0\n" + b"no.png,1\n" * 30)
    found = problems(tmp_path / "a", tmp_path / "t.csv")
    assert len(found) == 11
    assert "of 30" in found[-1]
