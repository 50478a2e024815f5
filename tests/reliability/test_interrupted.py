"""A run that was interrupted ends as one that was not, through the command line.

Interruptions are real signals. In-process runs are used where a signal has to fall into one chosen step.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from fcnet import __version__
from fcnet.commands.training import resume
from fcnet.data.augment.augmented import Augmented
from fcnet.training.loop import GradientTraining
from helpers.command_line import Run
from helpers.runs import WORDS, same, states

pytestmark = [
    pytest.mark.usefixtures("way"),
    pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals"),
]


# All that a training can keep from step to step is in one of these.
KINDS = {
    "plain": [],
    "everything": [
        "model={hidden: [8, 8], dropout: 0.2, input_dropout: 0.1, batch_norm: true, activation: prelu}",
        "train.optimizer={name: sgd, lr: 0.1, momentum: 0.9, nesterov: true}",
        "train.schedule={name: one_cycle}",
        "train.l2=0.01",
        "train.clip_grad_norm=1",
        "train.label_smoothing=0.1",
        "data.validation=0.2",
    ],
    "bf16": ["train.precision=bf16", "train.optimizer={name: adamw}", "train.schedule=cosine", "model.dropout=0.3"],
    "early stop": ["data.validation=0.2", "train.epochs=30", "train.early_stop={patience: 2, min_gain: 0.3}"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 5])
def test_interrupted_is_uninterrupted(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], kind: str, steps: int
) -> None:
    """Stopped after every step, or every fifth: each place of an epoch, its last step and its evaluation are met."""
    assert fcnet(*WORDS, *KINDS[kind], "--out", "whole").code == 0
    at_step(steps, signal.SIGTERM, every=True)
    sittings = 1
    while (outcome := fcnet(*WORDS, *KINDS[kind], "--out", "cut", "--resume")).code == 75:
        assert "fcnet: stopped: SIGTERM after epoch" in outcome.err
        sittings += 1
    assert outcome.code == 0, outcome.err
    assert sittings >= 21 // steps
    assert same("cut", "whole")
    assert ("early stop" in kind) == ("early_stop" in json.loads(Path("whole/result.json").read_text()))


@pytest.mark.parametrize("left_out", ["generator", "sums", "good weights", "optimiser"])
def test_the_equality_test_can_fail(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    """The negative control: with one part of the state left out, the same comparison finds the difference."""
    assert fcnet(*WORDS, *KINDS["everything"], "--out", "whole").code == 0
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS, *KINDS["everything"], "--out", "cut").code == 75
    load = GradientTraining.load

    def forgetful(self: GradientTraining, state: dict) -> None:
        fresh = self.state()
        if left_out == "generator":
            state["generators"] = fresh["generators"]
        elif left_out == "sums":
            state["sums"] = fresh["sums"]
        elif left_out == "good weights":
            state["good"] = fresh["good"]
        else:
            state["optimizer"] = [tensor.clone() for tensor in fresh["optimizer"]]
        load(self, state)

    if left_out == "good weights":  # they are seen in what a checkpoint holds, or when a training diverges
        at_step(1, signal.SIGTERM)
    monkeypatch.setattr(GradientTraining, "load", forgetful)
    fcnet(*WORDS, *KINDS["everything"], "--out", "cut", "--resume")
    monkeypatch.undo()
    if left_out == "good weights":
        os.chdir(tiny.parent)
        at_step(6, signal.SIGTERM)
        assert fcnet(*WORDS, *KINDS["everything"], "--out", "once").code == 75
        assert states("cut") != states("once")
    else:
        os.chdir(tiny.parent)
        assert not same("cut", "whole")


AUGMENTED = (
    *WORDS,
    "data.augment={rotation: 15, scale: 1.2, shift: 1, stroke: 0.5, blur: 0.5, noise: 0.1, share: 0.8}",
)


def test_augmented_images_are_those_of_an_epoch_however_it_is_interrupted(
    fcnet: Run, tiny: Path, at_step: Callable[..., None]
) -> None:
    assert fcnet(*AUGMENTED, "--out", "whole").code == 0
    assert fcnet(*WORDS, "--out", "plain").code == 0
    at_step(4, signal.SIGTERM, every=True)
    while fcnet(*AUGMENTED, "--out", "cut", "--resume").code == 75:
        pass
    assert same("cut", "whole")
    assert not same("plain", "whole")


def test_a_stop_is_noticed_while_images_are_augmented(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first step, between two epochs, and when an epoch is resumed in its middle."""
    assert fcnet(*AUGMENTED, "--out", "whole").code == 0
    make = Augmented.make

    def interrupting(self: Augmented, epoch: int) -> Iterator[int]:
        for done in make(self, epoch):
            if epoch in interrupted:
                os.kill(os.getpid(), signal.SIGTERM)
            yield done

    monkeypatch.setattr(Augmented, "make", interrupting)
    for epoch, place in ((1, "before the first step"), (3, "after epoch 2"), (3, "after epoch 2")):
        interrupted = [epoch]
        outcome = fcnet(*AUGMENTED, "--out", "cut", "--resume")
        assert outcome.code == 75
        assert f"SIGTERM {place};" in outcome.err
    interrupted = []
    assert fcnet(*AUGMENTED, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


def test_a_long_window_of_the_log_is_taken_up_to_the_last_bit(
    fcnet: Run, tiny: Path, at_step: Callable[..., None]
) -> None:
    """Losses are summed in blocks of a hundred: stops within blocks, and after them."""
    settings = ("train.batch_size=1", "train.epochs=4", "train.log_every=1000", "train.optimizer.lr=0.001")
    (tiny / "train.csv").write_text("filepath,label\n" + "".join(f"{i % 60}.png,{i % 3}\n" for i in range(250)))
    words = (*WORDS, *settings, "data.train.labels=tiny/train.csv")
    assert fcnet(*words, "--out", "whole").code == 0
    at_step(73, signal.SIGTERM, every=True)
    while (code := fcnet(*words, "--out", "cut", "--resume").code) == 75:
        pass
    assert code == 0
    assert same("cut", "whole")


def test_more_epochs_go_on_from_the_end(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=5", "--out", "whole").code == 0
    assert fcnet(*WORDS, "train.epochs=2", "--out", "longer").code == 0
    assert fcnet(*WORDS, "train.epochs=5", "--out", "longer", "--resume").code == 0
    assert same("longer", "whole")
    assert "epochs: 5" in Path("longer/config.yaml").read_text()
    outcome = fcnet("train", "--resume", "longer", "train.epochs=6", "train.schedule=constant")
    assert outcome.code == 0, outcome.err  # the run's own config


def test_more_epochs_on_a_schedule_are_warned_of(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.schedule=cosine").code == 0
    outcome = fcnet(*WORDS, "train.schedule=cosine", "train.epochs=4", "--resume")
    assert outcome.code == 0
    assert "fcnet: warning: train.schedule: from here on, cosine is stretched over 4 epochs" in outcome.err


def test_another_machine_is_warned_of_and_named(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS).code == 75
    monkeypatch.setattr(resume, "__version__", "9.9")
    outcome = fcnet(*WORDS, "--resume")
    assert outcome.code == 0
    assert f"fcnet: warning: fcnet was {__version__} and is now 9.9: the last bits of the results may" in outcome.err
    resumed = json.loads(Path("checkpoints/tiny/environment.json").read_text())["resumed"]
    assert [(one["epoch"], one["step"], one["threads"]) for one in resumed] == [(1, 5, torch.get_num_threads())]
