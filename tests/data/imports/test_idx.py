"""MNIST's own files."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from helpers.command_line import Run
from helpers.imports import IMAGES, LABELS, TEST, check, idx, kaggle, labels_in, write_idx, write_official, written

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_folder_of_the_four_official_files(fcnet: Run, ending: str) -> None:
    write_official(Path("raw"), ending)
    outcome = fcnet("data", "import", "raw", "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d", "train")
    check("d", "t10k", TEST)
    assert outcome.out.splitlines()[1] == (
        "data: {train: {images: d/train-images, labels: d/train-labels.txt}, test: {images: d/t10k-images, labels:"
        " d/t10k-labels.txt}, image_size: [6, 6]}"
    )


def test_a_folder_with_each_file_twice(fcnet: Run) -> None:
    write_official(Path("raw"), ".gz")
    write_official(Path("raw"))
    assert fcnet("data", "import", "raw", "--out", "d").code == 0
    check("d", "train")


@pytest.mark.parametrize("names", [["i", "l"], ["l", "i"], [TRAIN_IMAGES], [TRAIN_IMAGES, TRAIN_LABELS]])
def test_images_and_their_labels(fcnet: Run, names: list[str]) -> None:
    for name in (TRAIN_IMAGES, "i"):
        write_idx(name, IMAGES)
    for name in (TRAIN_LABELS, "l"):
        write_idx(name, LABELS)
    assert fcnet("data", "import", *names, "--out", "d").code == 0
    check("d", "train" if TRAIN_IMAGES in names else "")


def test_packed_labels_beside_unpacked_images(fcnet: Run) -> None:
    write_idx(TRAIN_IMAGES, IMAGES)
    write_idx("train-labels.idx1-ubyte.gz", LABELS)
    assert fcnet("data", "import", TRAIN_IMAGES, "--out", "d").code == 0
    check("d", "train")


def test_emnist_is_transposed_and_its_classes_are_listed(fcnet: Run) -> None:
    name = "emnist-letters-test-images-idx3-ubyte.gz"
    write_idx(name, IMAGES.transpose(0, 2, 1))
    write_idx("emnist-letters-test-labels-idx1-ubyte.gz", LABELS + 1)
    outcome = fcnet("data", "import", name)
    assert outcome.err.startswith(f"{name}: images of EMNIST are stored transposed, and are written upright\n")
    check("data/emnist-letters", "t10k", (IMAGES, LABELS + 1))
    assert outcome.out.endswith("image_size: [6, 6], classes: [1, 2, 3]}\n")


def test_emnist_as_a_table(fcnet: Run) -> None:
    kaggle("emnist-digits-train.csv", IMAGES.transpose(0, 2, 1))
    outcome = fcnet("data", "import", "emnist-digits-train.csv")
    assert "emnist-digits-train.csv: images of EMNIST are stored transposed, and are written upright\n" in outcome.err
    check("data/emnist-digits", "train")


def test_images_alone(fcnet: Run) -> None:
    write_idx("i", IMAGES)
    assert fcnet("data", "import", "i", "--out", "d").code == 0
    np.testing.assert_array_equal(written("d/images"), IMAGES)
    assert not Path("d/labels.txt").exists()


def test_what_does_not_belong_together(fcnet: Run) -> None:
    write_official(Path())
    write_idx("i", IMAGES)
    write_idx("l", LABELS[:-1])
    Path("alone").mkdir()
    write_idx(f"alone/{TRAIN_IMAGES}", IMAGES)
    for words, code, message in (
        (["i", "l"], 3, "i: holds 12 images, but l 11 labels; give those that belong together"),
        (["l"], 2, "l: holds only labels; name the file of their images, too"),
        (["i", "i"], 2, "i: is given twice; name it once"),
        (
            [f"alone/{TRAIN_IMAGES}"],
            2,
            f"alone/{TRAIN_IMAGES}: its labels are not beside it (train-labels-idx1-ubyte, or .gz); name their file",
        ),
        (
            [TRAIN_IMAGES, "t10k-labels-idx1-ubyte", TRAIN_LABELS],
            2,
            "t10k-labels-idx1-ubyte: holds labels, but none of the given images belong to them; name their file",
        ),
        (
            [f"alone/{TRAIN_IMAGES}", "t10k-labels-idx1-ubyte"],
            2,
            f"alone/{TRAIN_IMAGES}: its labels are not beside it",
        ),
        (["alone", TRAIN_IMAGES, TRAIN_LABELS], 2, "alone/train-images"),
    ):
        outcome = fcnet("data", "import", *words, "--out", "d")
        assert (outcome.code, len(outcome.errors)) == (code, 1), words
        assert outcome.errors[0].startswith(message), words
    assert not Path("d").exists()


GOOD = idx(IMAGES)
BAD = {
    "cut": (GOOD[:-5], "should hold 12 x 6 x 6 = 432 numbers, and holds 427; it is cut off or damaged; get it again"),
    "too long": (GOOD + b"x", "holds more than the 12 x 6 x 6 = 432 numbers that it names; get it again"),
    "packed, cut": (gzip.compress(GOOD)[:-30], "cannot be unpacked to its end; it is cut off or damaged; get it again"),
    "packed, another checksum": (gzip.compress(GOOD)[:-8] + bytes(8), "cannot be unpacked to its end"),
    "packed, too long": (gzip.compress(GOOD + bytes(1 << 20)), "holds more than the 12 x 6 x 6 = 432 numbers"),
    "floats": (struct.pack(">4B3I", 0, 0, 13, 3, 1, 2, 2) + bytes(16), "holds numbers of type 0x0d, not bytes (0x08)"),
    "two sizes": (idx(IMAGES.reshape(12, 36)), "has 2 sizes; labels have one (N), images three (N, H, W)"),
    "no images": (idx(IMAGES[:0]), "holds no numbers (0 x 6 x 6); give a file with images"),
    "dark": (idx(IMAGES // 16), "the largest pixel is 13, so that all images would look black"),
}


@pytest.mark.parametrize("what", BAD)
def test_damaged_files(fcnet: Run, tmp_path: Path, what: str) -> None:
    data, message = BAD[what]
    (tmp_path / "i").write_bytes(data)
    write_idx("l", LABELS)
    outcome = fcnet("data", "import", "i", "l", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors[0].startswith(f"i: {message}")
    assert not Path("d").exists()


def test_damaged_files_with_an_official_name(fcnet: Run) -> None:
    write_idx(TRAIN_LABELS, LABELS)
    for name, data, message in (
        (TRAIN_IMAGES, GOOD[:9], "ends within its sizes; it is cut off or damaged; get it again"),
        (TRAIN_IMAGES, GOOD[:3], "ends after 3 bytes; it is cut off or damaged; get it again"),
        (TRAIN_IMAGES, b"noise\0" * 9, "does not begin as an idx file; it is cut off or damaged; get it again"),
        (f"{TRAIN_IMAGES}.gz", gzip.compress(GOOD)[:30], "cannot be unpacked to its end; it is cut off or damaged"),
    ):
        Path(name).write_bytes(data)
        outcome = fcnet("data", "import", name)
        assert outcome.code == 3
        assert outcome.errors[0].startswith(f"{name}: {message}")


def test_folders_that_hold_something_else(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_official(tmp_path / "two", before="emnist-digits-")
    write_official(tmp_path / "two", before="emnist-letters-")
    for folder, message in (
        ("empty", "empty: holds no idx files with official names, such as train-images-idx3-ubyte (nothing); name the"),
        ("two", "two: holds several data sets (emnist-digits-t10k-images-idx3-ubyte, "),
    ):
        outcome = fcnet("data", "import", folder)
        assert outcome.code == 3
        assert outcome.errors[0].startswith(message)


def test_real_mnist_is_what_the_known_set_is(fcnet: Run, mnist: Path, mnist_files: Path) -> None:
    """Every file of 70,000 is the same."""
    outcome = fcnet("data", "import", mnist_files, "--out", "d")
    assert outcome.out.splitlines() == [
        "d: 60,000 training images 28x28, 10 classes; 10,000 test images 28x28, 10 classes",
        "data: {train: {images: d/train-images, labels: d/train-labels.txt}, test: {images: d/t10k-images, labels:"
        " d/t10k-labels.txt}}",
    ]
    for split in ("train", "t10k"):
        assert labels_in(f"d/{split}-labels.txt") == labels_in(mnist / f"{split}-labels.txt")
        ours, theirs = Path(f"d/{split}-images"), mnist / f"{split}-images"
        names = sorted(os.listdir(ours))
        assert names == sorted(os.listdir(theirs))
        assert [name for name in names if (ours / name).read_bytes() != (theirs / name).read_bytes()] == []
