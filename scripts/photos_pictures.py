"""Draw the pictures of docs/photos.md, of the photos that scripts/example_photos.py draws and a net trained on MNIST.

    python scripts/photos_pictures.py --out docs/images

The net is that of ``--run``; if that does not exist, it is trained there with configs/mnist.yaml.
"""

import argparse
import io
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

import fcnet
from fcnet.cli.main import main as command
from fcnet.commands.predict import files
from fcnet.commands.predict.answers import run_predict
from fcnet.commands.predict.pages import run_find
from fcnet.commands.trained import Located, locate
from fcnet.data.images import colour
from fcnet.data.photos import ground, marks, place, prepare, rules
from fcnet.data.photos.style import Style

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs/examples"
PHOTOS = EXAMPLES / "photos"
SHOWN = {"seven": "7", "three-ruled": "3", "five-squared": "5", "two-pencil": "2", "eight-note": "8", "four-chalk": "4"}
STEPS = ("three-ruled", "two-pencil", "four-chalk")
DPI, QUALITY = 110, 88
FAINT = 25  # of 255: darker pixels do not belong to the digit
RIGHT, WRONG, MARK = "tab:green", "tab:red", "tab:red"


def photo(name: str, longest: int = 400) -> NDArray[np.uint8]:
    """Return an example photo (H, W, 3)."""
    return colour.read(PHOTOS / f"{name}.jpg", longest).pixels


def bare(axes: Iterable[Axes]) -> None:
    """Leave out ticks, and keep a thin frame."""
    for one in axes:
        one.set_xticks([])
        one.set_yticks([])
        for spine in one.spines.values():
            spine.set(color="0.75", linewidth=0.6)


def small(axis: Axes, pixels: NDArray[np.uint8], guides: bool = False) -> None:
    """Show an image (H, W), light on dark, as a net sees it; with guides, the digit's box and its centre of mass."""
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    if guides:
        top, left, bottom, right = box(pixels)
        corner = left - 0.5, top - 0.5
        axis.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, color="tab:cyan", lw=0.9, ls=":"))
        mass = pixels.astype(np.float64)
        middle = np.array([mass.sum(0) @ np.arange(mass.shape[1]), mass.sum(1) @ np.arange(mass.shape[0])]) / mass.sum()
        axis.plot(*middle, "+", color=MARK, markersize=7, markeredgewidth=1.3)


def box(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right (exclusive) of what is light in an image."""
    rows, columns = (np.flatnonzero((pixels > FAINT).any(axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def trained_on(found: Located, style: Style) -> Figure:
    """Draw training images with their box and centre of mass, above photos."""
    images, labels = training_images(found)
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=[1.1, 1])
    above, below = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    above.suptitle(
        f"what the net was trained on: digits in a box (dotted) of {style.box} of {style.size[0]} pixels,"
        " their centre of mass (+) in the middle",
        fontsize=9,
    )
    axes = above.subplots(2, 10, squeeze=False)
    fits = np.array([max(bottom - top, right - left) == style.box for top, left, bottom, right in map(box, images)])
    for column, label in enumerate(np.unique(labels)[:10]):
        of_class = np.concatenate([np.flatnonzero((labels == label) & good) for good in (fits, ~fits)])
        for row, which in enumerate(of_class[:2]):
            small(axes[row, column], images[which], guides=True)
    bare(axes.flat)
    below.suptitle("what people photograph", fontsize=9)
    axes = below.subplots(1, len(SHOWN), squeeze=False)
    for axis, name in zip(axes.flat, SHOWN, strict=True):
        axis.imshow(photo(name))
    bare(axes.flat)
    return figure


def training_images(found: Located) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return training images (n, H, W) and labels (n,)."""
    split, _ = found.settings.data.parts()
    height, width = found.settings.data.image_size
    images = fcnet.ImageFolder.open(split.images, split.labels, size=(height, width))
    return images.images[:200].numpy(), images.labels[:200].numpy()


def answered(found: Located, modes: tuple[str, ...]) -> Figure:
    """Draw photos, and below each what the net sees of it and answers, with each way to prepare it."""
    paths = [PHOTOS / f"{name}.jpg" for name in SHOWN]
    titles = {"off": "resized only\n(--prepare off)", "auto": "prepared"}
    figure = Figure(figsize=(9, 1.7 + 1.75 * len(modes)), layout="constrained")
    axes = figure.subplots(1 + len(modes), len(SHOWN), squeeze=False)
    for axis, name in zip(axes[0], SHOWN, strict=True):
        axis.imshow(photo(name))
    axes[0, 0].set_ylabel("photo", fontsize=9)
    for row, mode in zip(axes[1:], modes, strict=True):
        seen = files.read(paths, found, mode).pixels.numpy()  # type: ignore[arg-type]
        answers = fcnet.predict(found.path, paths, prepare=mode).images  # type: ignore[arg-type, attr-defined]
        for axis, pixels, one, digit in zip(row, seen, answers, SHOWN.values(), strict=True):
            small(axis, pixels)
            paint = RIGHT if one.predicted == digit else WRONG
            title = f"{one.predicted}: {100 * (one.probability or 0):.1f} %"
            axis.set_title(title, fontsize=10, fontweight="bold", color=paint)
        row[0].set_ylabel(titles[mode], fontsize=9)
    bare(axes.flat)
    return figure


def steps(style: Style) -> Figure:
    """Draw what is done to photos, step by step."""
    names = ("photo", "ground", "ink", "marks", "strokes in their box", "what the net sees")
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    axes = figure.subplots(len(STEPS), len(names), squeeze=False, width_ratios=[4, 4, 4, 4, 3, 3])
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(name, fontsize=9)
    for row, name in zip(axes, STEPS, strict=True):
        _step_by_step(row, photo(name, prepare.SIDE), style)
    bare(axes.flat)
    return figure


def _step_by_step(row: NDArray[np.object_], picture: NDArray[np.uint8], style: Style) -> None:
    found = ground.ink(picture)
    assert found is not None
    drawn = marks.marks(found)
    digit = marks.the_digit(drawn)
    row[0].imshow(picture)
    row[1].imshow(_ground(picture))
    row[2].imshow(found.amount, cmap="gray_r", vmin=0, vmax=1)
    row[3].imshow(_coloured(found, drawn, digit))
    top, left, bottom, right = digit.box
    row[3].add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, color="tab:green", lw=1))
    row[4].imshow(_strokes(marks.ink_of(drawn, found, digit.members, digit.box), style))
    small(row[5], prepare.prepare(picture, style).pixels, guides=True)


