"""Which run is gone on with; tests/reliability has what is refused and what is warned of."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fcnet import schema
from fcnet.commands.training import resume
from fcnet.rundir import directory
from helpers.command_line import Run
from helpers.tiny import tiny_config, write_config

WORDS = ("train", "-c", "tiny/tiny.yaml")


def test_a_run_with_other_files_in_it_is_not_passed_over(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS).code == 0
    Path("checkpoints/tiny/notes.txt").write_text("mine")
    outcome = fcnet(*WORDS, "--resume", "train.epochs=4")
    assert outcome.code == 0
    assert "into checkpoints/tiny, resuming after epoch 3" in outcome.out
    assert Path("checkpoints/tiny/notes.txt").read_text() == "mine"


def test_the_run_of_a_config_with_a_number_in_its_name_is_another(fcnet: Run, tiny: Path) -> None:
    write_config(tiny / "tiny-2.yaml", tiny_config(tiny) | {"seed": 5})
    assert fcnet(*WORDS).code == 0
    assert fcnet("train", "-c", "tiny/tiny-2.yaml").code == 0
    outcome = fcnet(*WORDS, "--resume")
    assert outcome.out == "run: checkpoints/tiny is already finished; nothing to do\n"
    settings = schema.load(tiny / "tiny-2.yaml")
    assert resume.choose("tiny-2", None, None, settings) == Path("checkpoints/tiny-2")


def test_a_run_that_was_killed_while_it_began_is_begun_anew(fcnet: Run, tiny: Path) -> None:
    for left in ([], ["ckpt"], ["ckpt", "ckpt/lock"], ["ckpt", "ckpt/lock", "environment.json.77.tmp"]):
        run = Path("checkpoints/tiny")
        run.mkdir(parents=True)
        for name in left:
            (run / name).touch() if "." in name or "/" in name else (run / name).mkdir()
        outcome = fcnet(*WORDS, "--resume")
        assert outcome.code == 0
        assert "checkpoints/tiny: contains no checkpoint yet; starting from the beginning" in outcome.err
        assert fcnet(*WORDS, "--out", run, "--overwrite").code == 0
        directory.clear(run)
        (run / "ckpt/lock").unlink()
        (run / "ckpt").rmdir()
        assert fcnet(*WORDS, "--out", run, "--overwrite").code == 0  # an empty folder is replaced too
        import shutil

        shutil.rmtree(run)


def test_checkpoints_of_a_run_whose_config_is_gone_are_not_taken_for_another(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    Path("run/config.yaml").unlink()
    Path("run/result.json").unlink()
    outcome = fcnet(*WORDS, "--out", "run", "--resume", "seed=7", "train.epochs=4")
    assert outcome.code == 2
    assert outcome.errors[0].startswith("seed: is 7, but run was started with 0")
    assert fcnet(*WORDS, "--out", "run", "--resume", "train.epochs=4").code == 0


def test_files_that_are_not_fcnet_s_are_left_alone(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    Path("run/notes.tmp").write_text("mine")
    Path("run/mine.tmp").mkdir()
    Path("run/model.pth.77.tmp").write_text("half")
    Path("run/ckpt/owner.json.tmp").write_text("half")
    assert fcnet(*WORDS, "--resume", "run", "train.epochs=4").code == 0
    assert sorted(path.name for path in Path("run").rglob("*.tmp")) == ["mine.tmp", "notes.tmp"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"resumed": null}', '{"resumed": 5}'])
def test_a_damaged_environment_does_not_keep_a_run_from_going_on(fcnet: Run, tiny: Path, text: str) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    Path("run/environment.json").write_text(text)
    assert fcnet(*WORDS, "--out", "run", "--resume", "train.epochs=4").code == 0
    assert len(json.loads(Path("run/environment.json").read_text())["resumed"]) == 1


def test_force_replaces_a_run_that_another_host_left(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    Path("run/ckpt/owner.json").write_text(json.dumps({"host": "elsewhere", "pid": 1}))
    assert fcnet(*WORDS, "--out", "run", "--overwrite").code == 7
    assert fcnet(*WORDS, "--out", "run", "--overwrite", "--force").code == 0


def test_weights_of_a_run_that_has_gone_on_are_told_of(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    Path("run/result.json").unlink()
    outcome = fcnet("eval", "run")
    assert outcome.code == 0
    assert "run/model.pth: is from an earlier stop; the run has been resumed since and has not ended" in outcome.err
    Path("run/model.pth").unlink()
    outcome = fcnet("eval", "run")
    assert outcome.code == 5
    assert outcome.errors[0].startswith(
        "run/model.pth: does not exist yet, because the run has not ended; if no process trains it"
    )


def test_the_newest_is_that_started_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert directory.runs_of("a") == []
    for age, name in ((2, "a"), (3, "a-2"), (1, "a-3"), (9, "ab"), (9, "a-x")):
        run = directory.create(None, name)
        (run / directory.CONFIG).write_text("")
        os.utime(run / directory.CONFIG, (age, age))
    assert [run.name for run in directory.runs_of("a")] == ["a-2", "a", "a-3"]


def test_the_newest_run_of_equal_settings_is_gone_on_with(fcnet: Run, tiny: Path) -> None:
    """Not of an equal name alone: others are passed over, and that is said."""
    assert fcnet(*WORDS, "train.epochs=1").code == 0
    assert fcnet(*WORDS, "train.epochs=1", "seed=1").code == 0
    outcome = fcnet(*WORDS, "--resume", "train.epochs=2")
    assert outcome.code == 0
    assert "into checkpoints/tiny, resuming after epoch 1" in outcome.out
    told = "checkpoints/tiny-2: has other settings (seed: 1 there, 0 here); resuming checkpoints/tiny"
    assert told in outcome.err.splitlines()
    outcome = fcnet(*WORDS, "--resume", "train.epochs=2", "seed=1")
    assert "into checkpoints/tiny-2, resuming after epoch 1" in outcome.out
    outcome = fcnet(*WORDS, "--resume", "train.epochs=1", "model.hidden=[5]")
    assert outcome.code == 0
    assert "into checkpoints/tiny-3" in outcome.out
    assert "has other settings (model.hidden: [8] there, [5] here, seed: 1 there, 0 here), and no run" in outcome.err


def test_a_loop_over_seeds_needs_no_names(fcnet: Run, tiny: Path) -> None:
    for _ in range(2):
        for seed in range(3):
            assert fcnet(*WORDS, "train.epochs=1", f"seed={seed}", "--resume").code == 0
    assert sorted(path.name for path in Path("checkpoints").iterdir()) == ["tiny", "tiny-2", "tiny-3"]


def test_configs_of_one_name_in_two_folders_do_not_meet(fcnet: Run, tiny: Path, auto: Callable[..., Path]) -> None:
    Path("configs/autoencoder").mkdir(parents=True)
    Path("configs/tiny.yaml").write_text(Path("tiny/tiny.yaml").read_text())
    auto().rename("configs/autoencoder/tiny.yaml")
    for name in ("tiny", "autoencoder/tiny"):
        assert fcnet("train", "-c", f"configs/{name}.yaml", "train.epochs=1", "--resume").code == 0
    for name, run in (("tiny", "tiny"), ("autoencoder/tiny", "autoencoder-tiny")):
        outcome = fcnet("train", "-c", f"configs/{name}.yaml", "train.epochs=1", "--resume")
        assert outcome.out == f"run: checkpoints/{run} is already finished; nothing to do\n"
    assert fcnet("encode", "checkpoints/autoencoder-tiny").code == 0


def test_resume_alone_goes_on_with_the_newest_run(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=1").code == 0
    outcome = fcnet("train", "--resume", "train.epochs=2")
    assert outcome.code == 0
    assert outcome.err.splitlines()[0] == "run: checkpoints/tiny"
    assert "into checkpoints/tiny, resuming after epoch 1" in outcome.out
    assert fcnet("train", "--resume", "tiny.yaml").code == 2
    assert fcnet("train", "--resume", "tiny/tiny.yaml", "train.epochs=2").out.endswith("nothing to do\n")
    Path("checkpoints/tiny").rename("run")
    outcome = fcnet("train", "--out", "run", "--resume", "train.epochs=3")
    assert "into run, resuming after epoch 2" in outcome.out
    assert "--config: is missing" in fcnet("train", "--out", "new", "--resume").errors[0]


def test_resume_of_a_name_that_is_near(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=1", "--out", "checkpoints/first").code == 0
    told = fcnet("train", "--resume", "checkpoints/frist").errors[0]
    assert told.startswith("--resume checkpoints/frist: does not exist; name a run directory")
    assert told.endswith("did you mean checkpoints/first?")
    assert fcnet("train", "--resume", "first", "train.epochs=2").code == 0


@pytest.mark.parametrize(
    "words", [[], ["--resume"], ["--out", "checkpoints/x"], ["--out", "checkpoints"]], ids=" ".join
)
def test_a_dead_link_in_the_way_is_told_before_images_are_read(fcnet: Run, tiny: Path, words: list[str]) -> None:
    Path("checkpoints").symlink_to("scratch/gone")
    outcome = fcnet(*WORDS, *words)
    assert outcome.code == 2
    assert "is a link to scratch/gone, which does not exist" in outcome.errors[0]
    assert "decoding" not in outcome.err
    assert not Path("scratch").exists()
    assert "is a link to scratch/gone, which does not exist" in fcnet("eval").errors[0]


def test_a_file_in_the_place_of_all_runs(fcnet: Run, tiny: Path) -> None:
    Path("checkpoints").touch()
    outcome = fcnet(*WORDS)
    assert outcome.code == 2
    assert outcome.errors[0].startswith("checkpoints: is not a folder")
    assert "decoding" not in outcome.err


def test_a_run_that_was_killed_before_its_pictures_gets_them(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "plots=true", "--out", "run").code == 0
    weights = Path("run/model.pth").read_bytes()
    Path("run/plots/accuracy.png").rename("run/plots/accuracy.png.77.tmp")
    outcome = fcnet(*WORDS, "plots=true", "--out", "run", "--resume")
    assert outcome.code == 0
    assert outcome.out.endswith("run: run is already finished; nothing to do\n")
    assert sorted(path.name for path in Path("run/plots").iterdir()) == ["accuracy.png", "loss.png"]
    assert Path("run/model.pth").read_bytes() == weights
    Path("run/plots/loss.png.77.tmp").touch()
    assert fcnet(*WORDS, "plots=true", "--out", "run", "--overwrite").code == 0


def test_a_run_has_pictures_unless_its_config_wants_none(fcnet: Run, tiny: Path) -> None:
    assert "plots" not in fcnet(*WORDS, "--out", "run").out.replace("fcnet plot", "")
    assert not Path("run/plots").exists()
    assert fcnet("report", "run").code == 0
    weights = Path("run/model.pth").read_bytes()
    for words, drawn in ((["plots=false"], False), (["plots=null"], True)):
        outcome = fcnet(*WORDS, *words, "--out", "run", "--resume")
        assert outcome.out.endswith("run: run is already finished; nothing to do\n")
        assert Path("run/plots/loss.png").exists() == drawn
    assert Path("run/model.pth").read_bytes() == weights


def test_a_run_of_other_images_is_not_taken_for_finished(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS).code == 0
    other = [*WORDS, f"data.train.images={tiny / 'test'}", f"data.train.labels={tiny / 'test.txt'}"]
    outcome = fcnet(*other, "--resume")
    assert outcome.code == 0
    assert "into checkpoints/tiny-2" in outcome.out
    assert fcnet(*other, "--out", "checkpoints/tiny", "--resume").code == 3
