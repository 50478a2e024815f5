"""From files to a net: what is written where, what is refused, and what a kill leaves."""

import os
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from fcnet.data.imports import convert
from helpers import seeds
from helpers.command_line import Run
from helpers.folders import snapshot
from helpers.imports import IMAGES, LABELS, TEST, check, kaggle, write_official
from helpers.processes import finish, kill, launch, start
from helpers.tiny import write_config


def test_the_printed_config_trains(fcnet: Run) -> None:
    kaggle("train.csv")
    kaggle("test.csv", *TEST)
    outcome = fcnet("data", "import", "train.csv", "test.csv", "--out", "a b/{犬}")
    printed = yaml.safe_load(outcome.out.splitlines()[1])
    check("a b/{犬}", "train")
    check("a b/{犬}", "t10k", TEST)
    config = printed | {"model": {"hidden": [4]}, "train": {"epochs": 1}, "device": "cpu"}
    write_config(Path("c.yaml"), config)
    outcome = fcnet("train", "-c", "c.yaml", "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "Accuracy of the network on the 9 test images" in outcome.out
    from fcnet.data.dataset import ImageFolder

    folder = ImageFolder.open("a b/{犬}/train-images", "a b/{犬}/train-labels.txt", size=(6, 6))
    assert torch.equal(folder.images, torch.from_numpy(IMAGES))
    assert folder.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("labels", [LABELS + 1, LABELS * 5, LABELS - 1], ids=str)
def test_classes_that_do_not_count_from_0_are_in_the_config(fcnet: Run, labels: np.ndarray) -> None:
    kaggle("a.csv", IMAGES, labels)
    printed = yaml.safe_load(fcnet("data", "import", "a.csv").out.splitlines()[1])
    assert printed["data"]["classes"] == sorted(set(labels.tolist()))
    write_config(Path("c.yaml"), printed | {"model": {"hidden": [4]}, "train": {"epochs": 1}, "device": "cpu"})
    outcome = fcnet("train", "-c", "c.yaml", "--out", "run")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["mnist.npz"], "data/mnist"),
        (["train.csv"], "data/imported"),
        (["mnist_train.csv", "mnist_test.csv"], "data/mnist"),
        (["fashion-mnist_train.csv"], "data/fashion-mnist"),
        (["x_train.npy", "y_train.npy"], "data/imported"),
        (["emnist-letters-train-images-idx3-ubyte.gz"], "data/emnist-letters"),
        (["train-images-idx3-ubyte"], "data/imported"),
        (["train-00000-of-00001.parquet"], "data/imported"),
        (["A_Z Handwritten Data.csv"], "data/A-Z-Handwritten-Data"),
        (["../../a.csv"], "data/a"),
        (["2024.csv"], "data/2024"),
    ],
)
def test_the_default_folder_is_named_after_the_files(files: list[str], folder: str) -> None:
    assert convert.default_folder([Path(file) for file in files]) == Path(folder)


def test_a_folder_with_anything_in_it_is_left_alone(fcnet: Run, tmp_path: Path) -> None:
    kaggle("a.csv")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "dead").symlink_to("nowhere")
    before = snapshot(tmp_path)
    for out, message in (
        ("full", "full: contains mine.txt already; name another folder with --out, or remove it"),
        ("a.csv", "--out a.csv: is a file; name a folder that does not exist yet"),
        ("a.csv/x", "--out a.csv/x: a.csv is a file, not a folder"),
        ("dead", "--out dead: is a link to nowhere, which does not exist; restore it, or remove the link"),
    ):
        outcome = fcnet("data", "import", "a.csv", "--out", out)
        assert (outcome.code, outcome.errors) == (2, [message])
    assert snapshot(tmp_path) == before
    assert fcnet("data", "import", "a.csv", "--out", "empty").code == 0
    check("empty")
    assert fcnet("data", "import", "a.csv", "--out", "empty").errors[0].startswith("empty: contains images, labels.txt")


