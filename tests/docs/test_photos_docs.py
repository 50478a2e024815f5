"""docs/photos.md: its commands as they are pasted, its photos, what it says of each, and its pictures."""

import importlib
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import example_digits
import example_photos
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from fcnet.families.common.fully_connected import FCNet
from helpers.command_line import ROOT, Run
from helpers.tiny import write_config, write_numbered

TEXT = (ROOT / "docs/photos.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
ANSWERED = re.findall(r"^```sh\n([^`]*?)^```\n\n```text\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
(CODE,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PICTURES = ("training", "off", "steps", "both", "seen", "page")


def digits_like_mnist(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n digits (n, 28, 28) and labels: light on black in a box of 20, centred by mass, moved a little by chance."""
    generator, labels = np.random.default_rng(seed), np.arange(n) % 10
    images = np.zeros((n, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        sheet = Image.new("L", (280, 280))
        pen = ImageDraw.Draw(sheet)
        for stroke in example_digits.STROKES[int(label)]:
            moved = [(x + generator.normal(0, 1), y + generator.normal(0, 1)) for x, y in stroke]
            pen.line(moved, fill=255, width=int(generator.integers(24, 34)), joint="curve")
        drawn = sheet.crop(sheet.getbbox())
        scale = 20 / max(drawn.size)
        small = np.asarray(drawn.resize([max(round(side * scale), 1) for side in drawn.size], Image.Resampling.BOX))
        middle = [small.sum(1 - axis) @ np.arange(side) / small.sum() for axis, side in enumerate(small.shape)]
        top, left = (round(13.5 - float(one)) for one in middle)
        image[top : top + small.shape[0], left : left + small.shape[1]] = small
    return images, labels


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page's commands need, with few images in place of MNIST's; the current folder."""
    root = tmp_path / "copy"
    for name in ("configs", "docs/examples"):
        shutil.copytree(ROOT / name, root / name)
    for split, n in (("train", 100), ("t10k", 30)):
        folder = root / "data/mnist" / split
        write_numbered(folder, *digits_like_mnist(n, seed=n))
        folder.with_suffix(".txt").rename(folder.with_name(f"{split}-labels.txt"))
        folder.rename(folder.with_name(f"{split}-images"))
    for split, n in (("train", 6), ("test", 1)):
        for digit in "0123456789":
            (root / "my-digits" / split / digit).mkdir(parents=True)
            for i in range(n):
                photo = example_photos.sheet((120, 160), example_photos.CREAM, seed=100 * int(digit) + 10 * n + i)
                photo.write(digit, example_photos.Pen(example_photos.BLUE, 3), 10 + 12 * i, 2 + 4 * i, 34 + 9 * i)
                photo.taken().save(root / "my-digits" / split / digit / f"{i}.jpg")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words for a model file of the course, untrained, beside docs/examples: its images are MNIST's."""
    torch.save(FCNet(784, [500], 10).state_dict(), tmp_path / "model.pth")
    write_config(
        tmp_path / "m.yaml",
        {"data": {"source": "mnist", "root": "m", "classes": list("0123456789")}, "model": {"hidden": [500]}},
    )
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    monkeypatch.chdir(tmp_path)
    return ["--config", "m.yaml"]


def test_what_is_pasted_is_done(
    copy: Path, fcnet: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each command in turn, on few images, ends well; the warning that the page quotes comes; the program runs."""
    monkeypatch.chdir(copy)  # the fixture of the command line has left it
    for line in "".join(BLOCKS).splitlines():
        program, *words = shlex.split(line)
        assert program == "fcnet"
        outcome = fcnet(*words)
        assert outcome.code == 0, (words, outcome.err)
    for made in ("seen.png", "found.png", "checkpoints/mnist/result.json", "checkpoints/own-images/result.json"):
        assert (copy / made).is_file(), made
    warned = fcnet("train", "--config", "configs/own-images.yaml", "train.epochs=1").err
    (quoted,) = re.findall(r"^fcnet: warning: .*", TEXT, re.MULTILINE)
    assert quoted in warned.splitlines()
    exec(CODE, {})
    assert "docs/examples/photos/two-pencil.jpg" in capfd.readouterr().out


@pytest.mark.parametrize(("block", "table"), [one for one in ANSWERED if "checkpoints/mnist" in one[0]])
def test_what_the_page_says_of_the_photos_is_so(course: list[str], fcnet: Run, block: str, table: str) -> None:
    """What was prepared, what nobody can read, the digits of a page that do not touch: the net does not matter."""
    words = shlex.split(block.splitlines()[-1])[1:]
    words[words.index("checkpoints/mnist")] = "model.pth"
    outcome = fcnet(*words, *course, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    if "--find" in words:
        (page,) = found["pages"]
        lines = [line.strip() for line in table.splitlines()[1:4]]
        assert [len(line) for line in (page["text"][0], page["text"][2])] == [len(lines[0]), len(lines[2])]
        assert len(page["text"][1]) in (len(lines[1]) - 1, len(lines[1]))  # the net says whether to cut the two
        return
    header, *rows = table.splitlines()
    assert len(rows) == len(found["predictions"])
    for row, one in zip(rows, found["predictions"], strict=True):
        assert row.split()[0] == one["file"]
        if "prepared" in header:
            assert row.endswith(f"  {', '.join(one['prepared']) or '-'}")
        assert not one["prepared"] or "prepared" in header
        if one["predicted"] is None or "touches" in one["note"]:
            assert one["note"] in row
        else:
            assert "uncertain" in row or "note" not in header or "  -" in row


def test_all_photos_are_those_that_the_script_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Up to what versions of Pillow's JPEGs differ."""
    monkeypatch.setattr(example_photos, "OUT", tmp_path)
    example_photos.main()
    names = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.jpg")}
    assert names == {path.relative_to(ROOT / "docs/examples") for path in (ROOT / "docs/examples").rglob("*.jpg")}
    for name in names:
        with Image.open(tmp_path / name) as drawn, Image.open(ROOT / "docs/examples" / name) as shipped:
            assert np.abs(np.asarray(drawn, int) - np.asarray(shipped, int)).mean() < 2, (
                name
            )  # decoders differ a little


def test_all_pictures_are_drawn_small_enough_and_shown(copy: Path, fcnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a net of another data set, with the same sizes as those of the page."""
    monkeypatch.chdir(copy)
    assert fcnet("train", "--config", "configs/mnist.yaml", "train.epochs=1").code == 0
    monkeypatch.setattr(sys, "argv", ["photos_pictures.py", "--out", "out"])
    importlib.import_module("photos_pictures").main()
    made = sorted(Path("out").iterdir())
    assert [path.name for path in made] == sorted(f"photos-{name}.jpg" for name in PICTURES)
    total = 0
    for path in made:
        own = ROOT / "docs/images" / path.name
        with Image.open(path) as drawn, Image.open(own) as shipped:
            assert drawn.size == shipped.size
        assert f"(images/{path.name})" in TEXT
        assert own.stat().st_size < 150_000
        total += own.stat().st_size
    assert total < 900_000
