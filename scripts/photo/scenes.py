"""Pictures of things other than writing: textures, ruled sheets, and photos by program.

Imported by scripts/photos.py; does nothing by itself.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
from numpy.random import Generator
from photo import paper
from photo.paper import Picture, Textures, cut
from PIL import Image, ImageDraw, ImageFilter

Scene = Callable[[Textures, int, int, Generator], Picture]


def picture(image: Image.Image) -> Picture:
    """Return an image as a picture."""
    return np.asarray(image.convert("RGB"), np.float32) / 255


def colour(rng: Generator, low: int = 20, high: int = 240) -> tuple[int, int, int]:
    """Return any colour."""
    red, green, blue = (int(part) for part in rng.integers(low, high, 3))
    return red, green, blue


def wood(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a board of wood: rings stretched along it, with fine grain."""
    down = np.linspace(0, rng.uniform(8, 25), height, dtype=np.float32)[:, None]
    bend = cut(made.clouds, height, width, rng) * np.float32(rng.uniform(0.3, 1.2))
    rings = np.sin(2 * np.pi * (down + bend))
    grain = cut(made.grain, height, width, rng)
    light = 0.8 + 0.12 * rings + 0.04 * (grain + np.roll(grain, 3, 1) + np.roll(grain, 6, 1))
    return paper.tinted(light.astype(np.float32), (0.75, 0.53, 0.33))