def test_what_cannot_be_imported_says_what_to_do(fcnet: Run, tmp_path: Path) -> None:
    csv = kaggle("a.csv")
    (tmp_path / "empty").touch()
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    torch.save({"a": torch.zeros(3)}, "a.pt")
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.write(csv)
    with tarfile.open("a.tar.gz", "w:gz") as packed:
        packed.add(csv)
    (tmp_path / "images").mkdir()
    Image.fromarray(IMAGES[0]).save("images/a.png")
    for name, message in (
        ("empty", "is empty; get it again"),
        ("a.mat", "is a MATLAB file (.mat); write an image folder from it: 'Data in other forms' in docs/data.md"),
        ("a.h5", "is an HDF5 file (.h5); write an image folder from it: 'Data in other forms' in docs/data.md"),
        ("a.pt", "is a PyTorch file (.pt); write an image folder from it: 'Data in other forms' in docs/data.md"),
        ("a.zip", "is a zip archive; unpack it first, and import what is in it"),
        ("a.tar.gz", "is a compressed tar archive; unpack it first, and import what is in it"),
        ("images/a.png", "is an image (PNG) already; name its folder in a config, as `images`"),
        ("images", "is an image folder already; name it in a config: train: {images: images}"),
        ("noise", "is a binary file, in no format that fcnet knows; CSV tables of pixels, idx, .npz, .npy, Parquet"),
    ):
        outcome = fcnet("data", "import", name, "--out", "d")
        assert outcome.code == 3
        assert outcome.errors[0].startswith(f"{name}: {message}")
    outcome = fcnet("data", "import", "missing.csv")
    assert outcome.code == 2
    assert outcome.errors[0].startswith("missing.csv: there is no such file; looked in ")
    assert not (tmp_path / "d").exists()


def test_files_whose_names_say_no_split_or_the_same(fcnet: Run) -> None:
    for name in ("a.csv", "b.csv", "my_train.csv", "train.csv"):
        kaggle(name)
    for words, message in (
        (["a.csv", "b.csv"], "a.csv: its name does not say whether it is train or test; rename it, or import them one"),
        (
            ["train.csv", "my_train.csv"],
            "train.csv, my_train.csv: both are train, by their names; import them one",
        ),
        (["a.csv", "a.csv"], "a.csv: is given twice; name it once"),
        ([], "FILE: is missing; give the files to import, such as train.csv"),
    ):
        outcome = fcnet("data", "import", *words)
        assert (outcome.code, len(outcome.errors)) == (2, 1)
        assert outcome.errors[0].startswith(message)


