"""Shared code of the course's programs: their command line, data, and steps of gradient descent."""

import argparse
import contextlib
import io
import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from words import LANGUAGES, Words

from fcnet.cli.main import main
from fcnet.config.layers import Activation, NormalInit, PlainActivation
from fcnet.data import known_sets
from fcnet.families.common.fully_connected import FCNet
from fcnet.plots import curves, style
from fcnet.system.files import write_bytes
from fcnet.system.text import width
from fcnet.system.threads import limits
from fcnet.training.steps.backprop import Layer, back_propagate

# isort: split
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

ROOT = Path(__file__).parents[2]  # of the repository
PICTURES = Path("plots/course")
RUNS = Path("checkpoints/course")
DIGITS = ["data.source=digits", "data.root=data/digits", "data.image_size=[8,8]"]  # settings for a quick look
FORMATS = (".png", ".svg", ".pdf")
COLOURS = 256  # of a palette


@dataclass(frozen=True)
class Drawn:
    """The result of a program of the course: what was computed, once, and how it is shown in any language.

    Attributes:
        picture: draws the figure in a language.
        report: prints the numbers in a language.
        numbers: the numbers that the page quotes, by name (docs/figures.yaml has them as course.PROGRAM.NAME).
        see: what the figure shows, in one sentence of the catalogue (``words``).
    """

    picture: Callable[[Words], Figure]
    report: Callable[[Words], None]
    numbers: dict[str, float]
    see: str


def draw(make: Callable[[bool], Drawn], doc: str | None, threads: int | None = 1) -> None:
    """Run the command line of a program that draws one figure.

    Args:
        make: computes what is drawn; its argument says whether to be quick.
        doc: the program's docstring.
        threads: how many threads to use; None for all. Several would mostly wait for each other in products this small.
    """
    args = arguments(doc)
    with limits.chosen(threads):
        drawn = make(args.quick)
    for language in dict.fromkeys(args.language):
        say = Words(language)
        drawn.report(say)
        path = target(args.out, Path(sys.argv[0]).stem, language)
        save(style.drawn(drawn.picture)(say), path)
        print(say("What to see: {see}", see=say(drawn.see)))
        print(path)


def arguments(doc: str | None) -> argparse.Namespace:
    """Return the parsed command line: ``out``, ``language`` and ``quick``."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument(
        "--out",
        type=Path,
        default=PICTURES,
        help=f"folder for the figure (default: {PICTURES}); or a file ending in {', '.join(FORMATS)}",
    )
    parser.add_argument(
        "--language",
        nargs="+",
        choices=LANGUAGES,
        default=["en"],
        help="language of the figure: en (the default), zh (Chinese), or both, computed once",
    )
    parser.add_argument("--quick", action="store_true", help="use small sizes, to finish in seconds")
    args = parser.parse_args()
    if len(set(args.language)) > 1 and is_file(args.out):
        parser.error(f"--out: {args.out} is one file, for two languages; name a folder")
    return args


def is_file(out: Path) -> bool:
    """Return whether ``--out`` names a file, not a folder."""
    return out.suffix.lower() in FORMATS and not out.is_dir()


def target(out: Path, program: str, language: str) -> Path:
    """Return the file that a program draws to: a default name in a folder, or the file that was given."""
    if is_file(out):
        return out
    return out / f"course-{program.replace('_', '-')}{LANGUAGES[language]}.png"


def save(figure: Figure, path: Path) -> None:
    """Write a figure; as PNG with a palette, a third of the size. Warn if no installed font has a character of it."""
    lacking = curves.save(figure, path)
    if lacking:
        print(f"warning: {style.advice(lacking).partition(', then redraw')[0]}", file=sys.stderr)
    if path.suffix.lower() == ".png":
        packed = io.BytesIO()
        with Image.open(path) as picture:
            palette = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            palette.save(packed, "png", optimize=True, dpi=(curves.DPI, curves.DPI))
        write_bytes(path, packed.getvalue())


def logarithmic(axis: Axis, text: Callable[[float], str] = "{:g}".format) -> None:
    """Label an axis with logarithmic scale at its main ticks alone, with plain text."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float) -> str:
    """Return a power of ten with its exponent raised: 10⁻³."""
    return "10" + f"{math.log10(value):.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


@dataclass(frozen=True)
class Digits:
    """scikit-learn's 8x8 digits: images (N, 64) in [0, 1], float64, and labels (N,)."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor

    @classmethod
    def load(cls) -> "Digits":
        """Return the 1,433 training and 364 test images of configs/digits.yaml."""
        splits = [tensors for images, labels in known_sets.digits().values() for tensors in pixels(images, labels)]
        return cls(*splits)


def pixels(images: known_sets.Images, labels: known_sets.Labels) -> tuple[Tensor, Tensor]:
    """Return images (N, H, W) of bytes as rows in [0, 1] (N, H W), and labels (N,)."""
    return torch.from_numpy(images).double().flatten(1) / 255, torch.from_numpy(labels)


def net(hidden: list[int], activation: str | Activation, seed: int = 0, std: float | None = None) -> FCNet:
    """Return a net for the digits in float64; with ``std``, its weights are Gaussian with this standard deviation."""
    torch.manual_seed(seed)
    spec = PlainActivation(name=activation) if isinstance(activation, str) else activation
    more = {} if std is None else {"init": NormalInit(name="normal", std=std)}
    return FCNet(64, hidden, 10, spec, **more).double()


def descend(model: FCNet, x: Tensor, y: Tensor, rate: float) -> tuple[float, list[Layer]]:
    """Do a step of gradient descent, W(l) <- W(l) - alpha dL/dW(l); return the loss before it, and the layers."""
    loss, layers = back_propagate(model, x, y)
    with torch.no_grad():
        for number, layer in enumerate(layers, 1):
            linear = model.get_submodule(f"fc{number}")
            assert isinstance(linear, nn.Linear)
            linear.weight -= rate * layer.weight
            linear.bias -= rate * layer.bias
    return float(loss), layers


def error_rate(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the share of images classified incorrectly."""
    with torch.no_grad():
        return float((model(x).argmax(1) != y).double().mean())


def trained(config: str, settings: list[str], runs: Path = RUNS) -> Path:
    """Return the run of a config of configs/course with settings, trained by ``fcnet train`` if it does not exist yet.

    Ends the program with the exit code of ``fcnet train`` if that fails.
    """
    run = run_of(config, settings, runs)
    words = ["--config", str(ROOT / f"configs/course/{config}.yaml"), "--out", str(run), "--resume", *settings]
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(["train", *words])
    if code:
        sys.exit(code)
    return run


def has_run(config: str, settings: list[str]) -> bool:
    """Return whether a config with settings has been trained."""
    return (run_of(config, settings, RUNS) / "result.json").exists()


def run_of(config: str, settings: list[str], runs: Path) -> Path:
    """Return the folder of a run: named after its config and its settings."""
    return runs / "-".join([config, *(re.sub(r"[^a-z0-9]+", "", word.split("=")[-1]) for word in settings)])


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table, columns aligned."""
    widths = [max(width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(" " * (space - width(cell)) + cell for cell, space in zip(row, widths, strict=True)))
