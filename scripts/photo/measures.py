"""Read the pictures, and count what was read.

Imported by scripts/photos.py; does nothing by itself.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photo.boxes import compared
from photo.digits import Digits
from photo.making import FEW, MANY, Truth, noted
from photo.reading import Answer, Reader
from photo.spoil import SHARES, THIN

SHOWN = 20  # names at most in a list that is printed
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pgm")
WIDTHS = ((0, 200), (200, 500), (500, 1000), (1000, 10_000))  # pixels


NOTHING: Answer = {"predicted": None, "probability": None, "sure": False, "note": "", "prepared": []}


@dataclass
class Section:
    """Results: figures for a file, lines to print."""

    figures: dict[str, Any]
    lines: list[str]


def share(flags: Iterable[bool]) -> float:
    """Return the share of true ones; 0 of none."""
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def percent(value: float) -> str:
    """Format a share."""
    return f"{100 * value:.2f} %"


def table(rows: Sequence[Sequence[object]]) -> list[str]:
    """Return lines of a table whose columns but the first are flush right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]


def listed(title: str, lines: Sequence[str]) -> list[str]:
    """Return the first lines of a list under a title, and how many more there are."""
    more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [title, *(f"  {line}" for line in lines[:SHOWN]), *more] if lines else []


def told(answer: Answer) -> str:
    """Return an answer in a line."""
    sure = "" if answer["sure"] else ", unsure"
    probability = "" if answer["probability"] is None else f" {percent(answer['probability'])}"
    note = f" ({answer['note']})" if answer["note"] else ""
    return f"{answer['predicted']}{probability}{sure}{note}"


def of(answers: dict[str, Answer], name: str) -> Answer:
    """Return the answer to a picture; one left out counts as not read."""
    if name not in answers:
        return NOTHING | {"note": "not in the answers"}
    return NOTHING | answers[name]


def unchanged(reader: Reader, digits: Digits) -> Section:
    """Count the images of a data set that pass as they are."""
    answers = reader.read(digits.files[0].parent)
    found = [
        (file.name, label, of(answers, file.name)) for file, label in zip(digits.files, digits.labels, strict=True)
    ]
    changed = [f"{name}: {', '.join(one['prepared']) or told(one)}" for name, _, one in found if not passed(one)]
    figures = {
        "images": len(found),
        "unchanged": len(found) - len(changed),
        "accuracy": share(one["predicted"] == label for _, label, one in found),
        "unsure": share(not one["sure"] for *_, one in found),
        "changed": changed,
    }
    lines = table(
        [
            ["images", len(found)],
            ["passed unchanged", figures["unchanged"]],
            ["accuracy", percent(figures["accuracy"])],
            ["unsure", percent(figures["unsure"])],
        ]
    )
    return Section(figures, lines + listed("changed:", changed))


def passed(answer: Answer) -> bool:
    """Return whether an image's pixels were read as they are."""
    return answer["prepared"] == [] and answer["predicted"] is not None


Pair = tuple[Truth, Answer, Answer]  # what is there, the answer to the spoiled image, and to the original


def spoiled(reader: Reader, out: Path) -> Section:
    """Compare the accuracy on spoiled images with that on the originals."""
    truths, read, plain = noted(out, "spoiled"), reader.read(out / "spoiled"), reader.read(out / "originals")
    pairs = [(truth, of(read, truth["file"]), of(plain, truth["original"])) for truth in truths]
    groups = {"all": pairs}
    for pair in pairs:
        for name in groups_of(pair[0]):
            groups.setdefault(name, []).append(pair)
    kinds = {name: counted(groups[name]) for name in sorted(groups, key=order)}
    lost = [
        f"{truth['file']}: {truth['label']} read as {told(one)}; {', '.join(truth['kinds'])}"
        for truth, one, before in pairs
        if one["predicted"] != truth["label"] == before["predicted"]
    ]
    rows = [
        [name, *(row[key] if key == "images" else percent(row[key]) for key in COLUMNS)] for name, row in kinds.items()
    ]
    lines = table([["", *COLUMNS], *rows])
    return Section({"kinds": kinds, "lost": lost}, lines + listed("right before, wrong now:", lost))


COLUMNS = ("images", "accuracy", "originals", "loss", "unsure", "nothing said", "wrong and sure")


def groups_of(truth: Truth) -> list[str]:
    """Return what a spoiled image is counted under: kinds of spoiling, its ink, its width."""
    low, high = next((low, high) for low, high in WIDTHS if low <= truth["width"] < high)
    return [*truth["kinds"], f"ink: {truth['ink']}", f"width: {low} to {high - 1}"]


def order(name: str) -> tuple[int, int, str]:
    """Return where a group goes in the table: kinds in their order, inks by name, widths by size."""
    kinds = ["all", *SHARES, THIN]
    if name in kinds:
        return 0, kinds.index(name), name
    words = name.split()
    return (1, 0, name) if words[0] == "ink:" else (2, int(words[1]), name)


