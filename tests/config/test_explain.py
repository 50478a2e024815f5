"""Errors in the user's words: no wording of pydantic's, no class of Python's, and what to write."""

import re
from pathlib import Path

import pytest

from fcnet import schema
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from helpers.command_line import Run

GOOD = "data: {source: digits, root: d}\n"
WRONG = [
    "word",
    True,
    1.5,
    -1,
    10**12,
    float("nan"),
    float("inf"),
    "",
    None,
    [],
    ["x", "y"],
    [[1]],
    [None],
    {},
    {"x": 1},
]
WRONG += [{"name": "word"}, {"name": 3}, {"kind": "word"}, {"kind": [1]}, "2024-01-01"]
FOREIGN = re.compile(
    r"Input should|[Vv]alid (integer|number|string|list|boolean|dictionary)|Value error|NoneType|Unable to|unable to|"
    r"\b(str|dict|int|bool|float|None|True|False|instance|tuple)\b|Field required|greater than|less than|pydantic|Extra"
)
# Where a key is one of another kind of model, or of another name than the default.
KINDS = [{}, {"kind": "elm"}, {"kind": "autoencoder"}, {"kind": "ladder"}, {"kind": "one_class"}]
NAMES = {
    "optimizer": ("adam", "adamw", "sgd", "muon"),
    "schedule": ("constant", "step", "cosine", "linear", "one_cycle"),
    "solver": ("ridge", "pinv", "lasso", "squared-hinge"),
    "activation": ("relu", "leaky_relu", "prelu", "elu", "maxout", "rbf"),
    "code_activation": ("leaky_relu", "prelu", "elu"),
    "init": ("kaiming_normal", "orthogonal", "normal", "uniform", "run", "encoder"),
    "weights": ("gaussian", "samples", "ciw", "c", "rf", "lrf"),
    "corruption": ("gaussian", "masking", "salt_and_pepper"),
    "sparse": ("kl", "l1", "k_sparse"),
    "prior": ("vamp",),
}


def nested(key: str, value: object) -> dict:
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def layers(kind: dict, key: str, value: object) -> list[list[Layer]]:
    base = Layer("base", {"data": {"source": "digits", "root": "d"}, "model": kind})
    section = key.rpartition(".")[0]
    names = NAMES.get(section.split(".")[-1], ())
    named = [[Layer("named", nested(section, {"name": name}))] for name in names] or [[]]
    return [[base, *one, Layer("command line", nested(key, value))] for one in named]


def mistakes(given: list[Layer]) -> list[str]:
    """The lines of a config's error, none of which is pydantic's own."""
    try:
        schema.check(given)
    except ConfigError as error:
        assert not [line for line in error.problems if FOREIGN.search(line)], error.problems
        return list(error.problems)
    return []


@pytest.mark.parametrize("key", sorted(schema.keys() - {"extends"}))
def test_wrong_values_of_every_key_are_told_in_words(key: str) -> None:
    told: list[str] = []
    places = (f"command line: {key}: ", f"command line: {key.removesuffix('.name')}: ")
    for kind in KINDS:
        for number in range(len(layers(kind, key, None))):
            for value in WRONG:
                lines = mistakes(layers(kind, key, value)[number])
                told += [line for line in lines if line.startswith(places)]
                if any("unknown key" in line for line in lines):
                    break  # whatever its value
    assert told, "no value is wrong"
    for line in told:
        form = r": is .+; (should be |is )|unknown key; |missing; |give .*`|each class once|is (configured by|for) "
        assert re.search(form, line), line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model: {batch_norm: True}", "is 'True'; should be true or false; write true"),
        ("model: {batch_norm: off}", "is 'off'; should be true or false; write false"),
        ("model: {dropout: None}", "leave it out for its default"),
        ("train: {clip_grad_norm: None}", "write null, or leave it out"),
        ("train: {clip_grad_norm: Null}", "write null, or leave it out"),
        ('train: {optimizer: {lr: "1e-3"}}', "write 1e-3, without quotes"),
        ("train: {optimizer: {lr: 10^-3}}", "write 1e-3"),
        ("train: {epochs: 1_000}", "is '1_000'; should be a whole number of at least 0; write 1000"),
        ("train: {epochs: 0x10}", "write 16"),
        ("train: {epochs: 1e3}", "write 1000"),
        ("train: {epochs: 10.0}", "write 10"),
        ("train: {epochs: [3]}", "write 3"),
        ("train:\n  l2: 1,5", "write 1.5"),
        ("model: {dropout: 50%}", "write 0.5"),
        ("model: {hidden: 128}", "write [128]"),
        ("model:\n  hidden: 128, 64", "write [128, 64]"),
        ("model:\n  hidden: (128, 64)", "write [128, 64]"),
        ("model: {hidden: 128, 64}", "write a list in brackets, such as [128, 64]"),
        ("model: {activation: [relu, Tanh]}", "model.activation.1: is 'Tanh'; should be one of: "),
        ("model: {activation: {slope: 1}}", "give a `name`, such as {name: sigmoid, ...}"),
        ("model: {init: {name: run, run: 2024}}", "put it in quotes: '2024'"),
        ("train: epochs:3", "write epochs: 3, with a space after the colon"),
        ("train:\nepochs: 3", "train: is null; should be a mapping of keys: "),
        ("device: 0", "is 0; should be auto, cpu, cuda or cuda:N; did you mean cuda:0?"),
        ("model: {kind: MLP}", "did you mean fcnet?"),
        ("train: {optimizer: RMSprop}", "there is no RMSprop; adam is closest"),
        (
            "train: {optimizer: {name: Adam, lr: 1}}",
            "is 'Adam'; should be one of: adam, adamw, sgd, muon; did you mean adam?",
        ),
        ("train: {optimizer: {betas: 0.9}}", "write [0.9, 0.9]"),
    ],
)
def test_what_to_write(fcnet: Run, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD + text + "\n")
    outcome = fcnet("config", "check", "c.yaml")
    assert outcome.code == 2
    assert told in outcome.errors[0]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("data.image_size=28", "write [28, 28]"),
        ("data.image_size=28x28", "write [28, 28]"),
        ("data.image_size=[28]", "write [28, 28]"),
        ("data.image_size=[28, 28, 1]", "write [28, 28]"),
        ("data.classes=10", "list their names, or leave it out: they are read from the labels"),
        ("data.classes=cat, dog", "write [cat, dog]"),
        ("data.validation=10%", "write 0.1"),
        ("data.validation=True", "should be a number of images, a fraction such as 0.1, or {images, labels}"),
    ],
)
def test_what_to_write_on_the_command_line(fcnet: Run, tmp_path: Path, word: str, told: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    outcome = fcnet("config", "check", "c.yaml", word)
    assert outcome.code == 2
    assert told in outcome.errors[0]
