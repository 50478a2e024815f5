"""Known data sets as image folders."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from torchvision import datasets

from fcnet.cli import data_commands
from fcnet.config.names import KNOWN_SETS
from fcnet.data import known_sets
from fcnet.data.dataset import ImageFolder
from helpers.command_line import Run
from helpers.processes import finish, launch


def test_digits_are_scikit_learn_s(fcnet: Run, tmp_path: Path) -> None:
    outcome = fcnet("data", "digits")
    assert outcome.code == 0
    assert outcome.out == "data/digits: written\n"
    assert "writing data/digits: 1797 images" in outcome.err
    bunch = load_digits()
    train, test = (
        ImageFolder.open(f"data/digits/{name}-images", f"data/digits/{name}-labels.txt", size=(8, 8))
        for name in ("train", "t10k")
    )
    assert (len(train), len(test)) == (1433, 364)
    pixels = np.concatenate([train.images, test.images]).astype(float) * 16 / 255
    labels = np.concatenate([train.labels, test.labels])
    assert sorted(map(bytes, np.rint(pixels).astype(np.uint8))) == sorted(map(bytes, bunch.images.astype(np.uint8)))
    assert np.bincount(labels).tolist() == np.bincount(bunch.target).tolist()
    assert fcnet("data", "digits").out == "data/digits: exists already\n"
    assert {path.name for path in (tmp_path / "data/digits").iterdir()} == {
        "train-images",
        "train-labels.txt",
        "t10k-images",
        "t10k-labels.txt",
        "known-set.txt",
        ".lock",
        ".fcnet-cache",
    }


def test_half_a_data_set_is_not_completed_in_silence(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "d/train-images").mkdir(parents=True)
    outcome = fcnet("data", "digits", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors == [
        "d: has train-images but not train-labels.txt, t10k-labels.txt, t10k-images; remove or complete it, or choose"
        " another root"
    ]


def test_an_interrupted_write_leaves_no_part(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        known_sets.write("digits", tmp_path, interrupt)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_process_left_is_finished_or_undone(tmp_path: Path) -> None:
    known_sets.write("digits", tmp_path / "whole", lambda *_: None)
    root = tmp_path / "d"
    moving, writing = root / ".partial-a", root / ".partial-b"
    shutil.copytree(tmp_path / "whole", moving, ignore=shutil.ignore_patterns(".lock"))
    (moving / "whole").touch()
    for part in ("train-labels.txt", "train-images"):
        (moving / part).rename(root / part)
    (writing / "train-images").mkdir(parents=True)
    for partial in (moving, writing):
        (partial / "written-by-fcnet").touch()
    assert known_sets.write("digits", root, lambda *_: pytest.fail("written again")) is False
    assert sorted(path.name for path in root.iterdir() if path.name != ".lock") == [
        "known-set.txt",
        "t10k-images",
        "t10k-labels.txt",
        "train-images",
        "train-labels.txt",
    ]
    assert len(list((root / "train-images").iterdir())) == 1433


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "fcnet", "data", "digits", "--out", "d"]
    both = [launch(words, tmp_path, stderr=subprocess.DEVNULL) for _ in range(2)]
    printed = sorted(finish(process)[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert printed == ["d: exists already\n", "d: written\n"]


def test_the_command_line_offers_what_there_is() -> None:
    assert [command.name for command in data_commands.app.registered_commands] == [*KNOWN_SETS, "import"]


def test_no_network_and_no_files_says_where_to_put_them(fcnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    for source, name in (("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")):
        outcome = fcnet("data", source, "--out", "d")
        assert outcome.code == 3
        assert f"d/{name}/raw: {source} cannot be downloaded or read" in outcome.errors[0]
        assert "put the official files there: train-images-idx3-ubyte.gz" in outcome.errors[0]


def idx(values: np.ndarray) -> bytes:
    """The official format: a magic number, the sizes, the bytes."""
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


@pytest.mark.parametrize(("source", "name"), [("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")])
def test_official_files_are_taken_without_a_network(fcnet: Run, tmp_path: Path, source: str, name: str) -> None:
    raw = tmp_path / "d" / name / "raw"
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = (np.arange(20) % 10).astype(np.uint8)
    for split in ("train", "t10k"):
        (raw / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))
    assert fcnet("data", source, "--out", "d").code == 0
    with Image.open(tmp_path / "d/t10k-images/19.png") as image:
        np.testing.assert_array_equal(np.asarray(image), images[19])
    names = getattr(datasets, name).classes
    assert (tmp_path / "d/train-labels.txt").read_text().splitlines() == [names[label] for label in labels]


def test_official_files_that_contradict_each_other(fcnet: Run, tmp_path: Path) -> None:
    raw = tmp_path / "d/KMNIST/raw"
    raw.mkdir(parents=True)
    for split in ("train", "t10k"):
        (raw / f"{split}-images-idx3-ubyte").write_bytes(idx(np.zeros((20, 28, 28), np.uint8)))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.zeros(7, np.uint8)))
    outcome = fcnet("data", "kmnist", "--out", "d")
    assert outcome.code == 3
    assert "train has 20 images and 7 labels" in outcome.errors[0]
    (raw / "train-images-idx3-ubyte").write_bytes(b"garbage" * 9)
    outcome = fcnet("data", "kmnist", "--out", "d")
    assert outcome.code == 3
    assert "read ()" not in outcome.errors[0]


def test_a_damaged_official_file_is_refused(
    fcnet: Run, tmp_path: Path, mnist_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    raw = tmp_path / "d/MNIST/raw"
    shutil.copytree(mnist_files, raw)
    with (raw / "train-labels-idx1-ubyte.gz").open("r+b") as file:
        file.write(b"damage")
    outcome = fcnet("data", "mnist", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors == [
        "d/MNIST/raw/train-labels-idx1-ubyte.gz: does not begin as an idx file; it is cut off or damaged; get it again"
    ]
    assert not (tmp_path / "d/train-images").exists()


def test_mnist_is_the_official_one(mnist: Path, mnist_files: Path) -> None:
    for split, n in (("train", 60_000), ("t10k", 10_000)):
        official = gzip.decompress((mnist_files / f"{split}-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((mnist_files / f"{split}-labels-idx1-ubyte.gz").read_bytes())[8:]
        folder = ImageFolder.open(mnist / f"{split}-images", mnist / f"{split}-labels.txt")
        assert folder.images.numpy().tobytes() == official
        assert folder.labels.numpy().astype(np.uint8).tobytes() == labels
        assert len(folder) == n
        for i in (0, n // 2, n - 1):
            with Image.open(mnist / f"{split}-images/{i}.png") as image:
                np.testing.assert_array_equal(np.asarray(image), folder.images[i])


def test_folders_of_others_stay_whatever_their_names(tmp_path: Path) -> None:
    for place in (".partial-thesis", ".partial-a/train-images", ".partial-b"):
        (tmp_path / "d" / place).mkdir(parents=True)
    (tmp_path / "d/.partial-thesis/chapter.tex").write_text("years of work")
    (tmp_path / "d/.partial-a/train-images/mine.png").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/whole").touch()
    (tmp_path / "d/.partial-link").symlink_to(tmp_path / "elsewhere")
    assert known_sets.write("digits", tmp_path / "d", lambda *_: None) is True
    assert (tmp_path / "d/.partial-thesis/chapter.tex").exists()
    assert (tmp_path / "d/.partial-a/train-images/mine.png").exists()
    assert (tmp_path / "d/.partial-link/whole").exists()
    assert (tmp_path / "d/.partial-b").is_dir()  # nobody has said that it is fcnet's
