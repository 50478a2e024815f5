"""``data.augment``: what it accepts, and what it says about all else."""

import pytest

from fcnet.config.data import Augment
from helpers.command_line import Run

SETS = "data: {source: mnist, root: data/mnist}\n"


@pytest.mark.parametrize(
    "given",
    [
        "{rotation: 15}",
        "{rotation: 15, shear: 0.3}",
        "{scale: 1.2}",
        "{scale: [0.85, 1.2], shift: 2, stroke: [-0.3, 0.7], blur: 0.7, noise: 0.1, contrast: [0.6, 1], share: 0.9}",
        "{stroke: 1, contrast: 0.5}",
        "null",
    ],
)
def test_what_is_accepted_is_shown(fcnet: Run, given: str) -> None:
    with open("run.yaml", "w") as file:
        file.write(SETS + "model: {hidden: [3]}\n")
    outcome = fcnet("config", "show", "run.yaml", f"data.augment={given}")
    assert outcome.code == 0, outcome.err
    assert ("augment" in outcome.out) == (given != "null")
    with open("again.yaml", "w") as file:
        file.write(outcome.out)
    assert fcnet("config", "show", "again.yaml").out == outcome.out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{}", "data.augment: changes nothing; give at least one of `flip`, `rotation`, `shear`, `scale`, `stretch`,"),
        ("{share: 0.5}", "data.augment: changes nothing; give at least one of"),
        ("{rotation: -5}", "data.augment.rotation: is -5; should be a number from 0 to 180"),
        ("{rotation: 15 degrees}", "data.augment.rotation: is '15 degrees'; should be a number"),
        ("{rotate: 15}", "data.augment.rotate: unknown key; did you mean 'data.augment.rotation'?"),
        ("{angle: 15}", "data.augment.angle: unknown key; did you mean 'data.augment.rotation'?"),
        ("{translate: 2}", "data.augment.translate: unknown key; did you mean 'data.augment.shift'?"),
        ("{elastic: 2}", "data.augment.elastic: is 2; should be a mapping of keys: alpha, sigma"),
        ("{elastic: {sigma: 0}}", "data.augment.elastic.sigma: is 0; should be a number above 0"),
        ("{elastic_transform: {}}", "data.augment.elastic_transform: unknown key; did you mean 'data.augment.elastic"),
        ("{cutout: 1}", "data.augment.cutout: unknown key; did you mean 'data.augment.erasing'?"),
        ("{mixup: 0}", "data.augment.mixup: is 0; should be a number above 0"),
        ("{crop: 2}", "data.augment.crop: unknown key; allowed here: blur, contrast, elastic, erasing, flip, hands"),
        ("{scale: 0.9}", "data.augment.scale: is 0.9; should be a number from 1 to 10"),
        ("{scale: wide}", "data.augment.scale: is 'wide'; should be a number f of at least 1 for [1/f, f]"),
        ("{scale: [1.2, 0.8]}", "data.augment.scale: is [1.2, 0.8]; should be [low, high], the lower number first"),
        ("{scale: [0.8]}", "data.augment.scale: is [0.8]; should be a list of 2"),
        ("{scale: [0, 2]}", "data.augment.scale.0: is 0; should be a number from 0.1 to 10"),
        ("{stroke: -1}", "data.augment.stroke: is -1; should be a number from 0 to 10"),
        ("{noise: 25}", "data.augment.noise: is 25; should be a number from 0 to 1"),
        ("{contrast: 0}", "data.augment.contrast: is 0; should be a number above 0 and of at most 1"),
        ("{blur: .nan}", "data.augment.blur: is .nan; should be a number from 0 to 100"),
        ("{blur: true}", "data.augment.blur: is true; should be a number from 0 to 100"),
        ("{shift: 1, share: 0}", "data.augment.share: is 0; should be a number above 0 and of at most 1"),
        ("15", "data.augment: is 15; should be a mapping of keys: blur, contrast, elastic, erasing"),
    ],
)
def test_mistakes_are_named(fcnet: Run, given: str, message: str) -> None:
    with open("run.yaml", "w") as file:
        file.write(f"data:\n  source: mnist\n  root: data/mnist\n  augment: {given}\n")
    outcome = fcnet("config", "check", "run.yaml")
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith(f"run.yaml:4: {message}")


def test_what_does_not_go_together_is_refused(fcnet: Run) -> None:
    with open("run.yaml", "w") as file:
        file.write("data: {source: mnist, root: data/mnist, augment: {rotation: 15}}\n")
    outcome = fcnet("config", "check", "run.yaml", "data.memory=mapped")
    assert outcome.code == 2
    assert "`augment` needs the images in memory; set `memory: resident`, or remove" in outcome.errors[0]
    outcome = fcnet("config", "check", "run.yaml", "model={kind: elm}")
    assert outcome.code == 2
    assert "data.augment: changes the images in every epoch, but an elm is solved in one pass" in outcome.errors[0]
    assert fcnet("config", "check", "run.yaml", "model={kind: elm}", "data.augment=null").code == 0


def test_the_entries_that_are_given_are_known() -> None:
    assert Augment.model_validate({"shear": 0.1, "rotation": 0, "share": 0.5}).given == ["rotation", "shear"]
