"""matplotlib with its own settings, never the user's, and with a font for every character that it draws.

A ``matplotlibrc`` may request LaTeX, another size or a missing font, and matplotlib reads it when it is imported. So
code that draws imports this module before anything from matplotlib.
"""

import atexit
import contextlib
import functools
import logging
import os
import shutil
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ParamSpec

LOGGERS = ("matplotlib", "fontTools")


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep matplotlib's messages about fonts, caches and layouts off the terminal."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Import matplotlib without the user's settings file, backend or folder."""
    names = ("MATPLOTLIBRC", "MPLBACKEND", "MPLCONFIGDIR")
    before = {name: os.environ.get(name) for name in names}
    os.environ["MATPLOTLIBRC"], os.environ["MPLBACKEND"] = os.devnull, "agg"
    # A settings file in the current folder takes precedence over that of the variable.
    elsewhere = contextlib.chdir(Path(__file__).parent) if os.path.exists("matplotlibrc") else contextlib.nullcontext()
    try:
        with elsewhere, _silent():
            yield
    finally:
        made = os.environ.get("MPLCONFIGDIR")
        if made and made != before["MPLCONFIGDIR"]:  # a temporary one, if the user's cannot be written to
            shutil.rmtree(made, ignore_errors=True)  # now, because fcnet's processes end without exit handlers
            atexit.register(os.makedirs, made, exist_ok=True)  # or matplotlib's own would find nothing to remove
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


with _alone():
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font
    from matplotlib.text import Text

FONT = "DejaVu Sans"  # bundled with matplotlib
_FILE = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")

if FONT not in font_manager.get_font_names():  # its font list is cached in a file, which may be damaged
    font_manager.fontManager.addfont(_FILE)

# Tried first: their Chinese characters have the shapes used in China.
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
)

# These draw a box for every character, so they do not really have any.
_BOXES = ("Last Resort", "LastResort", "Adobe Blank", "Tofu")

_UNSEEN = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")  # categories of characters that need no glyph

P = ParamSpec("P")


@contextlib.contextmanager
def plain(families: Iterable[str] = ()) -> Iterator[None]:
    """Draw with matplotlib's own settings; characters missing from its font are taken from ``families``."""
    own: Any = {key: value for key, value in dict.items(matplotlib.rcParamsDefault) if key != "backend"}
    own |= {
        "text.parse_math": False,  # names are shown literally: a $ in them does not start a formula
        "font.family": [FONT, *families],
        "svg.hashsalt": "fcnet",  # the same figure gives the same file
    }
    with _silent(), matplotlib.rc_context(own):
        yield