def _ground(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ground (h, w, 3) of a picture, as it is estimated: on a small copy."""
    values = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
    _, paper = ground._ground(ground._reduced(values))
    small = Image.fromarray((255 * paper.transpose(1, 2, 0)).clip(0, 255).astype(np.uint8))
    return np.asarray(small.resize(picture.shape[1::-1], Image.Resampling.BILINEAR))


def _coloured(found: ground.Ink, drawn: marks.Marks, digit: marks.Digit) -> NDArray[np.uint8]:
    """Return the marks (H, W, 3): the digit's black, rules blue, others orange."""
    shown = np.full((*drawn.labels.shape, 3), 255, np.uint8)
    lines = rules.rules(found.amount > max(marks.STROKE, marks.NOISES * found.noise))
    if lines is not None:
        shown[lines] = (120, 160, 230)
    shown[drawn.labels > 0] = (255, 127, 14)
    shown[np.isin(drawn.labels, digit.members)] = 0
    return shown


def _strokes(amount: NDArray[np.float32], style: Style) -> NDArray[np.uint8]:
    """Return strokes (h, w, 3) enlarged: black as they were, green what was added to them, in a square."""
    solid = place._fine(amount, style.box * place.FINE)
    assert solid is not None
    wide, _ = place._of_width(solid, style)
    side = round(1.15 * max(wide.shape))
    shown = np.full((side, side, 3), 255, np.uint8)
    for mask, paint in ((wide, (130, 200, 130)), (solid, (0, 0, 0))):
        top, left = ((side - own) // 2 for own in mask.shape)
        shown[top : top + mask.shape[0], left : left + mask.shape[1]][mask] = paint
    return shown


def saved(figure: Figure, path: Path) -> None:
    """Write a figure as a JPEG: photos in a PNG are large."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    _as_jpeg(Image.open(buffer), path)


def _as_jpeg(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").save(path, quality=QUALITY, optimize=True)
    print(path)


def shown_by(path: Path, made: Callable[[Path], object], width: int) -> None:
    """Write what ``--show`` draws as a JPEG of a width."""
    drawn = path.with_suffix(".png")
    drawn.unlink(missing_ok=True)
    made(drawn)
    with Image.open(drawn) as picture:
        _as_jpeg(picture.resize((width, round(width * picture.height / picture.width)), Image.Resampling.LANCZOS), path)
    drawn.unlink()


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("plots"), help="folder for the pictures (default: plots)")
    parser.add_argument("--run", type=Path, default=Path("checkpoints/mnist"), help="the net (default: %(default)s)")
    args = parser.parse_args()
    if not (args.run / "result.json").is_file():
        words = ["--config", str(ROOT / "configs/mnist.yaml"), "--out", str(args.run), "--resume"]
        if code := command(["train", *words]):
            sys.exit(code)
    found = locate(args.run)
    style = files.style_of(found)
    if style is None:
        sys.exit(f"{args.run}: its images show no strokes on a plain ground")
    args.out.mkdir(parents=True, exist_ok=True)
    saved(trained_on(found, style), args.out / "photos-training.jpg")
    saved(answered(found, ("off",)), args.out / "photos-off.jpg")
    saved(steps(style), args.out / "photos-steps.jpg")
    saved(answered(found, ("off", "auto")), args.out / "photos-both.jpg")
    doubts, page = ([str(args.run), str(EXAMPLES / name)] for name in ("doubts", "page.jpg"))
    shown_by(args.out / "photos-seen.jpg", lambda path: run_predict(doubts, show=path), 800)
    shown_by(args.out / "photos-page.jpg", lambda path: run_find(page, show=path), 900)


if __name__ == "__main__":
    main()
