"""What ``--resume`` goes on with, what it refuses and what it warns of."""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.command_line import Run
from helpers.runs import WORDS, same
from helpers.tiny import write_config

pytestmark = [
    pytest.mark.usefixtures("way"),
    pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals"),
]

# Compared with a run that was trained one by one: the same steps in bursts are another machine's.
ONE_BY_ONE = pytest.mark.parametrize("way", ["one by one"], indirect=True)


def test_resume_begins_where_there_is_nothing_and_does_nothing_at_the_end(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet(*WORDS, "--resume")
    assert outcome.code == 0
    assert "warning" not in outcome.err  # nothing was there that could have been resumed
    before = {path: path.stat().st_mtime_ns for path in Path("checkpoints").rglob("*")}
    outcome = fcnet(*WORDS, "--resume")
    assert outcome.code == 0
    assert outcome.out == "run: checkpoints/tiny is already finished; nothing to do\n"
    assert {path: path.stat().st_mtime_ns for path in Path("checkpoints").rglob("*")} == before


def test_resume_takes_the_newest_run_of_the_config(fcnet: Run, tiny: Path, at_step: Callable[..., None]) -> None:
    assert fcnet(*WORDS).code == 0
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS).code == 75
    assert "into checkpoints/tiny-2, resuming after epoch 1, step 5" in fcnet(*WORDS, "--resume").out


@ONE_BY_ONE
def test_resume_of_a_run_needs_no_config(fcnet: Run, stopped: Path) -> None:
    assert fcnet("train", "--resume", "cut").code == 0
    assert same("cut", "whole")
    for words, told in (
        (["--resume"], "checkpoints: contains no run yet; name a run in another folder"),
        ([], "--config: is missing; give the YAML file of the run"),
    ):
        outcome = fcnet("train", *words)
        assert outcome.code == 2
        assert outcome.errors[0].startswith(told)


@ONE_BY_ONE
def test_resume_insists_where_a_run_is_named(fcnet: Run, stopped: Path) -> None:
    assert (
        fcnet("train", "--resume", "nowhere", "-c", "tiny/tiny.yaml")
        .errors[0]
        .startswith("--resume nowhere: does not exist; name a run directory")
    )
    assert fcnet("train", "--resume", "tiny", "-c", "tiny/tiny.yaml").code == 2
    shutil.rmtree("cut/ckpt")
    outcome = fcnet("train", "--resume", "cut")
    assert outcome.code == 5
    assert outcome.errors[0].startswith("cut/ckpt: contains no checkpoint to resume from")
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 0  # begins anew
    assert same("cut", "whole")


def test_a_finished_run_without_checkpoints_is_not_begun_anew(fcnet: Run, stopped: Path) -> None:
    shutil.rmtree("whole/ckpt")
    weights = Path("whole/model.pth").read_bytes()
    assert fcnet(*WORDS, "--out", "whole", "--resume", "train.epochs=9").code == 5
    assert Path("whole/model.pth").read_bytes() == weights


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=1", "seed: is 1, but cut was started with 0; set it as before, or start a new run without --resume"),
        ("model.hidden=[9]", "model.hidden: is [9], but cut was started with [8]"),
        ("model.activation=tanh", "model.activation.name: is tanh, but cut was started with relu"),
        ("train.optimizer.lr=0.01", "train.optimizer.lr: is 0.01, but cut was started with 0.02"),
        ("train.optimizer=sgd", "train.optimizer.name: is sgd, but cut was started with adam; set it as before, or"),
        ("train.batch_size=8", "train.batch_size: is 8, but cut was started with 7"),
        ("train.precision=bf16", "train.precision: is bf16, but cut was started with fp32"),
        ("data.validation=10", "data.validation: is 10, but cut was started without it; set it as before, or"),
        (
            "data.augment={shear: 0.1}",
            "data.augment.shear: is 0.1, but cut was started without it; set it as before, or",
        ),
        ("data.image_size=[5, 6]", "data.image_size: is [5, 6], but cut was started with [6, 6]"),
        ("train.epochs=2", "train.epochs: is 2, but cut was started with 3; epochs can be added, but not removed"),
    ],
)
def test_what_would_change_the_result_is_refused(fcnet: Run, stopped: Path, word: str, message: str) -> None:
    before = {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}
    outcome = fcnet(*WORDS, "--out", "cut", "--resume", word)
    assert outcome.code == 2
    assert any(error.startswith(message) for error in outcome.errors), outcome.errors
    assert {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()} == before


@ONE_BY_ONE
def test_what_would_not_change_the_result_is_allowed(fcnet: Run, stopped: Path) -> None:
    Path("tiny").rename("moved")
    words = [f"data.{split}.{key}=moved/{split}{end}" for split in ("train", "test") for key, end in PARTS]
    words += ["train.save_every=0", "train.step=eager"]
    outcome = fcnet("train", "-c", "moved/tiny.yaml", *words, "--out", "cut", "--resume")
    assert outcome.code == 0, outcome.err
    assert same("cut", "whole")


PARTS = (("images", ""), ("labels", ".txt"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tiny: shutil.copy(tiny / "train/3.png", tiny / "train/5.png"),
            "data.train: the pixels of its 60 images",
        ),
        (lambda tiny: relabel(tiny / "test.txt", 4), "data.test: the labels of its 21 images changed since the check"),
        (lambda tiny: one_less(tiny / "train"), "data.train: the number of images, 60 then and 59 now, changed since"),
    ],
)
def test_changed_images_or_labels_are_exit_3(
    fcnet: Run, stopped: Path, tiny: Path, change: Callable[[Path], object], message: str
) -> None:
    change(tiny)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 3
    assert outcome.errors[0].startswith(message)


def relabel(path: Path, line: int) -> None:
    labels = path.read_text().split()
    labels[line] = str((int(labels[line]) + 1) % 3)
    path.write_text("\n".join(labels))


def one_less(folder: Path) -> None:
    (folder / "59.png").unlink()
    lines = folder.with_suffix(".txt").read_text().split()
    folder.with_suffix(".txt").write_text("\n".join(lines[:-1]))


def test_resume_takes_its_run_from_the_next_word_or_none(fcnet: Run, stopped: Path) -> None:
    """--resume first, last, before KEY=VALUE, before a run whose name has an equals sign."""
    stopped.rename("lr=0.02")
    Path("runs").mkdir()
    Path("lr=0.02").rename("runs/lr=0.02")
    assert fcnet("train", "--resume", "runs/lr=0.02").code == 0
    config = {"extends": "tiny.yaml"}
    write_config(Path("tiny/other.yaml"), config)
    assert fcnet("train", "--resume", "seed=3", "-c", "tiny/other.yaml").code == 0
    assert fcnet("train", "-c", "tiny/other.yaml", "seed=3", "--resume").out.endswith("nothing to do\n")
    assert fcnet("train", "--resume", "--config", "tiny/other.yaml", "seed=3").out.endswith("nothing to do\n")
