"""Logs beside metrics.jsonl: what is in them, and that a run that was killed and resumed has each record once."""

import csv
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from fcnet.rundir import own_files
from fcnet.rundir.logs import events, lines
from helpers.command_line import Run
from helpers.folders import snapshot
from helpers.runs import plan_signals
from helpers.tiny import tiny_config, write_config

ALL = "log=[csv,text,tensorboard]"
WORDS = ("train", "-c", "tiny/tiny.yaml", "data.validation=0.2", "train.schedule=cosine", "train.log_every=2", ALL)


def records(run: str, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    return [record for record in found if record["kind"] == kind]


def table(run: str) -> list[dict[str, str]]:
    with Path(run, "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def scalars(run: str) -> dict[str, list[tuple[int, float]]]:
    """The curves in a run's event files, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(Path(run, "tensorboard").iterdir()):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    found.setdefault(value.tag, []).append((event.step, value.tensor.float_val[0]))
    return found


def untimed(run: str) -> dict[str, Any]:
    """All that a run's logs say, but for times and speeds."""
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in table(run)]
    text = [
        re.sub(r" (seconds|images_per_s|\w+_s)=\S+", "", line) for line in Path(run, "log.txt").read_text().splitlines()
    ]
    curves = {tag: points for tag, points in scalars(run).items() if tag not in ("seconds", "step/images_per_s")}
    return {"csv": rows, "text": [line.partition(" ")[2] for line in text], "curves": curves}


def test_a_row_a_line_and_a_point_for_each_record(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet(*WORDS, "--out", "run")
    assert outcome.code == 0, outcome.err
    steps, epochs = records("run", "step"), records("run", "epoch")
    rates = {step["epoch"]: step["lr"] for step in steps}  # of the last step of each epoch
    assert len(set(rates.values())) == 3
    expected = [
        {"epoch": epoch["epoch"], "lr": rates[epoch["epoch"]], "seconds": epoch["seconds"]}
        | {
            f"{split}_{key}": epoch[split][key]
            for split in ("train", "validation", "test")
            for key in ("loss", "accuracy")
        }
        for epoch in epochs
    ]
    rows = table("run")
    assert [{key: float(value) for key, value in row.items() if value} for row in rows] == expected  # to the last bit
    assert [*rows[0]][:4] == ["epoch", "stage", "lr", "train_loss"]
    text = Path("run/log.txt").read_text().splitlines()
    assert len(text) == len(steps) + len(epochs)
    for line in text:
        time, _, rest = line.partition(" ")
        assert datetime.fromisoformat(time).utcoffset() is not None
        assert re.fullmatch(r"epoch=[1-3]/3 step=\d+/7( \w+=[\d.e+-]+)+", rest), rest
    (last,) = [line for line in text if line.partition(" ")[2].startswith("epoch=3/3") and "test_accuracy=" in line]
    assert f"test_accuracy={epochs[-1]['test']['accuracy']:.6g} " in last
    assert f" lr={rates[3]:.6g} " in last
    curves = scalars("run")
    assert curves["loss/test"] == [(one["epoch"], pytest.approx(one["test"]["loss"])) for one in epochs]
    assert curves["step/loss"] == [((one["epoch"] - 1) * 7 + one["step"], pytest.approx(one["loss"])) for one in steps]
    assert curves["lr"] == [(epoch, pytest.approx(rate)) for epoch, rate in rates.items()]


def test_tensorboard_has_the_config_and_its_settings(fcnet: Run, tiny: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert fcnet(*WORDS, "train.epochs=1", "--out", "run").code == 0
    found = EventAccumulator("run/tensorboard")
    found.Reload()
    tags = found.Tags()
    assert set(tags["scalars"]) >= {"loss/train", "loss/validation", "accuracy/test", "lr", "seconds", "step/lr"}
    (tag,) = [tag for tag in tags["tensors"] if tag.startswith("config")]
    text = found.Tensors(tag)[0].tensor_proto.string_val[0].decode()
    assert yaml.safe_load(text.removeprefix("```yaml\n").removesuffix("```")) == yaml.safe_load(
        Path("run/config.yaml").read_text()
    )
    assert b"train.optimizer.lr" in b"".join(path.read_bytes() for path in Path("run/tensorboard").iterdir())


def test_other_kinds_of_models(fcnet: Run, tiny: Path, auto: Callable[..., Path]) -> None:
    """A closed form has no rate; an autoencoder no accuracy, but terms and phases."""
    values = {key: value for key, value in tiny_config(tiny).items() if key != "train"}
    elm = write_config(tiny / "elm.yaml", values | {"model": {"kind": "elm", "hidden": 20}})
    assert fcnet("train", "-c", elm, ALL, "--out", "elm").code == 0
    (row,) = table("elm")
    assert (row["lr"], row["stage"]) == ("", "")
    assert float(row["test_accuracy"]) > 0.5
    stage, epoch = Path("elm/log.txt").read_text().splitlines()
    assert re.search(r' epoch=1/1 stage="hidden layer" units=20 images=60 precision=', stage)
    assert "step=" not in epoch
    layers = auto("layers", train={"stages": [2, 1], "epochs": 1})
    assert fcnet("train", "-c", layers, ALL, "--out", "auto").code == 0
    assert [(row["epoch"], row["stage"], row["test_accuracy"]) for row in table("auto")] == [
        *(("1", "layer 1", ""), ("2", "layer 1", ""), ("3", "layer 2", ""), ("4", "whole net", "")),
    ]
    assert all(row["lr"] for row in table("auto"))
    assert ' epoch=4/4 stage="whole net" ' in Path("auto/log.txt").read_text()
    terms = records("auto", "epoch")[-1]["test"]["terms"]
    assert terms
    assert {f"{term}/test" for term in terms} <= scalars("auto").keys()


def test_a_run_that_is_resumed_has_each_record_once(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after every third step; in between, with what a kill leaves: rows after the checkpoint, torn ones."""
    assert fcnet(*WORDS, "--out", "whole").code == 0
    with monkeypatch.context() as patched:
        plan_signals(patched, 3, signal.SIGTERM, every=True)
        code, times = fcnet(*WORDS, "--out", "cut").code, 0
        while code == 75:
            times += 1
            for name, more in (("metrics.csv", b"9,,0.1"), ("log.txt", b"2026-01-01T00:00:00+00:00 epoch=9/9 ste")):
                with Path("cut", name).open("ab") as file:
                    file.write(more)
            with next(Path("cut/tensorboard").iterdir()).open("ab") as file:
                file.write(b"\x20\0\0\0torn")
            code = fcnet("train", "--resume", "cut").code
    assert (code, times) == (0, 7)
    assert untimed("cut") == untimed("whole")
    assert len(list(Path("cut/tensorboard").iterdir())) == 1
    assert not any(line.startswith(f"{lines.NO_TIME} ") for line in Path("cut/log.txt").read_text().splitlines())


def test_what_is_lost_comes_back_from_the_metrics(fcnet: Run, tiny: Path) -> None:
    """As after the machine's own end; times alone are lost. More epochs than before are counted from the beginning."""
    assert fcnet(*WORDS, "--out", "whole").code == 0
    assert fcnet(*WORDS, "train.schedule=constant", "train.epochs=2", "--out", "cut").code == 0
    assert fcnet(*WORDS, "train.schedule=constant", "--out", "whole", "--overwrite").code == 0
    kept = Path("cut/log.txt").read_text().splitlines()[:3]
    for name in ("metrics.csv", "log.txt"):
        os.truncate(f"cut/{name}", 300)
    shutil.rmtree("cut/tensorboard")
    assert fcnet("train", "--resume", "cut", "train.epochs=3").code == 0
    assert untimed("cut") == untimed("whole")
    found = Path("cut/log.txt").read_text().splitlines()
    assert found[0] == kept[0].replace("epoch=1/2", "epoch=1/3")
    assert found[4].startswith("- epoch=1/3 step=7/7 ")


def test_logs_may_be_added_when_a_run_is_resumed(fcnet: Run, tiny: Path) -> None:
    """They change neither what the run is, nor what it is compared with."""
    words = ("train", "-c", "tiny/tiny.yaml")
    assert fcnet(*words, "--out", "plain").code == 0
    assert fcnet(*words, "train.epochs=1", "--out", "run").code == 0
    assert fcnet(*words, "--out", "run", "--resume", ALL).code == 0
    assert [row["epoch"] for row in table("run")] == ["1", "2", "3"]
    assert Path("run/model.pth").read_bytes() == Path("plain/model.pth").read_bytes()
    assert "log" not in fcnet("compare", "plain", "run").out
    assert fcnet(*words, "--out", "run", "--resume").out.endswith("nothing to do\n")


def test_runs_of_a_sweep_trained_together_have_them_too(fcnet: Run, tiny: Path) -> None:
    """And the same sweep without them is the same runs."""
    values = {"base": "tiny.yaml", "seeds": [0, 1], "grid": {"train.optimizer.lr": [0.01, 0.02]}}
    write_config(tiny / "sweep.yaml", values)
    outcome = fcnet("sweep", "run", tiny / "sweep.yaml", ALL, "--out", "sweep")
    assert outcome.code == 0, outcome.err
    runs = sorted(path.parent for path in Path("sweep").rglob("metrics.csv"))
    assert len(runs) == 4
    for run in runs:
        assert len(table(str(run))) == 3
        assert len(scalars(str(run))["loss/test"]) == 3
        assert json.loads((run / "environment.json").read_text()).get("together") is not None


# --- whose files they are --------------------------------------------------------------------------------------------


def test_overwrite_removes_them(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    assert own_files.foreign(Path("run")) == []
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "run", "--overwrite").code == 0
    assert not {"metrics.csv", "log.txt", "tensorboard"} & {path.name for path in Path("run").iterdir()}


FOREIGN: dict[str, Callable[[], object]] = {
    "log.txt": lambda: Path("run/log.txt").write_text("Epoch [1/3], as a shell wrote it\n"),
    "metrics.csv": lambda: Path("run/metrics.csv").write_text("name,value\n"),
    "tensorboard": lambda: Path("run/tensorboard").write_text("a file"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_others_are_left_alone(fcnet: Run, tiny: Path, name: str) -> None:
    """A run without logs goes on beside them; one with logs is refused, before anything is written."""
    words = ("train", "-c", "tiny/tiny.yaml", "--out", "run")
    assert fcnet(*words, "train.epochs=1").code == 0
    FOREIGN[name]()
    before = snapshot(Path("run"))
    for more in (["--resume", ALL], ["--overwrite"]):
        outcome = fcnet(*words, *more)
        assert outcome.code == 2
        assert f"contains {name}, which does not belong to a run" in outcome.errors[0]
        assert snapshot(Path("run")) == before
    assert fcnet(*words, "--resume").code == 0
    assert snapshot(Path("run")).items() >= {key: text for key, text in before.items() if name in key}.items()


def test_nothing_is_written_through_links(fcnet: Run, tiny: Path) -> None:
    words = ("train", "-c", "tiny/tiny.yaml", "--out", "run")
    assert fcnet(*words, "train.epochs=1").code == 0
    Path("outside").mkdir()
    for name in ("metrics.csv", "log.txt", "tensorboard"):
        Path("run", name).symlink_to(Path("outside", name).resolve())
        outcome = fcnet(*words, "--resume", ALL)
        assert outcome.code == 2
        assert f"{name} (a link to " in outcome.errors[0]
        Path("run", name).unlink()
    assert list(Path("outside").iterdir()) == []


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("log=[csv,csv]", "log: names csv twice; name each log once"),
        ("log=[]", "log"),
        ("log=csv", "log"),
        ("log=[wandb]", "log"),
    ],
)
def test_mistakes_are_told(fcnet: Run, tiny: Path, word: str, told: str) -> None:
    outcome = fcnet("config", "check", "tiny/tiny.yaml", word)
    assert outcome.code == 2
    assert told in outcome.errors[0]


def test_without_tensorboard_the_extra_is_named_before_anything_is_read(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ImportError("No module named 'tensorboard'")

    monkeypatch.setattr(events, "_library", missing)
    outcome = fcnet(*WORDS, "--out", "run")
    assert outcome.code == 2
    assert outcome.err.startswith("fcnet: error: log: tensorboard: needs a library that is not installed")
    assert outcome.err.endswith('install it with: pip install "fcnet[tensorboard]"\n')
    assert not Path("run").exists()


def test_values_with_spaces_are_quoted() -> None:
    values = {"a": "x", "b": "x y", "c": 'x="1"', "d": True, "e": 0.1 + 0.2, "f": None, "g": 1e-9}
    assert lines.in_words(values) == r'a=x b="x y" c="x=\"1\"" d=true e=0.3 g=1e-09'


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_log_can_be_followed_while_it_grows(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is whole at once: after a stop in the middle, all are."""
    plan_signals(monkeypatch, 9, signal.SIGTERM)
    assert fcnet(*WORDS, "--out", "run").code == 75
    text = Path("run/log.txt").read_text()
    assert text.endswith("\n")
    assert len(text.splitlines()) == len(records("run", "step")) + len(records("run", "epoch"))
