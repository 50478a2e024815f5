"""Names of files that are no UTF-8, as of folders packed on a Chinese Windows: every command works in and on them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet import schema
from fcnet.config import yaml_lines
from fcnet.errors import ConfigError
from fcnet.rundir import directory, environment
from helpers.command_line import ROOT, Run
from helpers.tiny import SIDE, pictures, tiny_config, write_config, write_numbered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")

GBK = "数字".encode("gbk").decode("utf-8", "surrogateescape")
LATIN = "café".encode("latin-1").decode("utf-8", "surrogateescape")
CLASSES = ["一".encode("gbk").decode("utf-8", "surrogateescape") + "1", LATIN, "零"]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with a config and class folders, all of whose names are odd."""
    root = tmp_path / GBK
    for split, seed in (("train", 0), ("test", 1)):
        images, labels = pictures(15, seed)
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            folder = root / f"{split}{LATIN}" / CLASSES[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{LATIN}{i}.png")
    values = tiny_config(root)
    values["data"] = {"image_size": [SIDE, SIDE]}
    values["train"]["epochs"] = 1
    write_config(root / f"{LATIN}.yaml", values)
    return root


def words(root: Path) -> list[str]:
    """The config and its data, as they are given on the command line."""
    data = [f"data.{split}.images={root.name}/{split}{LATIN}" for split in ("train", "test")]
    return [f"{root.name}/{LATIN}.yaml", *data]


def test_a_classifier(fcnet: Run, odd: Path) -> None:
    given = words(odd)
    assert fcnet("config", "check", *given).code == 0
    Path("shown.yaml").write_text(fcnet("config", "show", *given).out)
    assert schema.load(Path("shown.yaml")).data.train == schema.load(Path(given[0]), given[1:]).data.train
    assert fcnet("train", "-c", *given).code == 0
    run = Path("checkpoints") / LATIN
    assert set(schema.load(run / "config.yaml").data.classes or ()) == set(CLASSES)
    assert environment.read_json(run / directory.ENVIRONMENT)["name"] == LATIN
    out = Path(f"{GBK}-run")
    for more in ([], ["--resume"], ["--overwrite"], ["--resume", "train.epochs=2"]):
        assert fcnet("train", "-c", *given, "--out", out, *more).code == 0
    assert fcnet("train", "-c", run / "config.yaml", "--out", "again").code == 0
    assert Path("again/model.pth").read_bytes() == (run / "model.pth").read_bytes()
    for one in (run, out, run / "model.pth"):
        found = json.loads(fcnet("eval", one, "--json").out)
        assert set(found["classes"]) == set(CLASSES)
        assert found["model"].encode("utf-8", "surrogateescape")
        assert fcnet("eval", one, "--images", odd / f"test{LATIN}").code == 0
    assert fcnet("plot", out).code == 0
    assert fcnet("plot", out, run, "--out", f"{GBK}-plots", "--format", "pdf").code == 0
    images = odd / f"test{LATIN}" / CLASSES[0]
    found = json.loads(fcnet("predict", out, images, "--json").out)["predictions"]
    assert Path(found[0]["file"]).is_file()
    assert LATIN.encode("utf-8", "backslashreplace").decode() in fcnet("predict", out, f"{images}/*.png", "--csv").out
    assert fcnet("predict", out, images / "*.png").code == 0


def test_within_such_a_folder(fcnet: Run, odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_numbered(odd / "flat", *pictures(12, 0))
    monkeypatch.chdir(odd)
    labelled = ["data.train.images=flat", "data.train.labels=flat.txt", "data.on_bad=skip"]
    (odd / "matplotlibrc").write_text("text.usetex: True")
    assert fcnet("train", "-c", f"{LATIN}.yaml", *labelled).code == 0
    for command in (["eval", "--split", "train"], ["plot"], ["eval", "--images", "flat", "--labels", "flat.txt"]):
        assert fcnet(*command).code == 0
    assert fcnet("train", "-c", f"{LATIN}.yaml", *labelled, "--resume").code == 0
    assert Path.cwd().name == GBK


def test_an_autoencoder_and_an_elm(fcnet: Run, odd: Path) -> None:
    given = words(odd)
    run = f"{GBK}-run"
    assert fcnet("train", "-c", *given, "model={kind: autoencoder, hidden: [8, 3]}", "--out", run).code == 0
    assert json.loads(fcnet("eval", run, "--json").out)["model"].startswith(GBK)
    assert fcnet("encode", run, "--out", f"{GBK}.npz").code == 0
    with np.load(f"{GBK}.npz") as codes:
        assert set(codes["labels"].tolist()) == set(CLASSES)
        assert all((odd / f"test{LATIN}" / name).is_file() for name in codes["files"].tolist())
    images = odd / f"test{LATIN}" / CLASSES[0]
    assert fcnet("predict", run, images, "--out", f"{GBK}-back").code == 0
    assert sorted(os.listdir(f"{GBK}-back"))[0].startswith(LATIN)
    assert fcnet("plot", run).code == 0
    weighed = f"solve.class_weights={{{CLASSES[0]}: 2.0}}"
    assert fcnet("train", "-c", *given, "train=null", "model={kind: elm, hidden: 9}", weighed, "--out", "elm").code == 0
    assert fcnet("plot", "elm").code == 0


def test_images_that_are_left_out(fcnet: Run, odd: Path) -> None:
    bad = odd / f"train{LATIN}" / CLASSES[0] / f"{LATIN}bad.png"
    bad.write_bytes(b"no image")
    outcome = fcnet("train", "-c", *words(odd), "--out", "run")
    assert outcome.code == 3
    assert ascii(bad.name)[1:-1].removesuffix("bad.png").replace("\\\\", "\\") in outcome.err
    assert fcnet("train", "-c", *words(odd), "data.on_bad=skip", "--out", "run").code == 0
    assert "bad.png" in Path("run/skipped.txt").read_text()


def test_changes_beside_git_with_such_names(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(odd)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for line in (["init", "-q"], ["config", "core.quotepath", "false"], ["add", "-A"]):
        subprocess.run(["git", *line], check=True, timeout=120)
    subprocess.run(["git", *identity, "commit", "-qm", "x"], check=True, timeout=120)
    (odd / f"{LATIN}.yaml").write_text("changed")
    commit = environment._git_commit()
    assert commit is not None
    assert commit.endswith("+")


def test_an_empty_path_is_refused_as_before() -> None:
    for bad in ("", 3):
        with pytest.raises(ConfigError, match="should"):
            schema.check([yaml_lines.Layer("x", {"data": {"train": {"images": bad}}})])


def test_a_machine_without_utf8(odd: Path) -> None:
    """The poorest locale: what cannot be written is escaped, and JSON stays JSON."""
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    poor |= {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}

    def run(*line: str) -> bytes:
        command: list[str | bytes] = [sys.executable, "-m", "fcnet", *map(os.fsencode, line)]
        done = subprocess.run(command, cwd=odd.parent, env=os.environ | poor, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        return done.stdout

    (odd / "train" / "é").mkdir(parents=True)
    (odd / "train" / "🧮").mkdir()
    for i, (pixels, label) in enumerate(zip(*pictures(12, 0), strict=True)):
        Image.fromarray(pixels).save(odd / "train" / ("é", "🧮")[label % 2] / f"{i}.png")
    run("train", "-c", f"{GBK}/{LATIN}.yaml", f"data.train.images={GBK}/train", "--out", GBK + "run")
    found = json.loads(run("eval", GBK + "run", "--split", "train", "--json"))
    assert {name.encode("utf-8", "surrogateescape").decode() for name in found["classes"]} == {"é", "🧮"}
    run("plot", GBK + "run")
