"""Digits drawn by program: strokes on 28x28 as MNIST's lie, and sheets as a camera sees them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fcnet.data.augment.replaced.glyphs import FONTS, folder

Pixels = NDArray[np.uint8]


def drawn(text: str, height: int = 120, font: str = FONTS[0]) -> Image.Image:
    """Text in black on white, with a margin."""
    sheet = Image.new("L", (height * (len(text) + 1), 2 * height), 255)
    letters = ImageFont.truetype(str(folder() / font), height)
    ImageDraw.Draw(sheet).text((height // 2, height // 3), text, font=letters, fill=0)
    return sheet


def strokes(number: int) -> Pixels:
    """The digit ``number % 10`` as MNIST has its digits (28, 28), in one of several fonts: light on black."""
    ink = Image.fromarray(255 - np.asarray(drawn(str(number % 10), font=FONTS[number // 10 % len(FONTS)])))
    ink = ink.crop(ink.getbbox())
    scale = 20 / max(ink.size)
    width, height = (max(round(side * scale), 1) for side in ink.size)
    small = np.asarray(ink.resize((width, height), Image.Resampling.BOX)).astype(float)
    middle = [float(small.sum(1 - axis) @ np.arange(small.shape[axis]) / small.sum()) for axis in (0, 1)]
    image = np.zeros((28, 28), np.uint8)
    top, left = (round(14 - one) for one in middle)
    image[top : top + height, left : left + width] = small.round()
    return image


def on_paper(sheet: Image.Image, seed: int = 0, shadow: float = 0.5, noise: float = 4.0) -> Pixels:
    """A sheet as a camera sees it (H, W, 3): warm paper, a shadow with a soft edge across it, noise."""
    generator = np.random.default_rng(seed)
    ink = np.asarray(sheet.convert("L")).astype(float)[:, :, None] / 255
    height, width = ink.shape[:2]
    across = np.linspace(0, 1, width)[None, :] + 0.3 * np.linspace(0, 1, height)[:, None]
    light = shadow + (1 - shadow) / (1 + np.exp((across - 0.6) * 40))
    paper = np.array([225.0, 215.0, 195.0])
    found = paper * (0.2 + 0.8 * ink) * light[:, :, None] + generator.normal(0, noise, (height, width, 1))
    pixels: Pixels = found.clip(0, 255).astype(np.uint8)
    return pixels


PAGE = ("3141", "5926", "5358")


def page() -> Pixels:
    """The digits of ``PAGE`` on paper (780, 760, 3)."""
    sheet = Image.new("L", (760, 780), 255)
    for i, line in enumerate(PAGE):
        for j, digit in enumerate(line):
            sheet.paste(drawn(digit, 110), (30 + 170 * j, 10 + 240 * i))
    return on_paper(sheet, seed=5)
