"""Draw photos of digits into class folders, to try docs/your-images.md with.

    python scripts/example_folder.py my-digits

No photo was taken (see example_photos.py): paper, pen, place, size and slant are drawn by chance, the same each time.
"""

import sys
from pathlib import Path

import example_photos as drawn
from PIL import Image

PAPERS = (drawn.WHITE, drawn.CREAM, drawn.YELLOW)
PENS = (drawn.BLUE, drawn.BLACK, drawn.RED, drawn.GREY)
SIZE = (240, 320)  # height and width of a photo, in pixels
SPLITS = {"train": 12, "test": 3}  # photos of each digit at least; of some there are more


def photo(digit: str, seed: int) -> Image.Image:
    """Return a photo of one digit."""
    paper = PAPERS[seed % len(PAPERS)]
    sheet = drawn.sheet(SIZE, paper, seed, shadow=0.08 * (seed % 5), side=float(seed))
    height = float(sheet.chance.uniform(80, 170))
    left, top = (float(sheet.chance.uniform(20, side - height - 10)) for side in SIZE[::-1])
    pen = drawn.Pen(PENS[seed % len(PENS)], float(sheet.chance.uniform(4, 9)))
    sheet.write(digit, pen, left, top, height, slant=float(sheet.chance.uniform(-0.15, 0.3)))
    return sheet.taken()


def write(folder: Path) -> None:
    """Write FOLDER/train/0/0.jpg and so on."""
    seed = 0
    for split, count in SPLITS.items():
        for digit in "0123456789":
            (folder / split / digit).mkdir(parents=True, exist_ok=True)
            for number in range(count + int(digit) % 3):
                photo(digit, seed).save(folder / split / digit / f"{number}.jpg", quality=drawn.QUALITY)
                seed += 1


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "my-digits"))