def drawn(make: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a figure with matplotlib's own settings, and with the fonts that its texts need.

    A text keeps the fonts that are set when it is created, so a figure whose texts need others is made again.
    """

    @functools.wraps(make)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with plain():
            figure = make(*args, **kwargs)
        families = fallbacks(_foreign(figure))
        if not families:
            return figure
        with plain(families):
            return make(*args, **kwargs)

    return wrapper


def as_drawn(figure: Figure) -> contextlib.AbstractContextManager[None]:
    """Return the settings that a figure was made with: some of its texts are created when it is saved."""
    return plain(fallbacks(_foreign(figure)))


def missing(figure: Figure) -> frozenset[str]:
    """Return the characters of a figure that no installed font has."""
    foreign = _foreign(figure)
    return foreign.difference(*(_of_family(name, foreign) for name in fallbacks(foreign)))


def _foreign(figure: Figure) -> frozenset[str]:
    """Return the characters of a figure's texts that matplotlib's own font lacks."""
    texts = (text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))
    visible = frozenset(one for one in "".join(texts) if unicodedata.category(one) not in _UNSEEN)
    return visible - _of_own_font(visible)


@functools.cache
def _of_own_font(characters: frozenset[str]) -> frozenset[str]:
    return _in_file(_FILE, 0, characters)


@functools.cache
def fallbacks(characters: frozenset[str]) -> tuple[str, ...]:
    """Return families of installed fonts that together have as many of some characters as possible."""
    found = _chosen(CHINESE_FONTS, characters)
    if characters.difference(*(_of_family(name, characters) for name in found)):
        _add_new_fonts()
        found = _chosen(CHINESE_FONTS, characters)
        left = characters.difference(*(_of_family(name, characters) for name in found))
        found += _chosen(_others(left), left)
    return tuple(found)


def _chosen(families: Iterable[str], characters: frozenset[str]) -> list[str]:
    """Return families that cover some characters: each time the one that has most of those left."""
    has = {name: _of_family(name, characters) for name in families} if characters else {}
    chosen: list[str] = []
    left = characters
    while any(left & own for own in has.values()):
        best = max(has, key=lambda name: len(left & has[name]))  # the first of equal ones
        chosen.append(best)
        left -= has.pop(best)
    return chosen


def _others(characters: frozenset[str]) -> list[str]:
    """Return all families with a font that has any of some characters, sorted by name."""
    fonts = font_manager.fontManager.ttflist if characters else []
    known = {entry.name for entry in fonts if _in_file(entry.fname, getattr(entry, "index", 0), characters)}
    return sorted(name for name in known if not any(word in name for word in _BOXES))


def _of_family(name: str, characters: frozenset[str]) -> frozenset[str]:
    """Return those of some characters that matplotlib would draw with a family."""
    if name not in font_manager.get_font_names():
        return frozenset()
    try:
        with _silent():
            wanted = FontProperties(family=[name])
            found: Any = font_manager.findfont(wanted, fallback_to_default=False, rebuild_if_missing=False)
    except ValueError:  # its file is gone
        return frozenset()
    # Since matplotlib 3.11, which reads all fonts of a collection, a path has the index of its font.
    return _in_file(str(found), getattr(found, "face_index", 0), characters)


@functools.cache
def _in_file(file: str, index: int, characters: frozenset[str]) -> frozenset[str]:
    """Return those of some characters that a font has; none if the file is not a font or is gone."""
    try:
        which: dict[str, Any] = {"face_index": index} if index else {}
        font: Any = FT2Font(file, **which)
        return frozenset(one for one in characters if font.get_char_index(ord(one)))
    except (OSError, RuntimeError, ValueError, TypeError):
        return frozenset()


@functools.cache
def _add_new_fonts() -> None:
    """Add fonts that were installed after matplotlib listed them: it never updates its list."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    with _silent():
        for file in sorted(set(font_manager.findSystemFonts()) - known):
            with contextlib.suppress(Exception):  # like matplotlib itself, skip a font that it cannot read
                font_manager.fontManager.addfont(file)


# Packages of Debian and Ubuntu, by the first word of a character's name in Unicode; all other scripts are in one more.
_PACKAGES = {"CJK": "fonts-noto-cjk", "HIRAGANA": "fonts-noto-cjk", "KATAKANA": "fonts-noto-cjk"}
_PACKAGES |= {"HANGUL": "fonts-noto-cjk", "EMOJI": "fonts-symbola"}

_LISTED = 20  # characters that a warning lists


def advice(characters: Iterable[str]) -> str:
    """Return a warning about characters that no installed font has: which they are, and what to install."""
    found = sorted(characters)
    listed = "".join(found[:_LISTED]) + (" ..." if len(found) > _LISTED else "")
    packages = " ".join(sorted({_package(one) for one in found}))
    has = "1 character" if len(found) == 1 else f"{len(found)} characters"
    return (
        f"plots: no installed font has {has} of the names ({listed}), so each is drawn as a box; install a font"
        f" (Debian, Ubuntu: apt-get install {packages}; others: docs/troubleshooting.md), then redraw with fcnet plot"
    )


def _package(character: str) -> str:
    if unicodedata.category(character) == "So":
        return _PACKAGES["EMOJI"]
    return _PACKAGES.get(unicodedata.name(character, "").split(" ")[0].split("-")[0], "fonts-noto-core")