def cloth(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return cloth: a weave, with folds."""
    pitch = rng.uniform(5, 14)
    down = np.arange(height, dtype=np.float32)[:, None] * np.float32(2 * np.pi / pitch)
    across = np.arange(width, dtype=np.float32) * np.float32(2 * np.pi / pitch)
    weave = np.sin(down) * np.sin(across) + 0.4 * np.sin(down + across)
    light = (
        0.75 + 0.1 * weave + 0.06 * cut(made.clouds, height, width, rng) + 0.04 * cut(made.noise, height, width, rng)
    )
    red, green, blue = (rng.uniform(0.2, 0.95) for _ in range(3))
    return paper.tinted(light.astype(np.float32), (red, green, blue))


def noise(_: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return noise, fine or coarse, grey or coloured."""
    coarse = int(rng.integers(1, 12))
    small = rng.uniform(0, 1, (height // coarse + 1, width // coarse + 1, 3 if rng.random() < 0.5 else 1))
    image = np.repeat(np.repeat(small, coarse, 0), coarse, 1)[:height, :width]
    return np.broadcast_to(image, (height, width, 3)).astype(np.float32)


def stone(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return stone: clouds and grain of strong contrast."""
    light = 0.55 + 0.12 * cut(made.clouds, height, width, rng) + 0.12 * cut(made.grain, height, width, rng)
    return paper.tinted(np.clip(light, 0, 1).astype(np.float32), (1.0, 0.97, 0.93))


def lined(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return ruled paper without writing."""
    sheet = paper.paper(made, height, width, rng)
    rule(sheet, rng, pitch=height / rng.uniform(6, 25), squared=False)
    return sheet


def squared(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return squared paper without writing."""
    sheet = paper.paper(made, height, width, rng)
    rule(sheet, rng, pitch=height / rng.uniform(8, 40), squared=True)
    return sheet


def rule(sheet: Picture, rng: Generator, pitch: float, squared: bool) -> None:
    """Print lines or squares on a sheet, in pale blue or grey."""
    height, width = sheet.shape[:2]
    strength = np.float32(rng.uniform(0.3, 0.6))
    pale = np.array([(0.45, 0.6, 0.85), (0.6, 0.6, 0.62)][rng.integers(2)], np.float32)
    thick = max(1, round(pitch * rng.uniform(0.02, 0.05)))
    for axis, side in ((0, height), (1, width))[: 2 if squared else 1]:
        for place in np.arange(rng.uniform(0.3, 1) * pitch, side, pitch).astype(int):
            part = sheet[place : place + thick] if axis == 0 else sheet[:, place : place + thick]
            part += strength * (pale - part)


def landscape(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a landscape: sky, hills one behind the other, a sun."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky, haze = np.array([0.35, 0.55, 0.9], np.float32), np.array([0.9, 0.85, 0.75], np.float32)
    view = np.broadcast_to(sky + (haze - sky) * down, (height, width, 3)).copy()
    view += 0.04 * cut(made.clouds, height, width, rng)[:, :, None]
    x = np.linspace(0, 1, width)
    for layer in range(int(rng.integers(2, 5))):
        profile = sum(rng.normal(0, 0.12 / k) * np.sin(2 * np.pi * k * x + rng.uniform(0, 6)) for k in range(1, 9))
        line = (0.4 + 0.13 * layer + profile) * height
        green = np.array([0.35, 0.5, 0.35]) * (1 - 0.2 * layer) * rng.uniform(0.8, 1.2)
        hill = np.arange(height)[:, None] > line
        light = 1 + 0.1 * cut(made.grain, height, width, rng)
        view = np.where(hill[:, :, None], light[:, :, None] * green.astype(np.float32), view)
    return view


def blobs(_: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return blobs out of focus, of many colours."""
    image = Image.new("RGB", (width, height), colour(rng))
    pen = ImageDraw.Draw(image)
    for _number in range(int(rng.integers(10, 40))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.25) * min(height, width)
        pen.ellipse((x - r, y - r * rng.uniform(0.5, 1), x + r, y + r), fill=colour(rng))
    return picture(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.005, 0.03) * min(height, width))))


def desk(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a cluttered desk: wood with books, sheets and pens on it."""
    image = Image.fromarray(paper.bytes_of(wood(made, height, width, rng)))
    pen, side = ImageDraw.Draw(image), min(height, width)
    for _ in range(int(rng.integers(6, 16))):
        long = rng.uniform(0.1, 0.5) * side
        short = long * (rng.uniform(0.03, 0.08) if rng.random() < 0.4 else rng.uniform(0.5, 0.9))
        angle, middle = rng.uniform(0, np.pi), np.array([rng.uniform(0, width), rng.uniform(0, height)])
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (long / 2, short / 2)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        for shift, fill in ((0.015 * side, (45, 32, 22)), (0, colour(rng))):
            pen.polygon([tuple(point) for point in (corners @ turn + middle + shift).tolist()], fill=fill)
    return picture(image.filter(ImageFilter.GaussianBlur(side / 400)))


def portrait(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return what is arranged like a face: hair, skin, eyes, mouth, before a wall."""
    image = Image.new("RGB", (width, height), colour(rng, 90, 220))
    pen, side = ImageDraw.Draw(image), min(height, width)
    x, y, r = width * rng.uniform(0.4, 0.6), height * rng.uniform(0.42, 0.55), side * rng.uniform(0.22, 0.33)
    skin = tuple(int(part * rng.uniform(0.9, 1.1)) for part in ((224, 172, 140), (141, 85, 54))[rng.integers(2)])

    def oval(dx: float, dy: float, rx: float, ry: float, fill: tuple[int, ...]) -> None:
        pen.ellipse((x + (dx - rx) * r, y + (dy - ry) * r, x + (dx + rx) * r, y + (dy + ry) * r), fill=fill)

    oval(0, -0.25, 1.02, 1.15, colour(rng, 15, 110))
    oval(0, 2.4, 1.7, 1.3, colour(rng))
    oval(0, 0.1, 0.82, 1.1, skin)
    for eye in (-0.33, 0.33):
        oval(eye, -0.1, 0.15, 0.08, (240, 240, 240))
        oval(eye, -0.1, 0.07, 0.07, (40, 30, 30))
    oval(0, 0.25, 0.1, 0.16, tuple(int(part * 0.85) for part in skin))
    oval(0, 0.62, 0.3, 0.08, (165, 60, 65))
    view = picture(image.filter(ImageFilter.GaussianBlur(side / 150)))
    return view * (1 + 0.02 * cut(made.noise, height, width, rng))[:, :, None]


def photographs() -> list[Path]:
    """Return the real photos that matplotlib and scikit-learn come with: a person, a temple, a flower."""
    found = [Path(matplotlib.get_data_path()) / "sample_data/grace_hopper.jpg"]
    learn = find_spec("sklearn")
    if learn is not None and learn.origin:
        found += [Path(learn.origin).parent / "datasets/images" / name for name in ("china.jpg", "flower.jpg")]
    return [file for file in found if file.is_file()]


def photograph(_: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a piece of a real photo."""
    files = photographs()
    image = Image.open(files[rng.integers(len(files))])
    share = rng.uniform(0.4, 1) * min(image.width / width, image.height / height)
    size = np.array([width, height]) * share
    left, top = (float(part) for part in rng.uniform(0, 1, 2) * (np.array(image.size) - size))
    region = (left, top, left + float(size[0]), top + float(size[1]))
    return picture(image.resize((width, height), Image.Resampling.BICUBIC, box=region))


TEXTURES: dict[str, Scene] = {
    "wood": wood,
    "cloth": cloth,
    "noise": noise,
    "stone": stone,
    "ruled": lined,
    "squared": squared,
}
PHOTOS: dict[str, Scene] = {
    "landscape": landscape,
    "blobs": blobs,
    "desk": desk,
    "portrait": portrait,
    "photograph": photograph,
}
