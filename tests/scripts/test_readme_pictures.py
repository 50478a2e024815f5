"""The program that draws the pictures of README.md, on a small run in place of MNIST's."""

from pathlib import Path

import pytest
import readme_pictures
from PIL import Image

from helpers.command_line import ROOT


def test_a_run_is_trained_once_and_its_figures_copied(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    monkeypatch.setattr(readme_pictures, "ROOT", tiny)
    monkeypatch.setattr(readme_pictures, "RUNS", {"net": ("tiny.yaml", {"loss": "net-loss", "confusion": "net-table"})})
    readme_pictures.main(["--out", "new", "--runs", "kept"])
    assert sorted(path.name for path in Path("new").iterdir()) == ["net-loss.png", "net-table.png"]
    assert Path("new/net-loss.png").read_bytes() == Path("kept/net/plots/loss.png").read_bytes()
    written = Path("kept/net/metrics.jsonl").stat().st_mtime_ns
    readme_pictures.main(["--out", "new", "--runs", "kept"])
    assert Path("kept/net/metrics.jsonl").stat().st_mtime_ns == written


def test_every_picture_that_the_pages_show_is_drawn_by_it() -> None:
    drawn = {name for _, figures in readme_pictures.RUNS.values() for name in figures.values()}
    shown = {path.stem for path in (ROOT / "docs/images").glob("*.png") if path.stem.startswith(("mnist-", "auto"))}
    assert shown == drawn
    for config, _ in readme_pictures.RUNS.values():
        assert (ROOT / config).is_file()
    for name in drawn:
        with Image.open(ROOT / f"docs/images/{name}.png") as image:
            assert image.info["Software"] == "fcnet"
