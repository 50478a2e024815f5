"""What docs/data.md has for data in other forms: its commands and its lines of Python make image folders."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from fcnet.data.dataset import ImageFolder
from helpers.command_line import ROOT, Run
from helpers.imports import kaggle, write_idx

PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8")
IMPORT, OTHERS = (
    PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for heading in ("Import files of other formats", "Data in other forms")
)
BLOCKS = re.findall(r"```python\n(.*?)```", OTHERS, re.DOTALL)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.arange(30, dtype=np.uint8) % 10


def write_what_the_commands_name() -> None:
    kaggle("train.csv", IMAGES, LABELS)
    kaggle("test.csv", IMAGES, None)
    np.savez("mnist.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    np.save("images.npy", IMAGES)
    np.save("labels.npy", LABELS)
    Path("downloads").mkdir()
    for split in ("train", "t10k"):
        write_idx(f"downloads/{split}-images-idx3-ubyte.gz", IMAGES)
        write_idx(f"downloads/{split}-labels-idx1-ubyte.gz", LABELS)
    for split in ("train", "test"):
        write_idx(f"emnist-letters-{split}-images-idx3-ubyte.gz", IMAGES.transpose(0, 2, 1))
        write_idx(f"emnist-letters-{split}-labels-idx1-ubyte.gz", LABELS)


def test_the_commands_write_image_folders(fcnet: Run) -> None:
    write_what_the_commands_name()
    (block,) = re.findall(r"```sh\n(.*?)```", IMPORT, re.DOTALL)
    printed = [fcnet(*shlex.split(line)[1:]) for line in block.splitlines()]
    assert [outcome.code for outcome in printed] == [0] * 5, printed
    for folder in (
        "kaggle/train-",
        "keras/train-",
        "keras/t10k-",
        "arrays/",
        "emnist-letters/t10k-",
        "official/train-",
    ):
        split = ImageFolder.open(f"data/{folder}images", f"data/{folder}labels.txt", size=(28, 28))
        np.testing.assert_array_equal(split.images.numpy(), IMAGES)
        np.testing.assert_array_equal(split.labels.numpy(), LABELS)
    (shown,) = re.findall(r"```text\n(.*?)```", IMPORT, re.DOTALL)
    assert re.sub(r"\d\d,000", "30", shown) == printed[0].out


def mat() -> None:
    from scipy.io import savemat

    colour = np.repeat(IMAGES[..., None], 3, 3).transpose(1, 2, 3, 0)
    savemat("train_32x32.mat", {"X": colour, "y": np.where(LABELS == 0, 10, LABELS)[:, None]})


def test_data_in_other_forms_become_an_image_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mat()
    exec("".join(BLOCKS), {})
    split = ImageFolder.open("train", size=(28, 28))
    assert split.classes == tuple(map(str, range(10)))
    order = np.argsort(LABELS, kind="stable")
    np.testing.assert_array_equal(split.images.numpy(), IMAGES[order])
    np.testing.assert_array_equal(split.labels.numpy(), LABELS[order])
