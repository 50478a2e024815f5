"""The lines of Python in docs/data.md: each form of data becomes an image folder that fcnet reads."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from fcnet.data.dataset import ImageFolder
from helpers.command_line import ROOT

SECTION = (ROOT / "docs/data.md").read_text(encoding="utf-8").split("## Data in other forms")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.arange(30, dtype=np.uint8) % 10


def npz() -> None:
    np.savez("mnist.npz", x_train=IMAGES, y_train=LABELS)


def table() -> None:
    heading = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    rows = np.concatenate([LABELS[:, None], IMAGES.reshape(30, -1)], 1)
    np.savetxt("train.csv", rows, "%d", ",", header=heading, comments="")


def idx() -> None:
    head = struct.pack(">4B3I", 0, 0, 8, 3, 30, 28, 28)
    Path("emnist-digits-train-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(head + IMAGES.transpose(0, 2, 1).tobytes())
    )
    head = struct.pack(">4BI", 0, 0, 8, 1, 30)
    Path("emnist-digits-train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(head + LABELS.tobytes()))


def mat() -> None:
    from scipy.io import savemat

    colour = np.repeat(IMAGES[..., None], 3, 3).transpose(1, 2, 3, 0)
    savemat("train_32x32.mat", {"X": colour, "y": np.where(LABELS == 0, 10, LABELS)[:, None]})


@pytest.mark.parametrize(("write", "name"), [(npz, "npz"), (table, "csv"), (idx, "idx"), (mat, "mat")])
def test_data_in_other_forms_become_an_image_folder(
    write: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write()  # type: ignore[operator]
    (block,) = (block for block in BLOCKS if f".{name}" in block or f"-{name}" in block)
    exec(block + BLOCKS[-1], {})
    split = ImageFolder.open("train", size=(28, 28))
    assert split.classes == tuple(map(str, range(10)))
    order = np.argsort(LABELS, kind="stable")
    np.testing.assert_array_equal(split.images.numpy(), IMAGES[order])
    np.testing.assert_array_equal(split.labels.numpy(), LABELS[order])
