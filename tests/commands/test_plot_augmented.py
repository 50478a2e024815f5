"""``fcnet plot`` of a run that was trained on augmented images."""

from pathlib import Path

from helpers.command_line import Run
from helpers.runs import WORDS


def test_augmented_images_are_drawn(fcnet: Run, tiny: Path) -> None:
    for out, word in (("plain", "seed=0"), ("changed", "data.augment={rotation: 15}")):
        assert fcnet(*WORDS, "train.epochs=1", word, "--out", out).code == 0
        outcome = fcnet("plot", out)
        assert outcome.code == 0, outcome.err
        assert (f"{out}/plots/augmented.png" in outcome.out.split()) == (out == "changed")
        assert Path(f"{out}/plots/augmented.png").exists() == (out == "changed")
