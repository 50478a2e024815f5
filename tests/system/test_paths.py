"""Paths as people write them, in configs and on the command line."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from fcnet import schema
from fcnet.config.data import ImageSplit
from fcnet.config.yaml_lines import Layer
from fcnet.system import paths
from helpers.command_line import Run
from helpers.tiny import SIDE, tiny_config, write_config


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and $DATA in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("DATA", "~/data")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOPE", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("~", "HOME"),
        ("~/x/", "HOME/x"),
        ("$HOME/x", "HOME/x"),
        ("${HOME}/x", "HOME/x"),
        ("${DATA}/x", "HOME/data/x"),  # a variable in whose value nobody has expanded the ~
        ("./~", "./~"),
        ("./~/x", "./~/x"),
        ("./~x", "./~x"),
        ("cost$5", "cost$5"),
        ("a$", "a$"),
        ("a/", "a"),
        ("/", "/"),
        ("../a", "../a"),
        ("scans[1]/{a}", "scans[1]/{a}"),
        ("数据，一：（新）", "数据，一：（新）"),
    ],
)
def test_what_is_meant(home: Path, text: str, meant: str) -> None:
    assert paths.expand(text) == meant.replace("HOME", str(home))


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "should be a path"),
        ("a\0", "not a possible file name"),
        ("${NOPE}/x", "the variable NOPE is not set; set it"),
        ("$NOPE", "the variable NOPE is not set"),
        ("${EMPTY}/x", "the variable EMPTY is empty"),
        ("${NOPE:-x}", "is not a variable"),
        ("~no-such-user/x", "there is no user 'no-such-user'; for a folder of that name write ./~no-such-user/x"),
        ("a/~/x", "~ is the home folder only at the beginning"),
        ("%USERPROFILE%\\d", "%USERPROFILE% is a Windows variable; write ~/d"),
        ("%DATA%/d", "write ${DATA}/d"),
        ("C:\\data", "is a Windows path"),
        ("a\\b", "has backslashes; write a/b"),
        ("my\\ data", "write my data"),
        ("file:///a%20b", "is a URL; write only the path: /a b"),
        ("https://x.org/a.zip", "is a URL, but only local files are read"),
        ("'a'", "has quotes around it; write a"),
        ("“a”", "has quotes around it; write a"),
        ("a ", "begins or ends with a space; write a"),
        ("\u00a0a", "begins or ends with a space; write a"),
        ("a,", "ends with ','; write a"),
        ("a，", "ends with '，'; write a"),
        ("a／b", "write '/' instead of '／'"),
        ("～/a", "write '~' instead of '～'"),
        ("a\u200bb", "write nothing instead of U+200B (zero width space)"),
        ("None", "write ./None for a folder of that name"),
    ],
)
def test_slips_are_told(home: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError, match="is ") as caught:
        paths.expand(text)
    assert told in str(caught.value)
    if text and "\0" not in text and "/" not in text and not text.startswith("~"):
        Path(text).mkdir()  # what is there under that name is meant
        assert paths.expand(text) == text


def test_home_is_never_a_folder_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("~/x").mkdir(parents=True)  # as other programs leave it behind
    assert paths.expand("~/x") == f"{home}/x"
    assert paths.expand("./~/x") == "./~/x"
    monkeypatch.setenv("HOME", "")
    with pytest.raises(ValueError, match="HOME, which is ''"):
        paths.expand("~/x")


@pytest.fixture
def at_home(home: Path, tiny: Path) -> Path:
    """The tiny data in the home folder, and a config with ~ and variables for it."""
    tiny.rename(home / "tiny")
    config = tiny_config(Path("~/tiny"))
    config["data"]["test"] = {"images": "${HOME}/tiny/test/", "labels": "$HOME/tiny/test.txt"}
    config["data"]["cache"] = "~/cache"
    config["train"] = {"epochs": 1, "batch_size": 7}
    return write_config(home / "c.yaml", config)


def test_every_command_expands_paths(fcnet: Run, home: Path, at_home: Path) -> None:
    run = home / "runs/a"
    assert fcnet("train", "--config=~/c.yaml", "--out=~/runs/a").code == 0
    written = yaml.safe_load((run / "config.yaml").read_text())
    assert written["data"]["train"]["images"] == f"{home}/tiny/train"
    assert written["data"]["test"] == {"images": f"{home}/tiny/test", "labels": f"{home}/tiny/test.txt"}
    assert fcnet("train", "-c", "${HOME}/c.yaml", "--out", "$HOME/runs/a/", "--resume").out.endswith("nothing to do\n")
    assert fcnet("train", "--resume", "~/runs/a").code == 0
    assert fcnet("config", "check", "~/c.yaml").code == 0
    assert fcnet("eval", "~/runs/a", "--images", "~/tiny/test", "--labels=$HOME/tiny/test.txt").code == 0
    assert fcnet("plot", "~/runs/a", "--out=~/pictures").code == 0
    assert fcnet("predict", "~/runs/a", "~/tiny/test/0.png", "${HOME}/tiny/test/1*.png").code == 0
    assert fcnet("data", "digits", "--out=~/digits").code == 0
    assert fcnet("train", "-c", at_home, "model.init={name: run, run: '~/runs/a'}", "--out", "~/runs/b").code == 0
    assert (home / "digits/t10k-labels.txt").is_file()
    assert (home / "pictures/loss.png").is_file()
    assert (home / "cache").is_dir()
    assert os.listdir() == ["home"]


@pytest.mark.parametrize(
    "words",
    [
        ("train", "-c", "home/c.yaml", "--out", "${NOPE}/a"),
        ("train", "-c", "home/c.yaml", "data.cache=${NOPE}/a"),
        ("train", "-c", "$NOPE"),
        ("data", "digits", "--out=~no-such-user/d"),
        ("data", "digits", "--out="),
        ("eval", ""),
        ("eval", "home", "--images="),
        ("plot", "$NOPE/a"),
        ("plot", "home", "--out", "file:///tmp/x"),
        ("predict", "home", "~no-such-user/*.png"),
        ("config", "show", "~no-such-user/c.yaml"),
    ],
    ids=" ".join,
)
def test_a_path_that_is_none_makes_nothing(fcnet: Run, home: Path, at_home: Path, words: tuple[str, ...]) -> None:
    outcome = fcnet(*words)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert os.listdir() == ["home"]


def test_the_line_of_a_variable_that_is_not_set(fcnet: Run, home: Path) -> None:
    Path("c.yaml").write_text("data:\n  train:\n    images: a\n    labels: ${NOPE}/b.txt\n")
    (told,) = fcnet("config", "check", "c.yaml").errors
    assert told.startswith("c.yaml:4: data.train.labels: is '${NOPE}/b.txt'; the variable NOPE is not set; set it")
    Path("c.yaml").write_text("data: {root: ${HOME}/b, source: digits}\n")
    (told,) = fcnet("config", "check", "c.yaml").errors
    assert "put a value with ${...} in quotes" in told
    Path("c.yaml").write_text('data: {root: "${HOME}/b", source: digits}\n')
    assert fcnet("config", "check", "c.yaml").code == 0
    Path("d.yaml").write_text("extends: ${NOPE}/c.yaml\n")
    assert (
        fcnet("config", "check", "d.yaml").errors[0].startswith("d.yaml:1: extends: is '${NOPE}/c.yaml'; the variable")
    )
    Path("d.yaml").write_text("extends: $HOME/../c.yaml\n")
    assert fcnet("config", "check", "d.yaml").code == 0


def test_a_folder_with_a_tilde_or_a_dollar_can_be_named(fcnet: Run, home: Path, tiny: Path) -> None:
    tiny.rename("~data")
    Path("co$t").mkdir()
    config = tiny_config(Path("~data"))
    config["data"]["cache"] = "co$t"
    del config["data"]["test"]
    write_config(Path("c.yaml"), config)
    for out in ("./~", "./~run"):
        assert fcnet("train", "-c", "c.yaml", "train.epochs=1", "--out", out).code == 0
        assert fcnet("eval", out, "--split", "train").code == 0
    assert sorted(os.listdir()) == ["c.yaml", "co$t", "home", "~", "~data", "~run"]
    Path("d.yaml").write_text("data: {source: digits, root: ./~/d, image_size: [8, 8]}\n")
    assert fcnet("train", "-c", "d.yaml", "train.epochs=1", "--out", "run").code == 0
    assert Path("~/d/train-images").is_dir()
    assert os.listdir("home") == []


def test_brackets_are_names_where_a_folder_has_them(fcnet: Run, tiny: Path) -> None:
    root = tiny.rename("a[1]")
    write_config(root / "c.yaml", tiny_config(root) | {"train": {"epochs": 1, "batch_size": 7}})
    run = "runs[0]/[x]/a[1]"
    assert fcnet("train", "-c", "a[1]/c.yaml", "--out", run).code == 0
    assert fcnet("eval", run, "--images", "a[1]/test", "--labels", "a[1]/test.txt").code == 0
    assert fcnet("plot", run).code == 0
    for i in range(2):
        for folder in ("s[1]", "s1"):
            Path(folder, "[q]").mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((SIDE, SIDE), i, np.uint8)).save(f"{folder}/[q]/{i}.png")
    for word, found in (
        ("s[1]/[q]/0.png", ["s[1]/[q]/0.png"]),
        ("s[1]/[q]", ["s[1]/[q]/0.png", "s[1]/[q]/1.png"]),
        ("s[1]/[q]/*.png", ["s[1]/[q]/0.png", "s[1]/[q]/1.png"]),
        ("s[1]/*/0.png", ["s[1]/[q]/0.png"]),
        ("s[2-1]/*/[0].png", None),
        ("s[0-1]/*/[0].png", ["s1/[q]/0.png"]),
    ):
        outcome = fcnet("predict", run, word, "--csv")
        assert [line.split(",")[0] for line in outcome.out.splitlines()[1:]] == (found or [])


def test_a_path_may_have_bytes_that_are_not_utf_8() -> None:
    name = os.fsdecode("训练".encode("gbk"))
    layer = Layer("test", {"data": {"train": {"images": name}}})
    assert schema.check([layer]).data.train == ImageSplit(images=name)


def test_going_up_by_a_whole_name_is_said_as_it_is(fcnet: Run, tiny: Path, tmp_path: Path) -> None:
    words = ("train", "-c", "tiny/tiny.yaml", "--out")
    assert "leaves this folder with '..'" in fcnet(*words, "../x").errors[0]
    (told,) = fcnet(*words, f"{tmp_path.parent}/y/../x").errors
    assert told.endswith(f"goes up with '..'; if that is intended, give the full path: {tmp_path.parent}/x")
