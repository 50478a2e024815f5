"""From files and overrides to a checked config, through the command line where a user would."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnet import schema
from fcnet.errors import ConfigError
from fcnet.schema import Config
from helpers.command_line import ROOT, Run

GOOD = "data: {source: mnist, root: data/mnist}\n"


def show(fcnet: Run, *words: object) -> dict:
    outcome = fcnet("config", "show", *words)
    assert outcome.code == 0, outcome.err
    return yaml.safe_load(outcome.out)


def test_precedence_is_defaults_extends_file_command_line(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/base.yaml").write_text(
        GOOD + "train: {epochs: 1, batch_size: 11, optimizer: {lr: 1e-2}}\nseed: 1\n"
    )
    (tmp_path / "middle.yaml").write_text("extends: deep/base.yaml\ntrain: {epochs: 2, l2: 0.5}\n")
    (tmp_path / "top.yaml").write_text("extends: middle.yaml\ntrain: {epochs: 3}\n")
    found = show(fcnet, "top.yaml", "train.l2=0.25", "model.hidden=[3, 4]")
    assert found["train"]["epochs"] == 3
    assert found["train"]["batch_size"] == 11
    assert found["train"]["optimizer"]["lr"] == 0.01
    assert found["train"]["l2"] == 0.25
    assert found["train"]["log_every"] == 100
    assert found["model"]["hidden"] == [3, 4]
    assert found["seed"] == 1


def test_null_takes_an_inherited_setting_away(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD + "train: {optimizer: {name: sgd, momentum: 0.9, lr: 0.5}}\n")
    found = show(fcnet, "base.yaml", "train.optimizer.name=adam", "train.optimizer.momentum=null")
    assert found["train"]["optimizer"] == {"name": "adam", "lr": 0.5, "betas": [0.9, 0.999], "eps": 1e-8}


def test_another_name_with_its_settings_is_taken_whole(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD + "train: {optimizer: {name: sgd, momentum: 0.9, lr: 0.5}}\n")
    found = show(fcnet, "base.yaml", "train.optimizer={name: adam, eps: 1e-6}")
    assert found["train"]["optimizer"] == {"name": "adam", "lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-6}


def test_a_setting_over_a_short_form_keeps_its_name(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD + "train: {optimizer: sgd, schedule: cosine}\nmodel: {activation: elu}\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\ntrain: {optimizer: {lr: 0.05}}\n")
    found = show(fcnet, "top.yaml", "train.schedule.final=0.5", "model.activation.alpha=2")
    assert found["train"]["optimizer"]["name"] == "sgd"
    assert found["train"]["optimizer"]["lr"] == 0.05
    assert found["train"]["schedule"]["name"] == "cosine"
    assert found["model"]["activation"] == {"name": "elu", "alpha": 2.0}
    outcome = fcnet("config", "check", "top.yaml", "train.schedule.every_epochs=3")
    assert outcome.errors[0].startswith("command line: train.schedule.every_epochs: unknown key")


@pytest.mark.parametrize(
    "word",
    [
        "train.l2=1e39",
        "train.schedule={name: cosine, warmup_epochs: 1e308}",
        "model.hidden=[99999999999999999999]",
        "model.init={name: uniform, bound: 1e308}",
        "model.activation={name: elu, alpha: 1e308}",
        "model.activation={name: prelu, slope: -1e308}",
        "model.init={name: kaiming_uniform, a: 1e308}",
        "data.image_size=[10000000000000000000000, 1]",
        "extends=other.yaml",
        "data.root=",
        "data.root=''",
        "data.root='None'",
        "data.cache=${NOWHERE_SET}/x",
    ],
)
def test_absurd_values_are_refused_by_the_schema(fcnet: Run, tmp_path: Path, word: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    outcome = fcnet("train", "-c", "c.yaml", word)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


def test_the_resolved_config_resolves_to_itself(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        GOOD + "model: {hidden: [4, 5], activation: [relu, {name: prelu, shared: true}], init: xavier_normal}\n"
        "train: {schedule: {name: cosine, warmup_epochs: 1}, optimizer: adamw, clip_grad_norm: 1}\n"
    )
    text = fcnet("config", "show", "a.yaml").out
    (tmp_path / "b.yaml").write_text(text)
    assert fcnet("config", "show", "b.yaml").out == text


def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_its_lines(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        """data:
  sorce: mnist
  root: a
  root: b
