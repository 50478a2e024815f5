"""What the programs of the course share: their command line, data, and steps of gradient descent."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn

from fcnet import plots
from fcnet.backprop import Layer, back_propagate
from fcnet.model_schema import Activation, NormalInit, PlainActivation
from fcnet.models import FCNet

PICTURES = Path("docs/images")
RUNS = Path("checkpoints/course")
DIGITS = ["data.source=digits", "data.root=data/digits", "data.image_size=[8,8]"]  # settings for a quick look
TEST_EVERY = 5  # of the digits every fifth is a test image


def draw(figure: Callable[[bool], Figure], doc: str | None) -> None:
    """The command line of a program that draws one figure.

    Args:
        figure: makes it, and prints its numbers; told whether to be quick.
        doc: the program's docstring.
    """
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    name = Path(sys.argv[0]).stem.replace("_", "-")
    parser.add_argument(
        "--out", type=Path, default=PICTURES / f"course-{name}.png", help="the figure: .png, .svg, .pdf"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: a look in seconds")
    args = parser.parse_args()
    drawn = figure(args.quick)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(args.out, dpi=plots.DPI)
    print(args.out)


@dataclass(frozen=True)
class Digits:
    """scikit-learn's 8x8 digits: images (N, 64) in [0, 1], float64, and labels (N,)."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor

    @classmethod
    def load(cls) -> "Digits":
        """1,437 training and 360 test images."""
        found = load_digits()
        x, y = torch.from_numpy(found.data) / 16, torch.from_numpy(found.target)
        test = torch.arange(len(x)) % TEST_EVERY == 0
        return cls(x[~test], y[~test], x[test], y[test])


def net(hidden: list[int], activation: str | Activation, seed: int = 0, std: float | None = None) -> FCNet:
    """A net for the digits in float64; with ``std``, Gaussian weights of this standard deviation."""
    torch.manual_seed(seed)
    spec = PlainActivation(name=activation) if isinstance(activation, str) else activation
    more = {} if std is None else {"init": NormalInit(name="normal", std=std)}
    return FCNet(64, hidden, 10, spec, **more).double()


def descend(model: FCNet, x: Tensor, y: Tensor, rate: float) -> tuple[float, list[Layer]]:
    """One step of gradient descent, W(l) <- W(l) - alpha dL/dW(l); the loss before it, and what passed through."""
    loss, layers = back_propagate(model, x, y)
    with torch.no_grad():
        for number, layer in enumerate(layers, 1):
            linear = model.get_submodule(f"fc{number}")
            assert isinstance(linear, nn.Linear)
            linear.weight -= rate * layer.weight
            linear.bias -= rate * layer.bias
    return float(loss), layers


def error_rate(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of images classified wrong."""
    with torch.no_grad():
        return float((model(x).argmax(1) != y).double().mean())


def trained(config: str, settings: list[str]) -> Path:
    """The run of a config with settings, trained by ``fcnet train`` where it is not there yet.

    Ends the program with the exit code of ``fcnet train`` where that fails.
    """
    name = "-".join([Path(config).stem, *(re.sub(r"[^a-z0-9]+", "", word.split("=")[-1]) for word in settings)])
    run = RUNS / name
    command = [sys.executable, "-m", "fcnet", "train", "--config", config, "--out", str(run), "--resume", *settings]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return run


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table, columns aligned."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
