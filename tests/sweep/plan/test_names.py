"""Names of runs: short, canonical, different, and possible on every file system."""

import re

import pytest

from fcnet.errors import ConfigError
from fcnet.sweep.plan import names
from helpers.seeds import chance

HASHES = ["0123456789ab", "ba9876543210"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0.1, "0.1"),
        (0.01, "0.01"),
        (0.001, "1e-3"),
        (3e-4, "3e-4"),
        (0.00015, "1.5e-4"),
        (0.015, "0.015"),
        (0.0, "0"),
        (1.0, "1"),
        (1, "1"),
        (-0.5, "-0.5"),
        (1e30, "1e30"),
        (60000, "60000"),
        (100.0, "100"),
        (1e-8, "1e-8"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ("relu", "relu"),
        ([], "none"),
        ([500, 100], "500-100"),
        ([0.9, 0.999], "0.9-0.999"),
        (["relu", {"name": "leaky_relu", "slope": 0.2}], "relu-leaky_relu-slope-0.2"),
        ({"weight_decay": 0.1, "name": "adamw"}, "adamw-weight_decay-0.1"),
        ({"epochs": 3}, "epochs-3"),
        ("data/a b", "data-a-b"),
        ('C:\\x*?"<>|', "C--x------"),
        ("数字/ü", "数字-ü"),
        ("\u0000\n\u200b\udc80😀", "-----"),
        ("u\u0308", "ü"),
    ],
)
def test_values(value: object, name: str) -> None:
    assert names.value(value) == name


def test_numbers_are_read_back_the_same() -> None:
    draws = chance("numbers")
    for _ in range(300):
        number = draws.gauss() * 10.0 ** draws.randrange(-20, 20)
        assert float(names.value(number)) == number


def test_keys_are_as_short_as_they_can_be() -> None:
    keys = ["model.hidden", "train.optimizer.lr", "a.x", "b.x", "b.a.x", "seed"]
    assert list(names.short(keys).values()) == ["hidden", "lr", "a.x", "b.x", "b.a.x", "seed"]
    assert names.short(["train.optimizer", "train.optimizer.name"]) == {
        "train.optimizer": "optimizer",
        "train.optimizer.name": "name",
    }


def test_only_what_varies_is_in_the_name() -> None:
    runs = [{"a": 1, "b": 2}, {"a": 1, "b": 3}]
    assert names.of_runs(runs, HASHES, ["b"]) == ["b-2", "b-3"]
    assert names.of_runs([{}], HASHES[:1], []) == ["run"]


@pytest.mark.parametrize(("one", "other"), [("a/b", "a b"), ("Mnist", "MNIST"), ("ß", "ss")])
def test_equal_names_carry_the_hash(one: str, other: str) -> None:
    """Also those that are equal only where upper and lower case are."""
    found = names.of_runs([{"data.root": one}, {"data.root": other}], HASHES, ["data.root"])
    assert [name.rpartition("-")[2] for name in found] == HASHES
    assert len({names.same(name) for name in found}) == 2


def test_long_names_are_cut_and_carry_the_hash() -> None:
    runs = [{"data.root": "x" * 300}, {"data.root": "数" * 40 + "a"}]
    found = names.of_runs(runs, HASHES, ["data.root"])
    assert [name[-12:] for name in found] == HASHES
    assert all(len(name.encode()) <= names.LONGEST for name in found)
    assert re.fullmatch(r"root-数+-[0-9a-f]{12}", found[1])


def test_no_name_ends_with_a_dot() -> None:
    """Windows removes it."""
    assert names.of_runs([{"data.root": ".."}], HASHES[:1], ["data.root"]) == [f"root-..-{HASHES[0]}"]


def test_names_that_cannot_differ_are_refused() -> None:
    with pytest.raises(ConfigError, match="would be the name of several runs"):
        names.of_runs([{"threads": 1}, {"threads": 1}], [HASHES[0]] * 2, ["threads"])
