"""Judge how fcnet predict reads photos, with pictures made by program, through the command line.

    python scripts/photos.py RUN                          all of it, except folder
    python scripts/photos.py RUN spoiled no-digit --out PICTURES --json photos.json
    python scripts/photos.py RUN folder --folder PHOTOS   PHOTOS/0 to PHOTOS/9, photos of your own
    python scripts/photos.py --make --out PICTURES        only make the pictures

    unchanged   MNIST's test images: how many pass as they are
    spoiled     test images made dark on light, large, off centre, on paper, in shadow, in ink, as JPEG, turned
    no-digit    blank sheets, textures, letters, shapes, photos: how many are read as a digit for sure
    page        pages of 100 digits
    time        seconds for a phone's photo
    folder      accuracy on class folders, and each miss

Pictures depend on --seed alone. RUN is a run on MNIST; --fcnet names another command than this Python's fcnet.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.running import FailedError, say
from photo import making, measures
from photo.digits import Digits
from photo.measures import Section
from photo.paper import textures
from photo.reading import Reader

SECTIONS = ("unchanged", "spoiled", "no-digit", "page", "time", "folder")


def parsed() -> argparse.Namespace:
    """Return the words of the command line, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", help="run directory")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument(
        "--data", type=Path, default=Path("data/mnist"), help="image folder written by fcnet data mnist"
    )
    parser.add_argument("--folder", type=Path, help="class folders of photos")
    parser.add_argument("--n", type=int, default=2000, help="spoiled images")
    parser.add_argument("--thin", type=float, default=0, help="share of these that are drawn with a thin pen")
    parser.add_argument("--empty", type=int, default=500, help="pictures without a digit")
    parser.add_argument("--rounds", type=int, default=3, help="timings of which the median counts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for the pictures (default: a temporary one)")
    parser.add_argument("--make", action="store_true", help="only make the pictures, without RUN")
    parser.add_argument("--fcnet", default=f"{shlex.quote(sys.executable)} -m fcnet", help="command")
    parser.add_argument("--json", type=Path, help="file for the results")
    args = parser.parse_intermixed_args()
    if args.make and args.run in SECTIONS:
        args.run, args.sections = None, [args.run, *args.sections]
    if (wrong := [name for name in args.sections if name not in SECTIONS]) or (args.run is None and not args.make):
        parser.error(f"no such section: {', '.join(wrong)}" if wrong else "RUN is missing")
    if "folder" in args.sections and args.folder is None:
        parser.error("folder needs --folder DIR")
    if args.make and args.out is None:
        parser.error("--make needs --out DIR")
    args.sections = args.sections or [name for name in SECTIONS if name != "folder" or args.folder]
    return args


def make(args: argparse.Namespace, out: Path) -> None:
    """Make the pictures of the sections."""
    makers: dict[str, Callable[[making.Studio], object]] = {
        "spoiled": lambda studio: making.spoiled(studio, args.n, args.thin),
        "no-digit": lambda studio: making.empties(studio, args.empty),
        "page": making.pages,
        "time": making.phone_photos,
    }
    wanted = [name for name in args.sections if name in makers]
    if wanted:
        studio = making.Studio(Digits.of(args.data), textures(args.seed), args.seed, out)
        for name in wanted:
            say(f"making pictures: {name}")
            makers[name](studio)


def judge(args: argparse.Namespace, out: Path) -> dict[str, Section]:
    """Measure the sections and print them; one that fails is named, and the others go on."""
    reader = Reader(shlex.split(args.fcnet), Path(args.run).resolve())
    ways: dict[str, Callable[[], Section]] = {
        "unchanged": lambda: measures.unchanged(reader, Digits.of(args.data)),
        "spoiled": lambda: measures.spoiled(reader, out),
        "no-digit": lambda: measures.empties(reader, out),
        "page": lambda: measures.pages(reader, out),
        "time": lambda: measures.seconds(reader, out, args.rounds),
        "folder": lambda: measures.folder(reader, args.folder),
    }
    results: dict[str, Section] = {}
    for name in args.sections:
        say(f"reading: {name}")
        reader.seconds = 0.0
        try:
            results[name] = ways[name]()
        except FailedError as error:
            results[name] = Section({"failed": str(error)}, [f"failed: {error}"])
        results[name].figures["seconds of reading"] = round(reader.seconds, 1)
        print("\n".join(["", f"{name}:", *(f"  {line}" for line in results[name].lines)]), flush=True)
    return results


def main() -> int:
    """Make, read, print and write."""
    args = parsed()
    with tempfile.TemporaryDirectory() as temporary:
        out = (args.out or Path(temporary)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        make(args, out)
        if args.make:
            return 0
        results = judge(args, out)
    if args.json:
        about: dict[str, Any] = {"run": Path(args.run).name, "seed": args.seed}
        whole = {"about": about} | {name: section.figures for name, section in results.items()}
        args.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if any("failed" in section.figures for section in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
