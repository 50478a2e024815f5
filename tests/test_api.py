"""The front door for programs: what ``fcnet`` exports, and that it prints nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fcnet
from helpers.command_line import ROOT


@pytest.fixture
def config(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fcnet.Config:
    monkeypatch.chdir(tmp_path)
    return fcnet.load_config(tiny / "tiny.yaml", "train.epochs=2")


def test_every_public_name_is_there() -> None:
    assert all(getattr(fcnet, name) is not None for name in fcnet.__all__)
    assert dir(fcnet) == fcnet.__all__
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        fcnet.trian  # noqa: B018


def test_importing_it_takes_neither_torch_nor_pydantic() -> None:
    slow = {"torch", "pydantic", "yaml", "numpy", "typer"}
    code = f"import sys, fcnet; sys.exit(', '.join({slow} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_train_evaluate_and_predict_print_nothing(
    config: fcnet.Config, tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = fcnet.train(config, "run")
    assert result.path == Path("run")
    assert result.metrics["ended"] == "finished"
    evaluation: Any = fcnet.evaluate("run")
    assert evaluation.accuracy == result.metrics["test"]["accuracy"]
    assert fcnet.evaluate("run", images=tiny / "test", labels=tiny / "test.txt").json() != ""
    predictions: Any = fcnet.predict("run", [tiny / "test" / "0.png", tiny / "test" / "1.png"])
    assert [one.file for one in predictions.images] == [str(tiny / "test" / f"{i}.png") for i in (0, 1)]
    assert capfd.readouterr() == ("", "")


def test_sinks_see_records_and_messages(config: fcnet.Config) -> None:
    class Kinds:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def write(self, record: Any) -> None:
            self.seen.append(record.kind)

        def close(self) -> None:
            pass

    sink = Kinds()
    fcnet.train(config, "run", sinks=[sink])
    assert {"message", "progress", "start", "tick", "step", "epoch", "end"} <= set(sink.seen)
    assert sink.seen.count("epoch") == 2


def test_resume_and_overwrite_are_those_of_the_command(config: fcnet.Config) -> None:
    first = fcnet.train(config, "run")
    assert fcnet.train(config, "run", resume=True) == first
    with pytest.raises(fcnet.FcnetError, match="already exists"):
        fcnet.train(config, "run")
    assert fcnet.train(config, "run", overwrite=True).metrics["test"] == first.metrics["test"]
    with pytest.raises(fcnet.FcnetError, match="--overwrite"):
        fcnet.train(config, "run", overwrite=True, resume=True)
    assert fcnet.train(config, name="mine").path == Path("checkpoints/mine")


def test_mistakes_are_exceptions_with_all_lines(tiny: Path) -> None:
    with pytest.raises(fcnet.FcnetError) as caught:
        fcnet.load_config(tiny / "tiny.yaml", "train.epochs=0", "seed=-1")
    assert len(caught.value.problems) == 2


def test_the_example_runs(tmp_path: Path) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    words = [sys.executable, str(ROOT / "examples/library.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "test accuracy after each epoch: " in done.stdout
    assert "data/digits/t10k-images/0.png      0" in done.stdout
