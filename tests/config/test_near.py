"""What people type, and what it is called here."""

import pytest

from fcnet import schema
from fcnet.config import near


def test_every_other_name_leads_to_a_key() -> None:
    keys = schema.keys()
    assert set(near._KEYS.values()) | set(near._SOLVED.values()) <= keys
    assert not {near.bare(key) for key in keys if "." not in key} & (near._KEYS.keys() | near._NO_KEYS.keys())
    assert all(near.bare(word) == word for word in near._KEYS | near._NO_KEYS | near._VALUES | near._ABSENT)


@pytest.mark.parametrize(
    ("word", "allowed", "told"),
    [
        ("ReLU", "relu elu", "did you mean relu?"),
        ("swish", "relu silu", "did you mean silu?"),
        ("LeakyReLU", "relu leaky_relu", "did you mean leaky_relu?"),
        ("lrelu", "relu leaky_relu", "did you mean leaky_relu?"),
        ("crossentropy", "squared cross_entropy", "did you mean cross_entropy?"),
        ("mse", "squared cross_entropy", "did you mean squared?"),
        ("FashionMNIST", "mnist fashion-mnist", "did you mean fashion-mnist?"),
        ("mnst", "mnist kmnist", "did you mean mnist?"),
        ("rmsprop", "adam sgd", "there is no rmsprop; adam is closest"),
        ("xyz", "adam sgd", None),
    ],
)
def test_values(word: str, allowed: str, told: str | None) -> None:
    assert near.value(word, allowed.split()) == told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("gpu", "did you mean cuda?"),
        ("GPU:1", "did you mean cuda:1?"),
        ("cuda0", "did you mean cuda:0?"),
        ("0", "did you mean cuda:0?"),
        ("CPU", "did you mean cpu?"),
        ("cuda:0,1", "a run uses one device: cuda:0"),
        ("mps", "mps is not supported; choose cpu"),
        ("xyz", None),
    ],
)
def test_devices(word: str, told: str | None) -> None:
    assert near.device(word) == told
