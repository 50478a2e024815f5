"""Shared fixtures: the command line in-process, and a tiny data set of PNGs. Nothing is downloaded."""

import os
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor

from fcnet import schema
from fcnet.cli.main import main
from fcnet.families.autoencoder import model
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.rundir import tensor_files
from fcnet.system import streams

ROOT = Path(__file__).parent.parent  # of the repository

SIDE = 6  # pixels: tiny images keep the suite fast
CLASSES = 3


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The errors without their prefix."""
        prefix = "fcnet: error: "
        return [line.removeprefix(prefix) for line in self.err.splitlines() if line.startswith(prefix)]


Run = Callable[..., Outcome]


@pytest.fixture(scope="session", autouse=True)
def heeded_signals() -> None:
    """HUP and INT end a process again, also where the tests were started by nohup or behind a shell's ``&``.

    fcnet leaves ignored what is ignored when it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def fcnet(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``fcnet WORDS`` in an empty folder; no traceback may show."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        streams.prepare()  # as the script does
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Outcome(code, out, err)

    return run


def pictures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n images (n, SIDE, SIDE) and labels: class c has a bright band in rows 2c and 2c + 1, on dark noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    images = generator.integers(0, 60, (n, SIDE, SIDE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2, 1:-1] += 150
    return images, labels


def write_numbered(folder: Path, images: np.ndarray, labels: Sequence[object]) -> None:
    """The course's layout: FOLDER/0.png ... and FOLDER.txt, written with Pillow."""
    folder.mkdir(parents=True)
    for i, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    folder.with_suffix(".txt").write_text("".join(f"{label}\n" for label in labels))


@pytest.fixture(scope="session")
def tiny_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 training and 21 test images in the course's layout; copied for each test that asks for ``tiny``."""
    root = tmp_path_factory.mktemp("master") / "tiny"
    write_numbered(root / "train", *pictures(60, 0))
    write_numbered(root / "test", *pictures(21, 1))
    return root


@pytest.fixture
def tiny(tiny_master: Path, tmp_path: Path) -> Path:
    """A folder of one's own to change: train/, train.txt, test/, test.txt and tiny.yaml, a config that learns it."""
    root = tmp_path / "tiny"
    shutil.copytree(tiny_master, root)
    write_config(root / "tiny.yaml", tiny_config(root))
    return root


def tiny_config(root: Path) -> dict:
    """A config for the tiny data; change and write it."""
    return {
        "data": {
            "train": {"images": str(root / "train"), "labels": str(root / "train.txt")},
            "test": {"images": str(root / "test"), "labels": str(root / "test.txt")},
            "image_size": [SIDE, SIDE],
        },
        "model": {"hidden": [8]},
        "train": {"epochs": 3, "batch_size": 7, "optimizer": {"lr": 0.02}, "log_every": 4},
        "device": "cpu",
    }


def write_config(path: Path, values: dict) -> Path:
    """Write a config file."""
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture(scope="session")
def mnist_files() -> Path:
    """The folder of the four official MNIST files, from $FCNET_MNIST."""
    folder = os.environ.get("FCNET_MNIST")
    if not folder:
        pytest.skip("FCNET_MNIST is not set; it names the folder of the four official MNIST files")
    assert Path(folder).is_dir(), f"FCNET_MNIST={folder} is no folder"
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def mnist(mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MNIST written once as an image folder, by the command."""
    root = tmp_path_factory.mktemp("mnist") / "mnist"
    shutil.copytree(mnist_files, root / "MNIST" / "raw")
    assert main(["data", "mnist", "--out", str(root)]) == 0
    return root


# --- autoencoders -------------------------------------------------------------------------------------------------


def autoencoder_spec(**values: object) -> AutoencoderModel:
    """A small autoencoder's config."""
    model = {"kind": "autoencoder", "hidden": [5, 3], "activation": "tanh"} | values
    spec = schema.check([schema.Layer("test", {"data": {"train": {"images": "x"}}, "model": model})]).model
    assert isinstance(spec, AutoencoderModel)
    return spec


def autoencoder(spec: AutoencoderModel) -> AutoEncoder:
    """Its net, of images of 3x4 pixels, in float64."""
    torch.manual_seed(0)
    return model.build(spec, (3, 4)).double()


@pytest.fixture
def x() -> Tensor:
    """Images (20, 12) in [0, 1]."""
    return torch.rand(20, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def auto(tiny: Path) -> Callable[..., Path]:
    """Writes a config of an autoencoder on the tiny data."""

    def write(name: str = "auto", train: dict | None = None, data: dict | None = None, **model: object) -> Path:
        values = tiny_config(tiny)
        values["model"] = {"kind": "autoencoder", "hidden": [8, 3], "activation": "sigmoid"} | model
        values["train"] = {"epochs": 3, "batch_size": 16} | (train or {})
        values["data"] |= data or {}
        return write_config(tiny / f"{name}.yaml", values)

    return write


def weights(run: str) -> dict[str, Tensor]:
    """The weights of a run."""
    return dict(tensor_files.load(Path(run) / "model.pth"))
