"""The pictures by program that predict is judged on, and how answers are counted."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import photos
import pytest
from photo import boxes, empty, making, measures, pages, paper, pen, reading, spoil
from photo.digits import Digits
from PIL import Image, ImageDraw, ImageOps

LABELS = "1470" * 25

# Answers each picture with its label from the truth beside the folder, and a page with its true digits but one.
READER = """
import json, sys
from pathlib import Path
(where,) = [Path(word) for word in sys.argv[3:] if not word.startswith("--")]
if "--find" in sys.argv:
    (page,) = [one for one in json.loads(Path(f"{where.parent}.json").read_text()) if one["file"] == where.name]
    said = {"predicted": "1", "probability": 0.9, "sure": True, "note": ""}
    digits = [one | said | {"predicted": one["label"]} for one in page["digits"][1:]]
    print(json.dumps({"pages": [{"file": str(where), "size": [1, 1], "digits": digits, "text": page["text"]}]}))
    sys.exit()
truth = where.parent / f"{where.name.replace('originals', 'spoiled')}.json"
key = "original" if where.name == "originals" else "file"
labels = {one[key]: one.get("label") for one in json.loads(truth.read_text())} if truth.is_file() else {}
said = {"probability": 0.9, "probabilities": {}, "sure": True, "note": "", "prepared": []}
print(json.dumps({"predictions": [{"file": str(f), "predicted": labels.get(f.name)} | said for f in where.iterdir()]}))
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An image folder of a hundred drawings, of which no two are alike."""
    folder = tmp_path / "data" / "t10k-images"
    folder.mkdir(parents=True)
    for i, label in enumerate(LABELS):
        image = Image.new("L", (28, 28))
        draw = ImageDraw.Draw(image)
        if label == "0":
            draw.ellipse((6 + i % 3, 4, 20, 23), outline=255, width=3)
        else:
            draw.line([(8 + i % 5, 4), (14, 23)], fill=255, width=3)
        image.save(folder / f"{i}.png")
    (tmp_path / "data" / "t10k-labels.txt").write_text("\n".join(LABELS))
    return tmp_path / "data"


@pytest.fixture
def studio(data: Path, tmp_path: Path) -> making.Studio:
    """What makes pictures, with small textures."""
    return making.Studio(Digits.of(data), paper.textures(0, 256), 0, tmp_path / "out")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_pictures_depend_on_the_seed_alone(studio: making.Studio, data: Path, tmp_path: Path) -> None:
    again = making.Studio(studio.digits, studio.made, 0, tmp_path / "again")
    other = making.Studio(studio.digits, studio.made, 1, tmp_path / "other")
    for made in (studio, again, other):
        making.spoiled(made, 6, thin=0.5)
        making.empties(made, 25)
    for folder in ("spoiled", "no-digit"):
        assert contents(studio.out / folder) == contents(again.out / folder)
    assert not set(contents(studio.out / "spoiled").values()) & set(contents(other.out / "spoiled").values())


def test_labels_are_kept_and_originals_copied(studio: making.Studio) -> None:
    truths = making.spoiled(studio, 6)
    assert truths == making.noted(studio.out, "spoiled")
    for truth in truths:
        index = int(Path(truth["original"]).stem)
        assert truth["label"] == LABELS[index]
        assert (studio.out / "originals" / truth["original"]).read_bytes() == studio.digits.files[index].read_bytes()
        with Image.open(studio.out / "spoiled" / truth["file"]) as image:
            assert ImageOps.exif_transpose(image).size == (truth["width"], truth["height"])
            assert (image.getexif().get(paper.ORIENTATION, 1) != 1) == ("turned" in truth["kinds"])


def test_each_kind_of_spoiling_is_common() -> None:
    assert min(spoil.SHARES.values()) >= 0.3


@pytest.mark.parametrize("orientation", [1, *paper.TURNS])
def test_a_turned_picture_is_displayed_upright(orientation: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    with Image.open(paper.save(pixels, tmp_path / "x", None, orientation)) as image:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(image)), pixels)


def test_pictures_without_a_digit_are_of_all_kinds() -> None:
    plan = empty.plan(500)
    assert len(plan) == len(set(plan)) == 500
    assert {kind for kind, _ in plan} == set(empty.KINDS)
    assert not set(empty.LETTERS) & set(empty.LIKE_DIGITS)
    assert len(empty.LETTERS + empty.LIKE_DIGITS) == 52


@pytest.mark.parametrize("kind", pages.KINDS)
def test_a_page_has_ink_in_each_box(kind: str, studio: making.Studio) -> None:
    page = pages.page(studio.digits, kind, studio.made, studio.rng("page", 0))
    assert page.pixels.shape == (pages.HEIGHT, pages.WIDTH, 3)
    assert sorted("".join(page.text)) == sorted(LABELS)
    assert [len(line) for line in page.text] == [10] * 10
    for digit in page.digits:
        x, y, width, height = (int(side) for side in digit.box)
        inside = page.pixels[y : y + height, x : x + width].min(2)
        assert inside.shape == (height, width)
        assert inside.min() < 0.8 * np.median(inside)


def test_touching_digits_touch() -> None:
    mask = np.ones((20, 10), np.float32)
    assert pages.beside((mask, 100, 50), mask, 105) == 60 - 3
    slanted = np.triu(np.ones((20, 20), np.float32))  # each row begins a pixel further to the right
    assert pages.beside((mask, 100, 50), slanted, 95) == 60 - 3 - 5


def test_the_middle_line_of_ink_is_thin_and_whole() -> None:
    ink = np.zeros((30, 30), bool)
    ink[5:25, 12:18] = True
    thin = pen.thinned(ink)
    assert set(thin.sum(1)) == {0, 1}
    assert thin.any(1).sum() >= 12
    assert not (thin & ~ink).any()


def digit(x: float, line: int, label: str) -> dict[str, Any]:
    return {"box": [x, 100 * line, 10, 20], "line": line, "label": label}


def found(x: float, line: int, predicted: str | None, sure: bool = True) -> dict[str, Any]:
    return {"box": [x, 100 * line + 1, 12, 20], "line": line, "predicted": predicted, "sure": sure}


def test_boxes_are_matched_one_to_one() -> None:
    true = [(0, 0, 10, 10), (10, 0, 10, 10), (50, 0, 10, 10)]
    assert boxes.overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert boxes.overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert boxes.match(true, [(51, 0, 10, 10), (0, 0, 20, 10), (80, 0, 10, 10)]) in ({0: 2, 1: 0}, {0: 2, 1: 1})
    assert boxes.match(true, [(9, 0, 10, 10), (1, 0, 10, 10)]) == {0: 1, 1: 0}
    assert boxes.match(true, []) == boxes.match([], true) == {}


def test_a_page_is_counted() -> None:
    true = [digit(0, 0, "1"), digit(30, 0, "2"), digit(0, 1, "3"), digit(30, 1, "4"), digit(60, 1, "5")]
    answers = [
        found(0, 0, "1"),
        found(30, 0, "7"),
        found(0, 1, None, False),
        found(30, 1, "4", False),
        found(300, 1, "0"),
    ]
    counts = boxes.compared(true, answers, (["12", "345"], ["17", "?40"]))
    assert counts == {
        "digits": 5,
        "right": 2,
        "wrong": 1,
        "nothing said": 1,
        "missed": 1,
        "spurious": 1,
        "spurious and sure": 1,
        "unsure": 2,
        "wrong and sure": 1,
        "in order": True,
        "lines of text right": 0,
        "lines found": 2,
    }


@pytest.mark.parametrize(
    ("order", "lines", "right"),
    [
        ([0, 1, 2, 3], [5, 5, 6, 6], True),
        ([0, 2, 3], [0, 1, 1], True),  # one was missed
        ([1, 0, 2, 3], [0, 0, 1, 1], False),
        ([0, 1, 2, 3], [0, 0, 0, 1], False),
        ([0, 1, 2, 3], [0, 1, 2, 2], False),
    ],
)
def test_reading_order(order: list[int], lines: list[int], right: bool) -> None:
    assert boxes.in_order(dict(enumerate(order)), [0, 0, 1, 1], lines) == right


def test_files_are_named_in_groups() -> None:
    files = [Path(f"{i:04d}") for i in range(10)]
    assert reading.chunks(files, 15) == [files[:3], files[3:6], files[6:9], files[9:]]
    assert reading.chunks([], 15) == []


def test_sections_are_read_through_the_command_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, results = tmp_path / "reader.py", tmp_path / "results.json"
    reader.write_text(READER)
    monkeypatch.setattr(making, "PAGES", ("plain",))
    monkeypatch.setattr(pages, "PHONE", (160, 120))
    words = ["photos.py", str(tmp_path), "unchanged", "spoiled", "no-digit", "page", "time", "--data", str(data)]
    words += ["--n", "4", "--empty", "12", "--rounds", "1", "--out", str(tmp_path / "out"), "--json", str(results)]
    monkeypatch.setattr(sys, "argv", [*words, "--fcnet", f'"{sys.executable}" "{reader}"'])
    monkeypatch.setattr(photos, "textures", lambda seed: paper.textures(seed, 256))
    assert photos.main() == 0
    figures = json.loads(results.read_text())
    assert figures["unchanged"]["unchanged"] == 0  # without an answer
    assert figures["spoiled"]["kinds"]["all"]["accuracy"] == 1
    assert figures["no-digit"]["kinds"]["all"] == {"pictures": 12, "sure": 0, "unsure": 0, "nothing said": 1}
    assert (figures["page"]["pages"][0]["right"], figures["page"]["pages"][0]["missed"]) == (99, 1)
    assert figures["time"]["photos"] == figures["time"]["right"] == making.MANY
    assert "right on the plain pages: 99" in capsys.readouterr().out


def test_misses_of_a_folder_are_listed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"predicted": "4", "probability": 0.25, "sure": False, "note": "faint", "prepared": ["cut"]}

    def read(_: reading.Reader, files: list[Path], parts: int) -> dict[str, Any]:
        return {"/".join(file.parts[-parts:]): said for file in files}

    monkeypatch.setattr(reading.Reader, "read", read)
    for label, name in (("4", "a.png"), ("7", "b.jpg"), ("7", "notes.txt")):
        (data / "photos" / label).mkdir(parents=True, exist_ok=True)
        (data / "photos" / label / name).touch()
    section = measures.folder(reading.Reader(["fcnet"], data), data / "photos")
    assert section.figures["accuracy"] == 0.5
    assert section.figures["misses"] == ["7/b.jpg: 4 25.00 %, unsure (faint)"]


def test_a_failing_command_is_named(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["photos.py", str(tmp_path), "unchanged", "--data", str(data), "--fcnet", "no-such"]
    )
    assert photos.main() == 1
