"""Letters and symbols that are no digits, drawn as the training images draw theirs."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fcnet.data.photos.style import Style

# Without those that are written like a digit: b g I l O o q S s Z z.
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYacdefhijkmnprtuvwxy"
SIGNS = "&?%@$#+=*<>"
# Arrows, triangles, boxes, circles, stars, faces, hearts and others, which DejaVu Sans has.
SYMBOLS = (
    "←↑→↓↔↕⇐⇒∀∃∆∇∈∏∑√∩∪≈≠≤≥⌂■□▲△▼▽◆◇☀☁☂☃★☆☎☐☑☒☕☘☝☠☢☮☯☹☺☻♀♂♔♕♖♗♘♙♠♡♢♣♤♥♦♧♨♩♪♫♭♮♯⚐⚑⚒⚓⚔⚖⚗⚙⚠⚡"
    "✂✆✈✉✌✍✎✓✔✗✘✚✝✞✠✡✢✦✧✪✫✿❀❄❅❤➔➘➙➚"
)
FONTS = (
    *("DejaVuSans.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Italic.ttf"),
    *("DejaVuSansMono.ttf", "STIXGeneral.ttf", "STIXGeneralItalic.ttf", "cmr10.ttf", "cmmi10.ttf", "cmss10.ttf"),
    "cmtt10.ttf",
)
SYMBOL_FONT = FONTS[0]

HEIGHT, MARGIN = 100, 50  # pixels that a character is drawn at, and around it


def drawn(style: Style) -> NDArray[np.uint8]:
    """Return all characters, uint8 (n, H, W), in a style."""
    # Imported here: scipy takes as long as all else here, and few trainings need it.
    from fcnet.data.photos.place import place

    placed = (place(amount, style) for amount in _characters())
    return np.stack([one.pixels for one in placed if one is not None])


def _characters() -> Iterator[NDArray[np.float32]]:
    """Yield the ink of each character in each font, (h, w) in [0, 1]."""
    wanted = [(name, LETTERS + SIGNS if name.startswith("DejaVu") else LETTERS) for name in FONTS]
    for name, characters in [*wanted, (SYMBOL_FONT, SYMBOLS)]:
        font = ImageFont.truetype(str(folder() / name), HEIGHT)
        for character in characters:
            sheet = Image.new("L", (2 * HEIGHT + 2 * MARGIN,) * 2)
            ImageDraw.Draw(sheet).text((MARGIN, MARGIN), character, font=font, fill=255)
            box = sheet.getbbox()
            if box is not None:
                yield np.asarray(sheet.crop(box)).astype(np.float32) / np.float32(255)


def folder() -> Path:
    """Return the folder of the fonts that come with matplotlib, which is not imported: that takes half a second."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