model:
  hidden: [500, 0]
  activation: [relu, {name: leaky_relu, slop: 1}]
train:
  optimizer: {name: sgd, betas: [1, 2]}
  schedule: cosin
  epochs: 1.5
  l2: .nan
device: gpu
"""
    )
    outcome = fcnet("config", "check", "bad.yaml")
    assert outcome.code == 2
    assert [error.split(": ")[:2] for error in outcome.errors] == [
        ["bad.yaml:2", "data.sorce"],
        ["bad.yaml:4", "root"],
        ["bad.yaml:6", "model.hidden.1"],
        ["bad.yaml:7", "model.activation.1.slop"],
        ["bad.yaml:9", "train.optimizer.betas"],
        ["bad.yaml:10", "train.schedule"],
        ["bad.yaml:11", "train.epochs"],
        ["bad.yaml:12", "train.l2"],
        ["bad.yaml:13", "device"],
    ]
    assert "did you mean 'data.source'?" in outcome.errors[0]
    assert "did you mean 'model.activation.1.slope'?" in outcome.errors[3]
    assert "allowed here: lr, momentum, name, nesterov" in outcome.errors[4]
    assert "should be one of: constant, step, cosine, linear, one_cycle" in outcome.errors[5]


@pytest.mark.parametrize(
    ("override", "asked"),
    [
        ("epochs=1", "did you mean 'train.epochs'? "),
        ("train.lr=0.1", "did you mean 'train.optimizer.lr'? "),
        ("train.device=cpu", "did you mean 'device'? "),
        ("data.batch_size=3", "did you mean 'train.batch_size'? "),  # and not 'image_size', which is spelt alike
        ("data.sorce=x", "did you mean 'data.source'? "),
        ("train.epoch=1", "did you mean 'train.epochs'? "),  # as of `epochs`
        ("train.batch=1", "did you mean 'train.batch_size'? "),
        ("bs=1", "did you mean 'train.batch_size'? "),
        ("batchSize=1", "did you mean 'train.batch_size'? "),
        ("learning_rate=1", "did you mean 'train.optimizer.lr'? "),
        ("n_epochs=1", "did you mean 'train.epochs'? "),
        ("model.hidden_sizes=1", "did you mean 'model.hidden'? "),
        ("model.layers=1", "did you mean 'model.hidden'? "),
        ("train.dropout=1", "did you mean 'model.dropout'? "),
        ("train.optim=1", "did you mean 'train.optimizer'? "),
        ("gpus=1", "did you mean 'device'? "),
        ("train.log_interval=1", "did you mean 'train.log_every'? "),
        ("data.num_classes=10", "did you mean 'data.classes'? it lists their names; "),
        ("train.weight_decay=1", "did you mean 'train.l2'? "),
        ("data.num_workers=4", "images are decoded once and kept, without workers; remove it; "),
        ("output_dir=x", "set the run directory with --out DIR, on the command line; "),
        (
            "train.optimizer.momentum=0.9",
            "it belongs to name: sgd or name: muon, because train.optimizer.name is adam (",
        ),
        ("train.optimizer.weight_decay=0.9", "it belongs to name: adamw or name: muon, because "),
        ("data.validation={images: a, csv: b}", "did you mean 'data.validation.labels'? "),
        ("|=1", "allowed here: "),  # the mark of a tag within, and a key like any other
        ("train.|x=1", "allowed here: "),
        ("name=x", "allowed here: "),  # several sections have one
        ("model.sparse=kl", "it belongs to kind: autoencoder, because model.kind is fcnet ("),  # which the file says
    ],
)
def test_a_key_of_another_section_is_told_of(fcnet: Run, override: str, asked: str) -> None:
    outcome = fcnet("config", "check", ROOT / "configs/digits.yaml", override)
    assert outcome.code == 2
    key = "data.validation.csv" if "csv" in override else override.split("=")[0]
    assert f"{key}: unknown key; {asked}" in outcome.errors[0]
    assert "allowed here: " in outcome.errors[0]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "c.yaml:1: data: missing"),
        ("seed: 1\n", "c.yaml:1: data: missing"),
        ("data: {}\n", "c.yaml:1: data: give either `source`"),
        ("data: 5\n", "c.yaml:1: data: is 5; should be a mapping of keys: augment, cache"),
        ("data: {source: mnist}\n", "c.yaml:1: data: `root` is missing"),
        (
            "data: {source: mnst, root: x}\n",
            "c.yaml:1: data.source: is 'mnst'; should be one of: mnist, fashion-mnist, kmnist, emnist-letters,"
            " emnist-balanced, digits; did",
        ),
        (GOOD + "model: {kind: cnn}\n", "c.yaml:2: model.kind: is 'cnn'; should be one of: fcnet, elm"),
        (
            GOOD + "model: {hidden: 500}\n",
            "c.yaml:2: model.hidden: is 500; should be a list, each a whole number of at least 1; write [500]",
        ),
        (GOOD + "model: {activation: rulu}\n", "c.yaml:2: model.activation: is 'rulu'; should be one of: "),
        (
            GOOD + "model: {activation: [relu, tanh]}\n",
            "c.yaml:2: model: `activation` lists 2 activations, but `hidden` lists 1",
        ),
        (GOOD + "model: {dropout: 1}\n", "c.yaml:2: model.dropout: is 1; should be a number of at least 0 and below 1"),
        (GOOD + "train: {epochs: 0}\n", "c.yaml:2: train.epochs: is 0; should be a whole number of at least 1"),
        (
            GOOD + "train: {batch_size: true}\n",
            "c.yaml:2: train.batch_size: is true; should be a whole number of at least 1",
        ),
        (
            GOOD + "train: {batch_size: '100'}\n",
            "c.yaml:2: train.batch_size: is '100'; should be a whole number of at least 1; write 100",
        ),
        (
            GOOD + "train: {optimizer: {lr: 1e-3x}}\n",
            "c.yaml:2: train.optimizer.lr: is '1e-3x'; should be a number above 0",
        ),
        (GOOD + "train: {optimizer: {lr: 0}}\n", "c.yaml:2: train.optimizer.lr: is 0; should be a number above 0"),
        (GOOD + "train: {optimizer: {name: sgd, nesterov: true}}\n", "c.yaml:2: train.optimizer: `nesterov` needs"),
        (
            GOOD + "train: {precision: fp16}\n",
            "c.yaml:2: train.precision: is 'fp16'; should be one of: fp32, bf16; did",
        ),
        (GOOD + "seed: -1\n", "c.yaml:2: seed: is -1; should be a whole number of at least 0"),
        (GOOD + "seed: 1\nseed: 2\n", "c.yaml:3: seed: given twice"),
        (GOOD + "extends: c.yaml\n", "c.yaml:2: extends: is circular"),
        (GOOD + "extends: nowhere.yaml\n", "c.yaml:2: extends: there is no file nowhere.yaml"),
        (GOOD + 'extends: "a\\0"\n', "c.yaml:2: extends: is 'a\\x00'; name one YAML file"),
        (GOOD + "extends: [a]\n", "c.yaml:2: extends: is ['a']; name one YAML file"),
        ("data: {train: {images: a}, root: b}\n", "c.yaml:1: data: `root` is only used with `source`"),
        ("data: {source: mnist, root: b, test: {images: a}}\n", "c.yaml:1: data: `test` is only used with `train`"),
        ("data: {train: {images: a}, classes: [a, a]}\n", "c.yaml:1: data.classes: list each class once; repeated: a"),
        (
            "data: {train: {images: a}, validation: 1.5}\n",
            "c.yaml:1: data.validation: is 1.5; should be a number above 0 and below 1",
        ),
        ("data: {train: {images: a}, validation: yes}\n", "c.yaml:1: data.validation: is 'yes'; should be a number of"),
        (
            "data: {train: {images: a}, image_size: [28]}\n",
            "c.yaml:1: data.image_size: is [28]; should be a list of 2, each",
        ),
    ],
)
def test_one_mistake_is_one_line(fcnet: Run, tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    outcome = fcnet("train", "--config", "c.yaml")
    assert outcome.code == 2
    assert len(outcome.errors) == 1, outcome.errors
    assert outcome.errors[0].startswith(error)
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]  # nothing was made


def test_a_mistake_names_the_file_that_it_comes_from(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD + "train:\n  epochs: zero\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\ntrain:\n  l2: -1\n")
    outcome = fcnet("config", "check", "top.yaml", "seed=x")
    assert [error.split(": ")[0] for error in outcome.errors] == ["base.yaml:3", "top.yaml:3", "command line"]


@pytest.mark.parametrize("word", ["epochs", "=3", "train..epochs=3", "train.epochs=[1", "train.epohcs=3", "a=*x"])
def test_bad_overrides(fcnet: Run, tmp_path: Path, word: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    outcome = fcnet("config", "check", "c.yaml", word)
    assert outcome.code == 2
    assert outcome.errors[0].startswith("command line: ")


def test_a_cycle_of_two(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\n")
    outcome = fcnet("config", "check", "a.yaml")
    assert outcome.code == 2
    assert "is circular (a.yaml -> b.yaml -> a.yaml)" in outcome.errors[0]


def test_missing_file_and_folder(fcnet: Run, tmp_path: Path) -> None:
    missing = f"no.yaml: there is no such file; check the path; looked in {tmp_path}, and among the configs that come"
    (told,) = fcnet("config", "check", "no.yaml").errors
    assert told.startswith(missing)
    assert fcnet("config", "check", tmp_path).errors == [f"{tmp_path}: is a folder, not a file; name a YAML file"]


KEYS = st.sampled_from(
    ["data", "source", "root", "train", "model", "optimizer", "name", "hidden", "seed", "extends", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["mnist", "sgd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def accepted_or_refused(path: Path) -> None:
    try:
        assert isinstance(schema.load(path), Config)
    except ConfigError as error:
        assert error.problems
        assert all(": " in problem for problem in error.problems)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_any_values_are_a_config_or_an_error(tmp_path_factory: pytest.TempPathFactory, values: object) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(yaml.safe_dump(values))
    accepted_or_refused(path)


@given(st.binary(max_size=60) | st.text("a:{}[]-&*!|>'\"#%@,\n\t ~1e.", max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_config_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(GOOD.encode() + data)
    accepted_or_refused(path)


@pytest.mark.parametrize(
    "word", ["seed=", "train.epochs=", "model.hidden=", "data.root=", "device= ", 'seed=""', "seed=#3"]
)
def test_a_key_without_a_value_is_no_wish_for_the_default(fcnet: Run, tmp_path: Path, word: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD + "seed: 7\n")
    outcome = fcnet("train", "-c", "c.yaml", word)
    key = word.split("=")[0]
    assert outcome.code == 2
    assert outcome.errors == [
        f"command line: {key}=: has no value (an unset variable?); write {key}=null to remove a setting"
    ]
    assert show(fcnet, "c.yaml", "seed=null")["seed"] == 0
    assert show(fcnet, "c.yaml", "seed=~")["seed"] == 0


def test_a_kind_that_another_layer_chose_is_told(fcnet: Run) -> None:
    digits = ROOT / "configs/digits.yaml"
    (told,) = fcnet("config", "check", digits, "model.kind=elm", "train=null").errors
    assert told.startswith(f"{digits}:")
    assert told.endswith(
        "is [128]; should be a whole number of at least 1, because model.kind is elm (command line); write 128"
    )
    (told,) = fcnet("config", "check", digits, "model.kind=elm", "model.hidden=30").errors
    assert told.startswith("command line: model.kind: is elm, which is configured by `solve`; remove `train`")


def test_the_keys_of_folders_that_have_moved_are_told(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("data:\n  train: {images: a, labels: a.txt}\n  test: {images: b}\n")
    (told,) = fcnet("config", "check", "c.yaml", "data.root=new").errors
    assert told.endswith("if your own folders have moved, set data.train.images, data.test.images, data.train.labels")
    assert fcnet("config", "check", "c.yaml", "data.train.images=new/a", "data.test.images=new/b").code == 0


def test_what_lies_beside_the_config_and_not_here_is_told(fcnet: Run, tmp_path: Path, tiny: Path) -> None:
    (tiny / "c.yaml").write_text("data:\n  train:\n    images: train\n    labels: train.txt\n")
    for command in (("config", "check"), ("train", "-c")):
        outcome = fcnet(*command, "tiny/c.yaml")
        assert outcome.code == 2
        assert outcome.errors == [
            f"tiny/c.yaml:{line}: data.train.{key}: is {name!r}, which exists next to the config, but not in"
            f" {tmp_path}, where paths begin; write tiny/{name}"
            for line, key, name in ((3, "images", "train"), (4, "labels", "train.txt"))
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]
    told = ["data.train.images=tiny/train", "data.train.labels=tiny/train.txt"]
    assert fcnet("config", "check", "tiny/c.yaml", *told).code == 0


def test_extends_says_where_the_file_is(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD)
    (tmp_path / "deep").mkdir()
    for written in ("base.yaml", "../base"):
        (tmp_path / "deep/c.yaml").write_text(f"extends: {written}\n")
        (told,) = fcnet("config", "check", "deep/c.yaml").errors
        assert told.endswith("; write ../base.yaml")
    (tmp_path / "deep/c.yaml").write_text("extends: ../base.yaml\n")
    assert fcnet("config", "check", "deep/c.yaml").code == 0


FULL_WIDTH = """# 注释：［没有问题］
data：
  source: mnist，
  root: 数据，一
  classes: [是：, 否、]
