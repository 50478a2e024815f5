"""data.prepare: mnist trains on photos; what it caches, records and refuses; signs of several parts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from helpers.command_line import Run
from helpers.digits import drawn, on_paper
from helpers.tiny import write_config


def written(folder: Path, sheets: Sequence[Image.Image], first: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i, sheet in enumerate(sheets, first):
        Image.fromarray(on_paper(sheet, seed=i)).save(folder / f"{i}.jpg", quality=92)


def configured(root: Path, **data: object) -> Path:
    values = {"train": {"images": str(root / "train")}, "image_size": [28, 28], "prepare": "mnist"}
    model = {"model": {"hidden": [8]}, "train": {"epochs": 2, "optimizer": {"lr": 0.02}}, "device": "cpu"}
    return write_config(root / "own.yaml", {"data": values | data} | model)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with photos of three digits in train/, and own.yaml."""
    for digit in "147":
        written(tmp_path / "train" / digit, [drawn(digit, 60 + 20 * i) for i in range(4)], 10 * int(digit))
    configured(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def facts(run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(run, "environment.json").read_text())
    return found


def arrays() -> set[str]:
    return {path.name for path in Path().rglob("*.npy")}


def test_prepared_images_are_cached_and_are_other_data(fcnet: Run, own: Path) -> None:
    assert fcnet("train", "-c", "own.yaml", "--out", "run").code == 0
    (cached,) = arrays()
    assert "prepared" in cached
    style = facts("run")["style"]
    assert (style["ground"], style["box"], style["single"]) == (0, 20, True)
    resume = ("train.epochs=3", "--out", "run", "--resume")
    outcome = fcnet("train", "-c", "own.yaml", "data.prepare=null", *resume)
    assert outcome.code == 2
    assert any("data.prepare" in error for error in outcome.errors)
    outcome = fcnet("train", "-c", "own.yaml", *resume)
    assert outcome.code == 0
    assert "decoding" not in outcome.err
    assert arrays() == {cached}
    assert fcnet("train", "-c", "own.yaml", "data.prepare=null", "--out", "plain").code == 0
    assert "prepared" not in next(iter(arrays() - {cached}))
    prints = [facts(run)["data"]["train"]["sha256"] for run in ("run", "plain")]
    assert prints[0] != prints[1]


def test_a_photo_with_nothing_on_it_is_named_or_skipped(fcnet: Run, own: Path) -> None:
    written(own / "train/4", [drawn("", 100)], 77)
    outcome = fcnet("train", "-c", "own.yaml", "--out", "run")
    assert outcome.code == 3
    assert outcome.errors == [
        f"{own}/train/4/77.jpg: nothing written found; replace or remove it, or do not prepare images"
    ]
    assert not Path("run").exists()
    assert fcnet("train", "-c", "own.yaml", "data.on_bad=skip", "--out", "run").code == 0
    assert "train/4/77.jpg: nothing written found" in Path("run/skipped.txt").read_text()
    assert facts("run")["data"]["train"]["n"] == 12


def bars(upright: bool, n: int) -> Image.Image:
    """Bars side by side, or one above the other."""
    sheet = Image.new("L", (300, 300), 255)
    for i in range(n):
        ImageDraw.Draw(sheet).line((80 + 70 * i, 70, 80 + 70 * i, 230), fill=0, width=12)
    return sheet if upright else sheet.transpose(Image.Transpose.ROTATE_90)


def test_signs_of_several_parts_are_read_by_a_net_trained_on_them(fcnet: Run, own: Path) -> None:
    for name, upright in (("川", True), ("三", False)):
        written(own / "signs/train" / name, [bars(upright, 3)] * 4)
    configured(own / "signs")
    assert fcnet("train", "-c", "signs/own.yaml", "train.epochs=20", "--out", "run").code == 0
    assert facts("run")["style"]["single"] is False
    Image.fromarray(on_paper(bars(True, 3), seed=9)).save("river.png")
    (one,) = json.loads(fcnet("predict", "run", "river.png", "--json").out)["predictions"]
    assert one["predicted"] == "川"
    assert "paper removed" in one["prepared"]
    assert fcnet("train", "-c", "own.yaml", "--out", "digits").code == 0
    (one,) = json.loads(fcnet("predict", "digits", "river.png", "--json").out)["predictions"]
    assert one["note"] == "3 digits side by side: --find"


def test_certainty_is_measured_on_held_out_images(fcnet: Run, trained: Path) -> None:
    (found,) = (json.loads(Path("run/result.json").read_text())["certainty"],)
    assert (found["split"], found["n"], found["refused"]) == ("validation", 40, 0.025)  # one of 40 lies below
    assert fcnet("train", "-c", "digits.yaml", "data.validation=null", "train.epochs=1", "--out", "tested").code == 0
    found = json.loads(Path("tested/result.json").read_text())["certainty"]
    assert (found["split"], found["n"]) == ("test", 40)
    assert 0 < found["threshold"] < 1
    words = ("data.validation=null", "data.test=null", "train.epochs=1")
    assert fcnet("train", "-c", "digits.yaml", *words, "--out", "bare").code == 0
    assert json.loads(Path("bare/result.json").read_text())["certainty"] is None
    (one,) = json.loads(fcnet("predict", "bare", "seven.png", "--json").out)["predictions"]
    assert one["sure"]
    rows = json.loads(fcnet("predict", "tested", "train", "--json").out)["predictions"]
    unsure = [row for row in rows if not row["sure"]]
    assert all(row["probability"] < found["threshold"] for row in unsure)
    assert len(unsure) == np.sum([row["probability"] < found["threshold"] for row in rows])
    assert all(row["note"].startswith("uncertain: ") for row in unsure)