def counted(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return accuracy and what goes with it of a group of spoiled images."""
    now = share(one["predicted"] == truth["label"] for truth, one, _ in pairs)
    before = share(one["predicted"] == truth["label"] for truth, _, one in pairs)
    return {
        "images": len(pairs),
        "accuracy": now,
        "originals": before,
        "loss": before - now,
        "unsure": share(not one["sure"] for _, one, _ in pairs),
        "unsure originals": share(not one["sure"] for *_, one in pairs),
        "nothing said": share(one["predicted"] is None for _, one, _ in pairs),
        "wrong and sure": share(bool(one["sure"]) and one["predicted"] != truth["label"] for truth, one, _ in pairs),
    }


def empties(reader: Reader, out: Path) -> Section:
    """Count the pictures without a digit that are read as one for sure."""
    answers = reader.read(out / "no-digit")
    found = [(truth, of(answers, truth["file"])) for truth in noted(out, "no-digit")]
    proper = [(truth, one) for truth, one in found if "like" not in truth["kind"]]
    groups = {"all": found, "all but letters like digits": proper}
    for truth, one in found:
        for name in (truth["kind"], f"{truth['kind']}: {truth['part']}"):
            groups.setdefault(name, []).append((truth, one))
    kinds = {
        name: {"pictures": len(group), "sure": share(wrongly(one) for _, one in group)}
        | {"unsure": share(one["predicted"] is not None and not one["sure"] for _, one in group)}
        | {"nothing said": share(one["predicted"] is None for _, one in group)}
        for name, group in groups.items()
    }
    wrong = [f"{truth['file']}: {named(truth)} read as {told(one)}" for truth, one in proper if wrongly(one)]
    rows = [[name, row["pictures"], *(percent(row[key]) for key in EMPTY)] for name, row in kinds.items()]
    lines = table([["", "pictures", "read for sure", "unsure", "nothing said"], *rows])
    letters = Counter(truth["letter"] for truth, one in found if truth["letter"] and wrongly(one))
    common = ", ".join(f"{letter} {n}" for letter, n in letters.most_common())
    lines += [f"letters read for sure: {common}"] if common else []
    return Section(
        {"kinds": kinds, "wrong": wrong, "letters": dict(letters)},
        lines + listed("read for sure, not like digits:", wrong),
    )


EMPTY = ("sure", "unsure", "nothing said")


def wrongly(answer: Answer) -> bool:
    """Return whether a picture without a digit was read as one for sure."""
    return answer["predicted"] is not None and bool(answer["sure"])


def named(truth: Truth) -> str:
    """Return what is on a picture without a digit."""
    return " ".join(word for word in (truth["kind"], truth["part"], truth["letter"]) if word)


def pages(reader: Reader, out: Path) -> Section:
    """Find and read the digits of pages."""
    rows = []
    for truth in noted(out, "pages"):
        page = reader.find(out / "pages" / truth["file"])
        counts = compared(truth["digits"], page["digits"], (truth["text"], page["text"]))
        rows.append({"page": truth["file"]} | counts)
    cells = [["yes" if cell is True else "no" if cell is False else cell for cell in row.values()] for row in rows]
    plain = [row["right"] for row in rows if "plain" in row["page"]]
    lines = table([list(rows[0]), *cells])
    lines.append(f"right on the plain pages: {', '.join(map(str, plain))}")
    return Section({"pages": rows}, lines)


def seconds(reader: Reader, out: Path, rounds: int) -> Section:
    """Time folders of few and many phone photos in turns; what a photo takes is the slope of the medians."""
    times: dict[str, list[float]] = {"few": [], "many": []}
    answers: dict[str, Answer] = {}
    for _ in range(rounds):
        for name, taken in times.items():
            started = time.perf_counter()
            answers = reader.read(out / f"phone-{name}")
            taken.append(time.perf_counter() - started)
    few, many = (statistics.median(taken) for taken in times.values())
    truths = noted(out, "phone-many")
    figures = {
        "seconds per photo": (many - few) / (MANY - FEW),
        f"seconds of {FEW}": few,
        f"seconds of {MANY}": many,
        "right": sum(of(answers, truth["file"])["predicted"] == truth["label"] for truth in truths),
        "photos": len(truths),
    }
    rows = [[name, f"{value:.3f}" if isinstance(value, float) else value] for name, value in figures.items()]
    return Section(figures | {"times": times}, table(rows))


def folder(reader: Reader, photos: Path) -> Section:
    """Read class folders of photos, and list the misses."""
    files = [file.resolve() for file in sorted(photos.glob("*/*")) if file.suffix.lower() in PICTURES]
    answers = reader.read(files, parts=2)
    found = [(file.parent.name, file.name, of(answers, f"{file.parent.name}/{file.name}")) for file in files]
    misses = [f"{label}/{name}: {told(one)}" for label, name, one in found if one["predicted"] != label]
    figures = {
        "photos": len(found),
        "accuracy": share(one["predicted"] == label for label, _, one in found),
        "unsure": share(not one["sure"] for *_, one in found),
        "wrong and sure": share(bool(one["sure"]) and one["predicted"] != label for label, _, one in found),
        "classes": {
            name: share(one["predicted"] == name for label, _, one in found if label == name)
            for name in sorted({label for label, *_ in found})
        },
        "misses": misses,
    }
    rows = [["photos", len(found)], ["right", len(found) - len(misses)]]
    rows += [[key, percent(figures[key])] for key in ("accuracy", "unsure", "wrong and sure")]
    return Section(figures, [*table(rows), *(["misses:", *(f"  {miss}" for miss in misses)] if misses else [])])
