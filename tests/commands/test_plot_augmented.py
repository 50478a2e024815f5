"""``fcnet plot`` of a run that was trained on augmented images."""

from pathlib import Path

from helpers.command_line import Run
from helpers.runs import WORDS
from helpers.tiny import tiny_config, write_config


def test_augmented_images_are_drawn(fcnet: Run, tiny: Path) -> None:
    for out, word in (("plain", "seed=0"), ("changed", "data.augment={rotation: 15}")):
        assert fcnet(*WORDS, "train.epochs=1", word, "--out", out).code == 0
        outcome = fcnet("plot", out)
        assert outcome.code == 0, outcome.err
        assert (f"{out}/plots/augmented.png" in outcome.out.split()) == (out == "changed")
        assert Path(f"{out}/plots/augmented.png").exists() == (out == "changed")


def test_a_config_alone_shows_how_it_changes_images(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    outcome = fcnet("plot", "--augment", "tiny/tiny.yaml")
    assert outcome.code == 2
    assert "data.augment: is not set" in outcome.err
    values["data"]["augment"] = {"elastic": {"alpha": 8, "sigma": 2}, "erasing": 0.2, "mixup": 0.3, "flip": 0.5}
    config = write_config(tiny / "changed.yaml", values)
    outcome = fcnet("plot", "--augment", config)
    assert outcome.code == 0, outcome.err
    assert outcome.out.split() == ["plots/augmented.png"]
    assert Path("plots/augmented.png").stat().st_size > 1000
    outcome = fcnet("plot", "somewhere", "--augment", config, "--out", "elsewhere")
    assert outcome.code == 2
    assert "--augment" in outcome.err
    assert not Path("elsewhere").exists()
