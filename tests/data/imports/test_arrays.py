"""NumPy's files."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.command_line import Run
from helpers.imports import IMAGES, LABELS, TEST, TRAIN, check, written

RULE = "pixels are whole numbers from 0 (black) to 255 (white)"


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
    ],
)
def test_both_splits_in_one_file(fcnet: Run, names: tuple[str, ...]) -> None:
    arrays: dict[str, Any] = dict(zip(names, (*TRAIN, *TEST), strict=True))
    np.savez("mnist.npz", **arrays)
    outcome = fcnet("data", "import", "mnist.npz")
    assert outcome.code == 0, outcome.err
    check("data/mnist", "train")
    check("data/mnist", "t10k", TEST)


@pytest.mark.parametrize(
    "names", [("x", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1"), ("X", "targets")]
)
def test_one_split_in_one_file(fcnet: Run, names: tuple[str, str]) -> None:
    arrays: dict[str, Any] = dict(zip(names, TRAIN, strict=True))
    np.savez_compressed("a.npz", **arrays)
    assert fcnet("data", "import", "a.npz", "--out", "d").code == 0
    check("d")


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES[..., None],
        IMAGES[:, None],
        IMAGES.reshape(12, 36),
        np.asfortranarray(IMAGES),
        IMAGES.astype(np.int64),
        IMAGES.astype(np.float64),
        (IMAGES / 255).astype(np.float32),
        IMAGES / 255,
        (IMAGES / 255).astype(">f8"),
    ],
    ids=lambda images: f"{images.dtype} {images.shape}",
)
def test_forms_of_the_same_images(fcnet: Run, images: np.ndarray) -> None:
    np.save("i.npy", images)
    np.save("l.npy", LABELS)
    outcome = fcnet("data", "import", "i.npy", "l.npy", "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d")
    scaled = "i.npy: pixels are from 0 to 1, and are multiplied by 255\n"
    assert outcome.err.startswith(scaled) == (images.max() <= 1)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS.astype(np.uint8), LABELS),
        (LABELS[:, None], LABELS),
        (LABELS.astype(np.float32), LABELS),
        (np.eye(3)[LABELS], LABELS),
        (np.eye(3, dtype=bool)[LABELS], LABELS),
        (np.array(["cat", "dog", "犬"])[LABELS], np.array(["cat", "dog", "犬"])[LABELS]),
        (np.array([b"a", b"b", b"c"])[LABELS], np.array(["a", "b", "c"])[LABELS]),
    ],
    ids=lambda labels: f"{labels.dtype} {labels.shape}",
)
def test_forms_of_labels(fcnet: Run, labels: np.ndarray, expected: np.ndarray) -> None:
    np.save("i.npy", IMAGES)
    np.save("l.npy", labels)
    outcome = fcnet("data", "import", "l.npy", "i.npy", "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d", of=(IMAGES, expected))


def test_pairs_of_both_splits(fcnet: Run) -> None:
    for name, values in zip(("x_train", "y_train", "x_test", "y_test"), (*TRAIN, *TEST), strict=True):
        np.save(f"{name}.npy", values)
    assert fcnet("data", "import", "y_test.npy", "x_train.npy", "x_test.npy", "y_train.npy", "--out", "d").code == 0
    check("d", "train")
    check("d", "t10k", TEST)


def test_archives_of_one_array(fcnet: Run) -> None:
    """As KMNIST's: kmnist-train-imgs.npz and kmnist-train-labels.npz, each with arr_0 alone."""
    np.savez("kmnist-train-imgs.npz", IMAGES)
    np.savez("kmnist-train-labels.npz", LABELS)
    assert fcnet("data", "import", "kmnist-train-imgs.npz", "kmnist-train-labels.npz", "--out", "d").code == 0
    check("d", "train")


def test_masks_are_black_and_white(fcnet: Run) -> None:
    np.save("i.npy", IMAGES > 99)
    outcome = fcnet("data", "import", "i.npy", "--out", "d")
    assert outcome.err.startswith("i.npy: true is white, 255\n")
    np.testing.assert_array_equal(written("d/images"), np.where(IMAGES > 99, 255, 0))


def test_arrays_that_are_not_read_are_named(fcnet: Run) -> None:
    np.savez("a.npz", x=IMAGES, y=LABELS, feature_names=["a"], val_images=IMAGES)
    outcome = fcnet("data", "import", "a.npz", "--out", "d")
    assert outcome.err.startswith("a.npz: only images and labels are read, and not feature_names, val_images\n")
    check("d")