def test_classes_that_a_label_file_cannot_hold(fcnet: Run) -> None:
    """Two words on each line may be a file and its label: what would be read otherwise is refused."""
    kaggle("a.csv", IMAGES, [f"{i}.png {label}" for i, label in enumerate(LABELS)])
    outcome = fcnet("data", "import", "a.csv", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors == [
        "labels.txt: labels such as 0.png 0, 1.png 1, 10.png 1, ... would not be read as classes, one on each line;"
        " rename the classes"
    ]
    assert [path.name for path in Path("d").iterdir()] == [".lock"]


@pytest.mark.parametrize("at", ["reading", "writing"])
def test_an_interrupted_import_leaves_no_part(tmp_path: Path, at: str) -> None:
    def interrupt(what: str, *_: object) -> None:
        if what.startswith(at):
            raise KeyboardInterrupt

    path = kaggle(tmp_path / "a.csv")
    with pytest.raises(KeyboardInterrupt):
        convert.convert([path], tmp_path / "d", interrupt, print)
    assert [one.name for one in tmp_path.rglob("*") if one != path and one.name not in ("d", ".lock")] == []
    convert.convert([path], tmp_path / "d", lambda *_: None, print)
    check(tmp_path / "d")


def test_a_killed_import_is_begun_again(tmp_path: Path) -> None:
    many = np.tile(IMAGES, (100, 1, 1))
    kaggle(tmp_path / "a.csv", many, np.tile(LABELS, 100))
    words = ["data", "import", "a.csv", "--out", "d"]
    process = start(tmp_path, *words)
    partial: list[Path] = []
    while not partial and process.poll() is None:
        partial = list(tmp_path.glob("d/.partial-*/images"))
        time.sleep(0.001)
    assert partial, finish(process)
    kill(process)
    process.wait(60)
    assert [name for name in os.listdir(tmp_path / "d") if not name.startswith(".")] == []
    code, printed = finish(start(tmp_path, *words))
    assert code == 0, printed
    assert list(tmp_path.glob("d/.partial-*")) == []
    assert len(os.listdir(tmp_path / "d/images")) == len(many)


def test_of_two_at_once_one_writes(tmp_path: Path) -> None:
    write_official(tmp_path / "raw")
    words = [sys.executable, "-m", "fcnet", "data", "import", "raw", "--out", "d"]
    both = [launch(words, tmp_path, stderr=subprocess.DEVNULL) for _ in range(2)]
    for process in both:
        finish(process)
    assert sorted(process.returncode for process in both) == [0, 2]
    check(tmp_path / "d", "train")


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Other bytes, more, fewer, or an early end."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 2, 20))):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(4):
            case 0:
                found[at : at + 1] = bytes([draw.choice((0, 10, 34, 44, 45, 48, 255))])
            case 1:
                del found[at : at + draw.randrange(1, 20)]
            case 2:
                found[at:at] = draw.randbytes(draw.randrange(1, 6))
            case _:
                del found[at:]
    return bytes(found)


def test_damage_is_an_error_of_fcnet(fcnet: Run, tmp_path: Path) -> None:
    """Whatever is damaged: a line about it, or images if it was in a pixel; never another exception."""
    write_official(tmp_path / "raw", ".gz")
    np.savez(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    np.save(tmp_path / "a.npy", IMAGES)
    sources = [kaggle("a.csv"), Path("a.npz"), Path("a.npy"), Path("raw/train-images-idx3-ubyte.gz")]
    draw = seeds.chance("imports")
    for i in range(200):
        path = sources[i % len(sources)]
        damage = path.with_name(f"z-{path.name}")
        damage.write_bytes(damaged(path.read_bytes(), draw))
        outcome = fcnet("data", "import", damage, "--out", f"d{i}")
        assert outcome.code in (0, 2, 3), outcome.err
        assert bool(outcome.errors) == (outcome.code != 0)


def test_what_was_meant_is_asked(fcnet: Run) -> None:
    Path("bare").touch()
    for words, advice in (
        (["foo.csv"], "did you mean fcnet data import foo.csv?"),
        (["mnist.npz", "--out", "x"], "did you mean fcnet data import mnist.npz --out x?"),
        (["bare"], "did you mean fcnet data import bare?"),
        (["imprt", "foo.csv"], "did you mean fcnet data import foo.csv?"),
        (["MNIST"], "did you mean mnist?"),
        (["fmnist"], "did you mean fashion-mnist?"),
        (["emnist"], "did you mean emnist-letters?"),
        (["qmnist"], "there is no qmnist; mnist is closest"),
        (
            ["convert", "foo.csv"],
            "the commands are mnist, fashion-mnist, kmnist, emnist-letters, emnist-balanced, digits, import",
        ),
    ):
        outcome = fcnet("data", *words)
        assert outcome.code == 2
        assert outcome.errors[0].startswith(f"command line: {words[0]}: no such command of data; ")
        assert advice in outcome.errors[0]


def test_patterns_are_expanded(fcnet: Run) -> None:
    kaggle("my_train.csv")
    kaggle("my_test.csv", *TEST)
    assert fcnet("data", "import", "my_*.csv", "--out", "d").code == 0
    check("d", "train")
    check("d", "t10k", TEST)
    outcome = fcnet("data", "import", "my_*.npz")
    assert outcome.code == 2
    assert outcome.errors[0].startswith("my_*.npz: no file matches this pattern; looked in ")


def test_options_may_come_first(fcnet: Run) -> None:
    kaggle("foo.csv")
    assert fcnet("data", "--out", "d", "import", "foo.csv").code == 0
    check("d")
    for part in ("train", "t10k"):
        Path(f"digits/{part}-images").mkdir(parents=True)
        Path(f"digits/{part}-labels.txt").touch()
    assert fcnet("data", "--out=digits", "digits").out == "digits: exists already\n"