model:
  hidden: ［500，200］
  dropout: 0。5
train:
  epochs： 3
  batch_size: １００
  l2: －1\u3000
  optimizer: “adam”
devi\u200bce: cpu
"""


def test_full_width_punctuation_is_told_with_all_other_mistakes(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(FULL_WIDTH, encoding="utf-8")
    outcome = fcnet("config", "check", "c.yaml")
    assert outcome.code == 2
    told = {int(line.split(":")[1]): line for line in outcome.errors}
    assert set(told) == {2, 3, 7, 8, 10, 11, 12, 13, 14}
    assert "write ':' instead of '：'" in told[2]
    assert "',' instead of '，'" in told[3]
    assert "write [500, 200]; write '[' instead of '［'" in told[7]
    assert "write 0.5; write '.' instead of '。'" in told[8]
    assert "write ':' instead of '：'" in told[10]
    assert "write '1' instead of '１'" in told[11]
    assert "write -1; write '-' instead of '－', a space instead of U+3000 (ideographic space)" in told[12]
    assert "did you mean adam?; write" in told[13]
    assert (
        "devi\\u200bce: unknown key; write nothing instead of U+200B (zero width space); did you mean 'device'?"
        in told[14]
    )


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("train.epochs＝3", "'train.epochs＝3': has a full-width equals sign (＝); write ="),
        ("train．epochs=3", "unknown key; write '.' instead of '．'; did you mean 'train.epochs'?"),
        ("model.hidden=［500］", "write [500]; write '[' instead of '［'"),
        ("model.hidden=[500］", "model.hidden: write ']' instead of '］'; not valid YAML"),
        ("data.source=mnist，", "did you mean mnist?; write ',' instead of '，'"),
        ("train.epochs=３", "write 3; write '3' instead of '３'"),
        ("data.root=“d”", "has a typographic quote (“), which no shell understands"),
        ("data.classes=猫，狗", "write [猫, 狗]; write ',' instead of '，'"),
    ],
)
def test_full_width_punctuation_on_the_command_line(fcnet: Run, tmp_path: Path, word: str, told: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    outcome = fcnet("config", "check", "c.yaml", word)
    assert outcome.code == 2
    assert told in outcome.errors[0]


def test_chinese_names_are_fine(fcnet: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "data:\n  train: {images: 数据，一（新）}  # 训练：图像\n  classes: [猫：大, “狗”]\n", encoding="utf-8"
    )
    assert show(fcnet, "c.yaml")["data"]["classes"] == ["猫：大", "“狗”"]