NAN = np.where(np.arange(12)[:, None, None] == 3, np.nan, IMAGES / 255)
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "other names": (
        {"foo": IMAGES, "bar": LABELS},
        ": has the arrays foo, bar; expected are x_train, y_train, x_",
    ),
    "counts": ({"x": IMAGES, "y": LABELS[1:]}, ": x: holds 12 images, but a.npz: y 11 labels; give those that"),
    "colours": ({"x": np.repeat(IMAGES[..., None], 3, 3)}, ": is 12 x 6 x 6 x 3, images with colours; average the"),
    "no square": ({"x": IMAGES.reshape(12, 36)[:, 1:], "y": LABELS}, ": x: is 12 x 35; images are N x H x W, or N"),
    "words": ({"x": np.full((2, 4), "a"), "y": LABELS[:2]}, f": x: holds <U1, not pixels; {RULE}"),
    "no images": ({"x": IMAGES[:0], "y": LABELS[:0]}, ": x: is 0 x 6 x 6, without any pixel; give a file with images"),
    "NaN": ({"x": NAN}, ": image 3 has a pixel that is not finite (NaN?); "),
    "from -1": ({"x": IMAGES / 127.5 - 1, "y": LABELS}, ": x: pixels are from -1 to 0.6"),
    "above 255": ({"x": IMAGES.astype(int) * 9, "y": LABELS}, ": x: pixels are from 0 to 1"),
    "fractions": ({"x": IMAGES + 0.5, "y": LABELS}, ": x: has a pixel "),
    "dark": ({"x": IMAGES // 16, "y": LABELS}, ": x: the largest pixel is 13, so that all images would look black"),
    "label NaN": ({"x": IMAGES, "y": np.where(LABELS == 1, np.nan, LABELS)}, ": y: label 1: is missing (nan); write"),
    "label fraction": (
        {"x": IMAGES, "y": LABELS / 2},
        ": y: label 1: is 0.5; a class is a whole number from 0",
    ),
    "label of two lines": (
        {"x": IMAGES, "y": np.array(["a\nb", "c"])[LABELS % 2]},
        ": y: label 0: is 'a\\nb'; a cl",
    ),
    "labels of a shape": ({"x": IMAGES, "y": IMAGES[:, 0, :2]}, ": y: is 12 x 2 of uint8; labels are N whole numbers"),
    "bytes": ({"x": IMAGES, "y": np.full(12, b"\xe9")}, ": y: holds bytes that are not UTF-8 text; save the labels as"),
    "objects": ({"x": IMAGES, "y": np.array([{}] * 12)}, ": y: holds Python objects, which may run code when they are"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_named(fcnet: Run, what: str) -> None:
    arrays, message = BAD[what]
    np.savez("a.npz", **arrays)
    outcome = fcnet("data", "import", "a.npz", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors[0].startswith(f"a.npz{message}")
    assert not Path("d").exists()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def test_nothing_is_unpickled(fcnet: Run) -> None:
    np.save("a.npy", np.array([Evil()]), allow_pickle=True)
    np.savez("a.npz", x=IMAGES, y=np.array([Evil()] * 12))
    Path("a.pkl").write_bytes(pickle.dumps(Evil()))
    Path("b.npy").write_bytes(pickle.dumps(Evil()))
    for name in ("a.npy", "a.npz", "a.pkl", "b.npy"):
        outcome = fcnet("data", "import", name)
        assert outcome.code == 3
        assert "which may run code when" in outcome.errors[0]
    assert not Path("ran").exists()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_files_that_are_cut_off(fcnet: Run, name: str, kept: float) -> None:
    (np.save if name == "a.npy" else np.savez)(name, IMAGES)
    data = Path(name).read_bytes()
    Path(name).write_bytes(data[: int(kept * len(data))])
    outcome = fcnet("data", "import", name)
    assert outcome.code == 3
    assert outcome.errors[0].startswith(f"{name}: cannot be read (")
    assert outcome.errors[0].endswith("it is cut off or damaged; get it again")


def test_a_damaged_array_in_an_archive(fcnet: Run) -> None:
    np.savez("a.npz", x=IMAGES, y=LABELS)
    data = bytearray(Path("a.npz").read_bytes())
    data[300] ^= 255  # a pixel: the checksum of the archive is another
    Path("a.npz").write_bytes(data)
    outcome = fcnet("data", "import", "a.npz")
    assert outcome.code == 3
    assert outcome.errors[0].startswith("a.npz: cannot be read (Bad CRC-32")


def test_labels_of_the_other_split(fcnet: Run) -> None:
    np.save("x_train.npy", IMAGES)
    np.save("y_test.npy", LABELS)
    np.save("y.npy", LABELS)
    for words, message in (
        (
            ["x_train.npy", "y_test.npy"],
            "x_train.npy: is train, but y_test.npy is test; name files that belong",
        ),
        (["x_train.npy", "y.npy", "y_test.npy"], "y.npy: holds labels, but none of the given images belong to them"),
    ):
        outcome = fcnet("data", "import", *words)
        assert (outcome.code, len(outcome.errors)) == (2, 1)
        assert outcome.errors[0].startswith(message)
