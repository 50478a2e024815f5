"""Configs by name: those of the current folder first, then those that come with fcnet."""

import os
from pathlib import Path

import pytest

import fcnet
from fcnet import schema
from fcnet.config import load as loading
from fcnet.config.named import find, shipped, start
from fcnet.errors import ConfigError
from fcnet.sweep.plan import load as plans
from helpers.command_line import ROOT

NAMES = shipped.names()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_checkout_has_those_of_its_folder() -> None:
    files = {path.relative_to(ROOT / "configs").with_suffix("").as_posix() for path in ROOT.glob("configs/**/*.yaml")}
    assert set(NAMES) == files
    assert {"digits", "mnist", "elm/rf-ciw", "published/simard", "sweeps/digits"} <= files


@pytest.mark.parametrize("name", NAMES)
def test_each_says_in_its_first_line_what_it_is(name: str) -> None:
    assert len(shipped.summary(name)) > 20
    assert find.find(name) == shipped.file(name) == ROOT / "configs" / f"{name}.yaml"
    assert shipped.name(ROOT / "configs" / f"{name}.yaml") == name


def test_files_in_the_folder_come_first(here: Path) -> None:
    assert find.find("mnist") == ROOT / "configs/mnist.yaml"
    assert find.find("mnist.yaml") == find.find("configs/mnist.yaml") == ROOT / "configs/mnist.yaml"
    Path("mnist").mkdir()  # a folder of images is not meant
    assert find.find("mnist") == ROOT / "configs/mnist.yaml"
    Path("configs").mkdir()
    Path("mnist").rmdir()
    for file in ("configs/mnist.yaml", "mnist.yml", "mnist.yaml", "mnist"):
        Path(file).touch()
        assert find.find("mnist") == Path(file)
    assert find.find("mnist.yaml") == Path("mnist.yaml")
    assert find.find("zork") is None
    assert find.find("") is None


def test_programs_take_names_too(here: Path) -> None:
    assert fcnet.load_config("elm/rf-ciw", "seed=3").seed == 3
    assert fcnet.load_config(Path("digits")).data.source == "digits"
    with pytest.raises(ConfigError, match="mnits: there is no such file; did you mean mnist"):
        fcnet.load_config("mnits")
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        fcnet.load_config(here)


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("mnits", "mnist"),
        ("rf-civ", "elm/rf-ciw"),
        ("elm/rfciw", "elm/rf-ciw"),
        ("configs/digit.yaml", "digits"),
        ("published/simrad", "published/simard"),
        ("zork", None),
    ],
)
def test_names_that_are_close(word: str, close: str | None) -> None:
    assert find.near(Path(word)) == close


def test_a_file_extends_one_by_name(here: Path) -> None:
    Path("mine.yaml").write_text("extends: mnist\nseed: 7\n")
    mine = schema.load(Path("mine.yaml"))
    assert mine == schema.load(ROOT / "configs/mnist.yaml", ["seed=7"])
    Path("mnist").write_text("extends: digits\n")  # a file beside it is meant before that
    assert schema.load(Path("mine.yaml")) == schema.load(ROOT / "configs/digits.yaml", ["seed=7"])


@pytest.mark.parametrize("name", NAMES)
def test_what_init_writes_has_the_same_settings(here: Path, name: str) -> None:
    file = start.write(name, None)
    assert file == Path(name.replace("/", "-") + ".yaml")
    assert file.read_text().startswith("# ")
    source = ROOT / "configs" / f"{name}.yaml"
    if not loading.is_sweep_file(source):
        assert schema.load(file) == schema.load(source)
        return
    os.environ.setdefault("FCNET_DB", "sqlite:///x.db")
    written, original = (plans.from_file(one, yes=True) for one in (file, source))
    assert written.settings == original.settings
    assert [one.name for one in written.runs] == [one.name for one in original.runs]


def test_init_overwrites_nothing(here: Path) -> None:
    Path("digits.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="already exists; name another file"):
        start.write("digits", None)
    assert Path("digits.yaml").read_text() == "mine"
    with pytest.raises(ConfigError, match="there is no folder no"):
        start.write("digits", Path("no/x.yaml"))
    with pytest.raises(ConfigError, match="did you mean own-images"):
        start.write("own-image", None)
    assert start.write("own-images", Path("x.yaml")) == Path("x.yaml")
    assert sorted(path.name for path in here.iterdir()) == ["digits.yaml", "x.yaml"]
