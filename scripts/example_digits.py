"""Draw the digits of docs/examples, for the README's commands: ten images, their labels, and a single image.

python scripts/example_digits.py
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw

OUT = Path(__file__).parent.parent / "docs/examples"
CANVAS, SIDE, PEN = 280, 112, 26  # pixels: drawing area, saved image, line width
ALONE = 7  # photo.png

Point = tuple[float, float]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Return points of an ellipse's arc; angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 60) for step in range(61)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


STROKES: dict[int, list[list[Point]]] = {
    0: [arc(140, 140, 58, 92, 0, 360)],
    1: [[(150, 48), (132, 232)]],
    2: [[*arc(138, 98, 54, 52, 190, 380), (84, 228), (204, 224)]],
    3: [[*arc(132, 94, 50, 46, 200, 440)], [*arc(132, 184, 58, 48, -85, 150)]],
    4: [[(98, 52), (82, 150), (198, 144)], [(186, 56), (172, 236)]],
    5: [[(200, 52), (112, 54), (100, 130), *arc(134, 176, 56, 54, -120, 140)]],
    6: [[*arc(186, 172, 98, 126, 260, 180), *arc(138, 180, 50, 52, 180, 540)]],
    7: [[(78, 62), (202, 58), (128, 234)]],
    8: [arc(140, 92, 44, 44, 0, 360), arc(140, 186, 52, 50, 0, 360)],
    9: [arc(136, 100, 50, 50, 0, 360), [(186, 100), (176, 170), (164, 234)]],
}


def drawn(digit: int) -> Image.Image:
    """Return a digit in white on black, with its centre of mass in the middle, like MNIST's."""
    image = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(image)
    for stroke in STROKES[digit]:
        pen.line(stroke, fill=255, width=PEN)
        for x, y in stroke:  # round ends and corners
            pen.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=255)
    down, across = np.argwhere(np.asarray(image)).mean(0) - CANVAS / 2
    image = ImageChops.offset(image, -round(across), -round(down))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    """Write all files."""
    folder = OUT / "digits"
    folder.mkdir(parents=True, exist_ok=True)
    for digit in STROKES:
        drawn(digit).save(folder / f"{digit}.png", optimize=True)
    (OUT / "digits.txt").write_text("".join(f"{digit}\n" for digit in STROKES), encoding="ascii")
    drawn(ALONE).save(OUT / "photo.png", optimize=True)


if __name__ == "__main__":
    main()
