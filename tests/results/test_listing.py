"""Runs in folders, as rows: what they are, how they ended, and what is wrong with broken ones."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcnet.errors import ConfigError
from fcnet.results import listing, row
from fcnet.rundir import checkpoints, lock, own_files
from helpers import command_line
from helpers.tiny import write_config


def one(run: Path) -> row.Row:
    return row.of(run, run.name)


def test_names_of_files_are_those_of_run_directories() -> None:
    assert (row.RESULT, row.METRICS, row.ENVIRONMENT) == (own_files.RESULT, own_files.METRICS, own_files.ENVIRONMENT)
    assert Path(checkpoints.FOLDER, lock.OWNER) == row.OWNER


def test_a_finished_run_has_what_its_result_says(width: Path) -> None:
    found = one(width / "h8-1")
    result = json.loads((width / "h8-1/result.json").read_text())
    assert found.ended == "finished"
    assert found.complete
    assert (found.seed, found.epoch, found.epochs) == (1, 3, 3)
    assert found.net == row.Net("fcnet", "36-8-3")
    assert found.seconds == result["seconds"]
    scores = found.scores("test")
    assert scores is not None
    assert (scores.loss, scores.accuracy, scores.n) == tuple(result["test"][key] for key in ("loss", "accuracy", "n"))
    assert found.best is None
    assert found.scores("validation") is None


def test_the_best_weights_count_unless_the_last_are_asked_for(width: Path) -> None:
    path = width / "h8-1/result.json"
    result = json.loads(path.read_text())
    best = {"epoch": 2, "test": {"loss": 0.25, "accuracy": 0.5, "n": 21}}
    path.write_text(json.dumps(result | {"best": best}))
    found = one(width / "h8-1")
    assert found.scores("test") == row.Scores(0.25, 0.5, 21)
    assert found.scores("test", "last") == one(width / "h8-1").last["test"]
    assert found.best_epoch == 2


@pytest.mark.parametrize(
    ("more", "ended", "why"),
    [
        ({"ended": "stopped", "signal": "SIGTERM"}, "stopped", "SIGTERM"),
        ({"ended": "failed", "error": "disk: is full; free some"}, "failed", "disk: is full; free some"),
        ({"ended": "diverged", "diverged": {"epoch": 2, "step": 7, "lr": 9.0}}, "diverged", "epoch 2, step 7"),
        ({"early_stop": {"epoch": 9, "last_gain": 4, "patience": 5}}, "early", "no gain since epoch 4"),
        ({"seconds": "long"}, "damaged", "result.json: is damaged"),
        ({"seconds": None}, "damaged", "result.json: is damaged"),
        ({"test": {"loss": True, "n": 1}}, "damaged", "result.json: is damaged"),
        ({"test": {"loss": 1, "n": float("inf")}}, "damaged", "result.json: is damaged"),
        ({"test": {"loss": float("nan"), "n": 1}}, "damaged", "result.json: is damaged"),
        ({"test": 3}, "damaged", "result.json: is damaged"),
        ({"best": []}, "damaged", "result.json: is damaged"),
    ],
)
def test_how_a_run_ended(width: Path, more: dict[str, object], ended: str, why: str) -> None:
    path = width / "h8-1/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
    found = one(width / "h8-1")
    assert (found.ended, found.why) == (ended, why)
    assert found.complete == (ended == "early")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"ended": "finished"}', "[" * 99999])
def test_a_damaged_result_is_said(width: Path, text: str) -> None:
    (width / "h8-1/result.json").write_text(text)
    assert one(width / "h8-1").ended == "damaged"


def test_a_run_without_a_result_runs_as_long_as_its_process_exists(width: Path) -> None:
    run = width / "h8-1"
    (run / "result.json").unlink()
    assert one(run).ended == "interrupted"
    assert one(run).epoch == 3  # of the log
    assert one(run).scores("test") is not None

    def held_by(host: str, pid: int, age: float = 0.0) -> row.Row:
        owner = run / row.OWNER
        owner.write_text(json.dumps({"host": host, "pid": pid, "heartbeat": "then"}))
        os.utime(owner, (time.time() - age,) * 2)
        return one(run)

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(timeout=60)
    here = socket.gethostname()
    assert held_by(here, os.getpid(), 10 * row.SILENT).ended == "running"
    assert held_by(here, os.getpid()).why == f"on {here}, last seen then"
    assert held_by(here, ended.pid).ended == "interrupted"
    assert held_by("elsewhere", 1).ended == "running"
    assert held_by("elsewhere", 1, 2 * row.SILENT).ended == "interrupted"


def test_an_epoch_that_is_being_written_does_not_count(width: Path) -> None:
    run = width / "h8-1"
    (run / "result.json").unlink()
    log = (run / "metrics.jsonl").read_text()
    (run / "metrics.jsonl").write_text(log + '{"kind": "epoch", "epoch": 4, "tr')
    assert one(run).epoch == 3
    (run / "metrics.jsonl").write_text("\n".join(["x" * 1000] * 100))
    assert one(run).epoch is None
    (run / "metrics.jsonl").unlink()
    os.mkfifo(run / "metrics.jsonl")  # must not block
    assert one(run).epoch is None


def test_broken_runs_are_rows_and_hide_no_others(width: Path) -> None:
    (width / "h1-0/config.yaml").write_text("model: [\n")
    (width / "h1-1/config.yaml").unlink()
    (width / "h1-2/config.yaml").write_bytes(b"\xff\xfe\0")
    found = {run.name: run for run in listing.read(width)}
    assert len(found) == 6
    assert [found[f"h1-{i}"].ended for i in range(3)] == ["damaged"] * 3
    assert found["h1-0"].why.startswith("config.yaml:2: not valid YAML")
    assert found["h1-1"].why.startswith("config.yaml: there is no such file")
    assert all(found[f"h8-{i}"].ended == "finished" for i in range(3))


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_cannot_be_entered_is_a_row(width: Path) -> None:
    (width / "h1-0").chmod(0)
    try:
        found = listing.read(width)
    finally:
        (width / "h1-0").chmod(0o700)
    assert [run.ended for run in found] == ["damaged", *["finished"] * 5]
    assert "permission denied" in found[0].why


def test_a_changed_config_leaves_the_rest_of_the_row(width: Path) -> None:
    config = width / "h8-1/config.yaml"
    config.write_text(config.read_text().replace("kind: fcnet", "kind: zork"))
    assert one(width / "h8-1").net == row.Net("zork")
    config.write_text(config.read_text().replace("kind: zork", "kind: fcnet").replace("[8]", "eight"))
    assert one(width / "h8-1").net == row.Net("fcnet")
    config.write_text(config.read_text().replace("classes: ", "classes: 3  # "))
    assert one(width / "h8-1").ended == "finished"


def test_runs_are_found_at_every_depth_in_natural_order(width: Path, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for name in ("b/x-10", "b/x-2", "a", "c/d/e/数字 10 $x"):
        shutil.copytree(width / "h8-1", root / name)
    (root / "notes").mkdir()
    (root / ".hidden").mkdir()
    shutil.copy(width / "h8-1/config.yaml", root / ".hidden")
    assert [run.name for run in listing.read(root)] == ["a", "b/x-2", "b/x-10", "c/d/e/数字 10 $x"]
    assert [run.name for run in listing.read(root / "a")] == [str(root / "a")]
    both = listing.rows([root / "b", root / "b/x-2", root / "a"])
    assert [run.name for run in both] == [str(root / name) for name in ("b/x-2", "b/x-10", "a")]
    assert len(listing.rows([Path(f"{root}/b/x-*")])) == 2


def test_links_add_no_runs_and_loops_end(width: Path) -> None:
    (width / "again").symlink_to(width)
    (width / "a-latest").symlink_to(width / "h8-2")
    assert [run.name for run in listing.read(width)] == [f"h{hidden}-{seed}" for hidden in (1, 8) for seed in (0, 1, 2)]


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, why in ((tmp_path / "nothing", "no such folder"), (tmp_path / "file", "is a file")):
        with pytest.raises(ConfigError, match=why):
            listing.read(path)
    assert listing.read(tmp_path) == []


def test_a_name_below_checkpoints_is_enough(width: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(width / "h8-1", Path("checkpoints/mine"))
    assert [run.name for run in listing.rows([Path("mine")])] == ["checkpoints/mine"]


def test_a_list_needs_no_torch(width: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from fcnet.cli.main import main; code = main(sys.argv[1:]);"
        " sys.exit(code or 'torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    source = str(command_line.ROOT / "src")
    for words in (["runs", str(width)], ["compare", str(width)]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            env=os.environ | {"PYTHONPATH": source},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        ({"kind": "elm", "hidden": 20}, "36-20-3"),
        ({"kind": "autoencoder", "hidden": [8, 3]}, "36-8-3-8-36"),
        ({"kind": "centroids"}, "36-100-3"),
        ({"hidden": []}, "36-3"),
    ],
)
def test_nets_of_all_kinds_are_described(tmp_path: Path, model: dict[str, object], layers: str) -> None:
    data = {"train": {"images": "x"}, "image_size": [6, 6], "classes": ["0", "1", "2"]}
    write_config(tmp_path / "config.yaml", {"data": data, "model": model})
    net = one(tmp_path).net
    assert net is not None
    assert net.layers == layers
    assert net.classifies == (model.get("kind") != "autoencoder")
