"""Known data sets from files of the official formats, made up."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fcnet.data.known.official import OFFICIAL
from helpers.command_line import Run
from helpers.imports import idx

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BALANCED = "0123456789" + LETTERS + "abdefghnqrt"
CODES: dict[
    str, list[tuple[int, ...]]
] = {  # lines of the official mappings: a number, and the codes of the characters of its class
    "letters": [(i, ord(name), ord(name.lower())) for i, name in enumerate(LETTERS, 1)],
    "balanced": [(i, ord(name)) for i, name in enumerate(BALANCED)],
}


def pixels(n: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def write_emnist(folder: Path, name: str) -> tuple[NDArray[np.uint8], str]:
    """Write what ``gzip.zip`` holds of one set; return upright images, and the name of each image's class."""
    names = LETTERS if name == "letters" else BALANCED
    first, n = (1 if name == "letters" else 0), 2 * len(names)
    images, labels = pixels(n), (np.arange(n) % len(names)).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        start = f"{folder}/emnist-{name}-{split}"
        Path(f"{start}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images.transpose(0, 2, 1))))
        Path(f"{start}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels + first)))
    text = "".join(f"{' '.join(map(str, line))}\n" for line in CODES[name])
    (folder / f"emnist-{name}-mapping.txt").write_text(text)
    return images, "".join(names[label] for label in labels)


def write_four(folder: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        (folder / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{split}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))


@pytest.mark.parametrize("name", ["letters", "balanced"])
@pytest.mark.parametrize("where", ["folder", "archive", "raw"])
def test_emnist_is_written_upright_with_its_characters(fcnet: Run, name: str, where: str) -> None:
    source = f"emnist-{name}"
    place = Path("d/EMNIST/raw" if where == "raw" else "given")
    images, names = write_emnist(place, name)
    given = ["--from", "given"]
    if where == "archive":
        with zipfile.ZipFile("gzip.zip", "w") as archive:
            for path in sorted(place.iterdir()):
                archive.write(path, f"gzip/{path.name}")
        given = ["--from", "gzip.zip"]
    outcome = fcnet("data", source, "--out", "d", *([] if where == "raw" else given))
    assert outcome.code == 0, outcome.err
    assert "it is used as it is" in outcome.err  # few images: not the official files
    for split in ("train", "t10k"):
        assert "".join(Path(f"d/{split}-labels.txt").read_text().split()) == names
        with Image.open(f"d/{split}-images/29.png") as image:
            np.testing.assert_array_equal(np.asarray(image), images[29])


def test_classes_that_differ_in_case_are_trained_and_evaluated(fcnet: Run) -> None:
    write_emnist(Path("given"), "balanced")
    assert fcnet("data", "emnist-balanced", "--from", "given", "--out", "d").code == 0
    Path("c.yaml").write_text(
        "data: {source: emnist-balanced, root: d}\nmodel: {hidden: [8]}\ntrain: {epochs: 1, batch_size: 47}\n"
    )
    outcome = fcnet("train", "--config", "c.yaml", "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "upper and lower case" not in outcome.err + outcome.out
    found = fcnet("eval", "run", "--csv").out.splitlines()[1:]
    assert [line.split(",")[0] for line in found] == list(BALANCED)


def test_classes_of_fashion_have_their_names_and_order(fcnet: Run) -> None:
    labels = (np.arange(40) % 10).astype(np.uint8)
    write_four(Path("given"), pixels(40), labels)
    assert fcnet("data", "fashion-mnist", "--from", "given", "--out", "d").code == 0
    Path("c.yaml").write_text(
        "data: {source: fashion-mnist, root: d}\nmodel: {hidden: [8]}\ntrain: {epochs: 1, batch_size: 20}\n"
    )
    assert fcnet("train", "--config", "c.yaml", "--out", "run").code == 0
    names = [line.split(",")[0] for line in fcnet("eval", "run", "--csv").out.splitlines()[1:]]
    assert names == [
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]
    assert fcnet("plot", "run").code == 0
    assert fcnet("predict", "run", "d/t10k-images/0.png").code == 0


DAMAGE = {
    "cut off": ("train-labels-idx1-ubyte.gz", lambda data: data[:-20], "it is cut off or damaged; get it again"),
    "not packed": ("t10k-images-idx3-ubyte.gz", lambda _: b"<html>404</html>", "does not begin as an idx file"),
    "a class too many": (
        "train-labels-idx1-ubyte.gz",
        lambda _: gzip.compress(idx(np.full(20, 10, np.uint8))),
        "label 10 of image 0 is no class of kmnist, which are 0 to 9",
    ),
    "images as labels": (
        "t10k-labels-idx1-ubyte.gz",
        lambda _: gzip.compress(idx(pixels(20))),
        "holds images (20 x 28 x 28), not labels",
    ),
    "another size": (
        "train-images-idx3-ubyte.gz",
        lambda _: gzip.compress(idx(np.zeros((20, 8, 8), np.uint8))),
        "is 20 x 8 x 8; images of kmnist are N x 28 x 28",
    ),
    "fewer labels": (
        "t10k-labels-idx1-ubyte.gz",
        lambda _: gzip.compress(idx(np.zeros(7, np.uint8))),
        "t10k has 20 images and 7 labels",
    ),
    "the other split": (
        "train-labels-idx1-ubyte.gz",
        lambda _: gzip.compress(idx(np.zeros(10_000, np.uint8))),
        "as many as the test labels of kmnist; the training labels of kmnist are 60,000",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_and_wrong_files_are_named(fcnet: Run, name: str) -> None:
    write_four(Path("given"), pixels(20), np.zeros(20, np.uint8))
    file, change, error = DAMAGE[name]
    path = Path("given", file)
    path.write_bytes(change(path.read_bytes()))
    outcome = fcnet("data", "kmnist", "--from", "given", "--out", "d")
    assert outcome.code == 3
    assert error in outcome.errors[0]
    assert "given/" in outcome.errors[0]
    assert not list(Path("d").glob("[!.]*"))


def test_missing_files_and_folders_are_named(fcnet: Run) -> None:
    write_four(Path("given"), pixels(20), np.zeros(20, np.uint8))
    Path("given/t10k-labels-idx1-ubyte.gz").unlink()
    for words, error in (
        (("kmnist", "given"), "--from given: lacks t10k-labels-idx1-ubyte.gz;"),
        (("kmnist", "absent"), "--from absent: there is no such folder;"),
        (("emnist-letters", "given/t10k-images-idx3-ubyte.gz"), "is no zip archive, or a cut off one; get it again"),
        (("digits", "given"), "--from: digits have no files of their own"),
    ):
        outcome = fcnet("data", words[0], "--from", words[1], "--out", "d")
        assert outcome.code in (2, 3)
        assert error in outcome.errors[0]


def test_a_mapping_of_other_classes_is_refused(fcnet: Run) -> None:
    write_emnist(Path("given"), "balanced")
    mapping = Path("given/emnist-balanced-mapping.txt")
    mapping.write_text(mapping.read_text().replace("36 97\n", "36 99\n"))
    outcome = fcnet("data", "emnist-balanced", "--from", "given", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors == [
        f"{mapping}:37: '36 99' is not the official mapping; get the right file, or remove it",
    ]


def test_a_folder_of_another_set_is_refused(fcnet: Run) -> None:
    write_four(Path("given"), pixels(20), (np.arange(20) % 10).astype(np.uint8))
    assert fcnet("data", "kmnist", "--from", "given", "--out", "d").code == 0
    refused = (
        "d: holds kmnist, not mnist; choose another folder for mnist (data.root, or --out), or set data.source to"
        " kmnist"
    )
    outcome = fcnet("data", "mnist", "--out", "d")
    assert (outcome.code, outcome.errors) == (3, [refused])
    Path("c.yaml").write_text("data: {source: mnist, root: d}\nmodel: {hidden: []}\ntrain: {epochs: 1}\n")
    outcome = fcnet("train", "--config", "c.yaml", "--out", "run")
    assert (outcome.code, outcome.errors) == (3, [refused])
    assert not Path("run").exists()


def test_a_folder_that_does_not_say_its_set_is_known_by_its_labels(fcnet: Run) -> None:
    assert fcnet("data", "digits").code == 0
    Path("data/digits/known-set.txt").unlink()
    assert fcnet("data", "digits").out == "data/digits: exists already\n"
    outcome = fcnet("data", "kmnist", "--out", "data/digits")
    assert outcome.code == 3
    assert outcome.errors[0].startswith("data/digits: holds digits, not kmnist;")


@pytest.fixture
def fashion_files() -> Path:
    """The folder of the four official Fashion-MNIST files, from $FCNET_FASHION."""
    folder = os.environ.get("FCNET_FASHION")
    if not folder:
        pytest.skip("FCNET_FASHION is not set; it names the folder of the four official Fashion-MNIST files")
    return Path(folder).resolve()


def test_official_fashion_files_are_known_and_learnt(fcnet: Run, fashion_files: Path) -> None:
    outcome = fcnet("data", "kmnist", "--from", str(fashion_files), "--out", "k")
    assert "is the file of the training images of fashion-mnist, not of the training images of kmnist" in outcome.err
    outcome = fcnet("data", "fashion-mnist", "--from", str(fashion_files), "--out", "d")
    assert outcome.code == 0
    assert "used as it is" not in outcome.err
    assert len(OFFICIAL["fashion-mnist"].classes) == 10
    Path("c.yaml").write_text(
        "data: {source: fashion-mnist, root: d, validation: 50000}\nmodel: {hidden: [64]}\ntrain: {epochs: 2}\n"
    )
    assert fcnet("train", "--config", "c.yaml", "--out", "run").code == 0
    lines = fcnet("eval", "run").out.splitlines()
    accuracy = next(float(line.split()[1]) for line in lines if line.startswith("accuracy"))
    assert 75 < accuracy < 95
