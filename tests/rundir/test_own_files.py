"""Only what is known to be a run's own is removed or replaced, and nothing is written through links."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.rundir import own_files
from helpers.command_line import Run
from helpers.folders import snapshot

WORDS = ("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "plots=true")


def checkpoints_of_others(run: Path) -> None:
    (run / "ckpt/weights").mkdir(parents=True)
    (run / "ckpt/weights/shard-0.bin").write_bytes(b"months")
    (run / "ckpt/epoch-3-step-200.pt").write_bytes(b"of another program")
    (run / "ckpt/last.pt").write_bytes(b"of another program")


def a_link_to_scratch(run: Path) -> None:
    checkpoints_of_others(Path("scratch"))
    run.mkdir()
    (run / "ckpt").symlink_to(Path("scratch/ckpt").resolve())


def a_lock_of_others(run: Path) -> None:
    (run / "ckpt").mkdir(parents=True)
    (run / "ckpt/lock").write_text("4711\n")


def an_owner_of_others(run: Path) -> None:
    (run / "ckpt").mkdir(parents=True)
    (run / "ckpt/owner.json").write_text('{"repo": "mine"}')


def files_that_others_were_writing(run: Path) -> None:
    (run / "ckpt").mkdir(parents=True)
    for name in ("model.pth.2024.tmp", "ckpt/owner.json.tmp", "ckpt/epoch-3-step-5.pt.7.tmp"):
        (run / name).write_text("mine")


def the_user_s_config(run: Path) -> None:
    run.mkdir()
    (run / "config.yaml").write_text(Path("tiny/tiny.yaml").read_text() + "# mine\n")


def names_of_others(run: Path) -> None:
    run.mkdir()
    for name in ("config.yaml", "environment.json", "metrics.jsonl", "result.json", "model.pth", "skipped.txt"):
        (run / name).write_text("{}")


def pictures_alone(run: Path) -> None:
    (run / "plots").mkdir(parents=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(run / "plots/loss.png")


@pytest.mark.parametrize(
    "make",
    [
        checkpoints_of_others,
        a_link_to_scratch,
        a_lock_of_others,
        an_owner_of_others,
        files_that_others_were_writing,
        the_user_s_config,
        names_of_others,
        pictures_alone,
    ],
)
@pytest.mark.parametrize("more", [["--resume"], ["--overwrite"], ["--resume", "--force"], []], ids=" ".join)
def test_what_another_program_left_is_named_and_refused(
    fcnet: Run, tiny: Path, make: Callable[[Path], None], more: list[str]
) -> None:
    run = tiny.parent / "mine"
    make(run)
    before = snapshot(tiny.parent)
    outcome = fcnet(*WORDS, "--out", "mine", *more)
    assert outcome.code == 2
    assert snapshot(tiny.parent) == before
    if more:
        assert any(path.name in outcome.errors[0] for path in run.iterdir())


def a_folder_in_place_of_weights(run: Path) -> None:
    (run / "model.pth").unlink()
    (run / "model.pth").mkdir()


FOREIGN: dict[str, Callable[[Path], object]] = {
    "a file": lambda run: (run / "notes.txt").write_text("mine"),
    "a folder": lambda run: (run / "data").mkdir(),
    "a file beside checkpoints": lambda run: (run / "ckpt/best.ckpt").write_text("mine"),
    "a folder beside checkpoints": lambda run: (run / "ckpt/epoch-1-step-1.pt").mkdir(),
    "a picture": lambda run: Image.fromarray(np.zeros((4, 4), np.uint8)).save(run / "plots/thesis.png"),
    "a picture in place of one": lambda run: Image.fromarray(np.zeros((4, 4), np.uint8)).save(run / "plots/loss.png"),
    "a text among pictures": lambda run: (run / "plots/caption.tex").write_text("mine"),
    "a folder in place of weights": a_folder_in_place_of_weights,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_overwrite_replaces_nothing_but_the_run_s_own(fcnet: Run, tiny: Path, kind: str) -> None:
    assert fcnet(*WORDS, "--out", "mine").code == 0
    FOREIGN[kind](Path("mine"))
    before = snapshot(tiny.parent)
    outcome = fcnet(*WORDS, "--out", "mine", "--overwrite")
    assert outcome.code == 2
    assert "which does not belong to a run" in outcome.errors[0]
    assert snapshot(tiny.parent) == before


@pytest.mark.parametrize(
    "name",
    ["ckpt", "plots", "metrics.jsonl", "model.pth", "config.yaml", "environment.json", "result.json", "best.pth"],
)
@pytest.mark.parametrize("more", [["--resume"], ["--overwrite"]], ids=" ".join)
def test_nothing_is_written_through_links(fcnet: Run, tiny: Path, name: str, more: list[str]) -> None:
    assert fcnet(*WORDS, "--out", "mine", "data.validation=0.2").code == 0
    shutil.move(f"mine/{name}", "elsewhere")
    Path("mine", name).symlink_to(Path("elsewhere").resolve())
    before = snapshot(tiny.parent)
    for words in ((*WORDS, "--out", "mine", *more), ("train", "--resume", "mine"), ("plot", "mine")):
        outcome = fcnet(*words, *(["data.validation=0.2", "train.epochs=3"] if words[0] == "train" else []))
        if words[0] == "train":
            assert outcome.code == 2
            assert f"{name} (a link to {tiny.parent}/elsewhere), which does not belong to a run" in outcome.errors[0]
        elif name == "plots":
            assert outcome.code == 2
            assert f"mine/plots: is a link to {tiny.parent}/elsewhere" in outcome.errors[0]
        if words[0] == "train" or name == "plots":
            assert snapshot(tiny.parent) == before


def test_a_run_goes_on_beside_what_is_not_its_own(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "mine").code == 0
    for kind in ("a file", "a folder", "a file beside checkpoints", "a picture", "a text among pictures"):
        FOREIGN[kind](Path("mine"))
    foreign = {name: text for name, text in snapshot(Path("mine")).items() if "notes" in name or "thesis" in name}
    assert fcnet(*WORDS, "--out", "mine", "--resume", "train.epochs=2").code == 0
    shutil.rmtree("mine/ckpt")
    Path("mine/result.json").unlink()
    assert "starting from the beginning" in fcnet(*WORDS, "--out", "mine", "--resume", "train.epochs=2").err
    assert foreign.items() <= snapshot(Path("mine")).items()
    assert Path("mine/data").is_dir()


def test_a_config_counts_only_as_a_run_writes_it(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "mine").code == 0
    for name in ("environment.json", "result.json"):
        Path("mine", name).unlink()
    shutil.rmtree("mine/ckpt")
    assert own_files.is_known(Path("mine"))
    with Path("mine/config.yaml").open("a") as file:
        file.write("# a note\n")
    assert not own_files.is_known(Path("mine"))


def test_pictures_of_others_are_not_replaced(fcnet: Run, tiny: Path) -> None:
    from matplotlib.figure import Figure

    assert fcnet(*WORDS, "--out", "mine").code == 0
    Path("plots").mkdir()
    Figure().savefig("plots/loss.png")
    before = Path("plots/loss.png").read_bytes()
    outcome = fcnet("plot", "mine", "--out", "plots")
    assert outcome.code == 2
    assert outcome.errors == [
        "plots: contains loss.png, which was not drawn by fcnet; move it, or choose another folder"
    ]
    assert os.listdir("plots") == ["loss.png"]
    assert Path("plots/loss.png").read_bytes() == before
    for file_format in ("png", "svg", "pdf"):
        for _ in range(2):  # fcnet's own are replaced
            assert fcnet("plot", "mine", "--out", "new", "--format", file_format).code == 0
    shutil.copy("plots/loss.png", "mine/plots/loss.png")  # also in a run
    assert fcnet("plot", "mine").code == 2
    Figure().savefig("mine/plots/loss.png", dpi=150)  # as an older fcnet drew it, where only fcnet draws
    assert fcnet("plot", "mine").code == 0


def test_tables_of_others_are_not_replaced(fcnet: Run, tiny: Path) -> None:
    """One's own list of mistakes, with another column or with notes, stays; fcnet's own is replaced and removed."""
    assert fcnet(*WORDS, "--out", "mine").code == 0
    assert fcnet("plot", "mine").code == 0
    table = Path("mine/plots/mistakes.csv")
    written = table.read_text()
    assert own_files.is_picture(table)
    for others in ("file,true,predicted\n", written + "and,then,I,saw,this\n", written.replace("file,", "file,why,")):
        table.write_text(others)
        outcome = fcnet("plot", "mine")
        assert outcome.code == 2
        assert "mine/plots: contains mistakes.csv, which was not drawn by fcnet" in outcome.errors[0]
        assert table.read_text() == others
        assert fcnet(*WORDS, "--out", "mine", "--overwrite").code == 2
    table.write_text(written)
    assert fcnet("plot", "mine").code == 0
    assert table.read_text() == written
    Path("mine/plots/mistakes.csv.77.tmp").touch()  # a killed process was writing it
    assert fcnet(*WORDS, "--out", "mine", "--overwrite").code == 0
    assert not table.exists()


def test_codes_replace_codes_alone(fcnet: Run, tiny: Path) -> None:
    words = ("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "model={kind: autoencoder, hidden: [4]}")
    assert fcnet(*words, "--out", "mine").code == 0
    np.savez("results.npz", years=np.arange(5))
    before = Path("results.npz").read_bytes()
    outcome = fcnet("encode", "mine", "--out", "results.npz")
    assert outcome.code == 2
    assert "already exists and is not a file of codes" in outcome.errors[0]
    assert Path("results.npz").read_bytes() == before
    for _ in range(2):
        assert fcnet("encode", "mine", "--out", "codes.npz").code == 0


def test_another_environment_is_not_fcnet_s(tmp_path: Path) -> None:
    for text, known in (('{"versions": {"fcnet": "1"}}', True), ('{"versions": ["x"]}', False), ("{", False)):
        (tmp_path / "environment.json").write_text(text)
        assert own_files.is_known(tmp_path) is known


def test_what_a_training_removes_in_the_meantime_is_in_nobody_s_way(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second job looks through the folder while the first removes its old checkpoints."""
    assert fcnet(*WORDS, "--out", "mine").code == 0
    members = own_files._members

    def vanishing(run: Path) -> Iterator[Path]:
        for path in members(run):
            if path.parent.name == "ckpt" and path.suffix == ".json":
                path.unlink()
            yield path

    for listed in (own_files.foreign, own_files.in_the_way):
        checkpoints = {path: path.read_bytes() for path in Path("mine/ckpt").glob("epoch-*")}
        assert any(path.suffix == ".json" for path in checkpoints)
        with monkeypatch.context() as patch:
            patch.setattr(own_files, "_members", vanishing)
            assert listed(Path("mine")) == []
        assert not any(Path("mine/ckpt").glob("epoch-*.json"))
        for path, data in checkpoints.items():
            path.write_bytes(data)
