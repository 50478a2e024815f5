"""Which runs of a sweep are trained together."""

import subprocess
import sys
from typing import Any

import pytest

from fcnet import schema
from fcnet.commands.together import alike
from fcnet.config.yaml_lines import Layer
from fcnet.schema import Config
from fcnet.sweep.groups import groups


def config(**changes: Any) -> Config:
    """A config of digits, changed at dotted keys that are written with ``__``."""
    values: dict[str, Any] = {
        "data": {"source": "digits", "root": "x", "image_size": [8, 8]},
        "model": {"hidden": [32]},
    }
    for key, value in changes.items():
        *sections, name = key.split("__")
        section = values
        for one in sections:
            section = section.setdefault(one, {})
        section[name] = value
    return schema.check([Layer("test", values)])


OWN = [
    {"seed": 7},
    {"train__optimizer": {"name": "adam", "lr": 0.1, "betas": [0.5, 0.9], "eps": 1e-5}},
    {"train__schedule": {"name": "cosine", "warmup_epochs": 1}},
    {"train__label_smoothing": 0.1},
    {"train__clip_grad_norm": 1.0},
    {"model__dropout": 0.3},
    {"model__init": {"name": "normal", "std": 0.1}},
]
OTHER = [
    {"model__hidden": [33]},
    {"model__activation": "tanh"},
    {"model__input_dropout": 0.1},
    {"train__batch_size": 50},
    {"train__epochs": 3},
    {"train__optimizer": {"name": "sgd"}},
    {"train__l2": 1e-4},
    {"train__log_every": 7},
    {"data__deskew": True},
    {"threads": 1},
]
ALONE = [
    ({"model__batch_norm": True}, "model.batch_norm is true"),
    ({"model__activation": "gelu"}, "model.activation is gelu"),
    ({"model__activation": {"name": "prelu"}}, "model.activation is prelu"),
    ({"train__precision": "bf16"}, "train.precision is bf16"),
    ({"train__step": "eager"}, "train.step is eager"),
    ({"train__save_every": 0}, "train.save_every is 0"),
    ({"data__augment": {"rotation": 10}}, "data.augment is set"),
    ({"data__labelled": 10}, "data.labelled is set"),
    ({"data__memory": "mapped"}, "data.memory is mapped"),
    ({"model": {"kind": "elm", "hidden": 10}}, "model.kind is elm"),
]


@pytest.mark.parametrize("changes", OWN)
def test_what_each_net_has_for_itself(changes: dict[str, Any]) -> None:
    assert alike.fit(config(**changes)) == alike.fit(config())
    assert [group.runs for group in groups([config(), config(**changes)], "auto", "cpu", 1)] == [(0, 1)]


@pytest.mark.parametrize("changes", OTHER)
def test_what_all_nets_of_a_group_share(changes: dict[str, Any]) -> None:
    assert alike.fit(config(**changes)).key != alike.fit(config()).key
    assert [group.runs for group in groups([config(), config(**changes)], 8, "cpu", 1)] == [(0,), (1,)]


@pytest.mark.parametrize(("changes", "reason"), ALONE)
def test_what_is_trained_alone(changes: dict[str, Any], reason: str) -> None:
    found = groups([config(**changes)] * 2, 8, "cpu", 1)
    assert [(group.runs, group.reason) for group in found] == [((0,), reason), ((1,), reason)]


def test_sizes_leave_no_worker_without_work() -> None:
    seeds = [config(seed=seed) for seed in range(24)]
    assert [len(group.runs) for group in groups(seeds, "auto", "cpu", 2)] == [12, 12]
    assert [len(group.runs) for group in groups(seeds, "auto", "cpu", 1)] == [12, 12]  # at most 16
    assert [len(group.runs) for group in groups(seeds, 64, "cuda", 1)] == [24]
    assert [len(group.runs) for group in groups(seeds, 5, "cpu", 2)] == [4, 5, 5, 5, 5]
    assert [len(group.runs) for group in groups(seeds, "auto", "cpu", 100)] == [1] * 24
    assert [len(group.runs) for group in groups(seeds, "off", "cpu", 1)] == [1] * 24


def test_each_run_is_in_one_group() -> None:
    runs = [config(seed=seed, model__hidden=[10 + seed % 3]) for seed in range(20)]
    found = groups(runs, 4, "cpu", 2)
    assert sorted(number for group in found for number in group.runs) == list(range(20))
    for group in found:
        assert len({alike.fit(runs[number]).key for number in group.runs}) == 1


def test_wide_nets_are_alone_on_a_cpu() -> None:
    """By the arithmetic of a step: 784-500-10 with batches of 100 has 40 million multiply-adds."""
    wide = [config(seed=s, data__image_size=[28, 28], model__hidden=[500], train__batch_size=100) for s in range(2)]
    assert alike.products(wide[0], (28, 28), 10) == 100 * (784 * 500 + 500 * 10)
    alone = groups(wide, "auto", "cpu", 1)
    assert [group.runs for group in alone] == [(0,), (1,)]
    assert "40 million multiply-adds" in alone[0].reason
    assert [group.runs for group in groups(wide, 2, "cpu", 1)] == [(0, 1)]


def test_on_a_gpu_nets_are_together_only_if_it_is_asked_for() -> None:
    small = [config(seed=s) for s in range(2)]
    found = groups(small, "auto", "cuda", 1)
    assert [group.runs for group in found] == [(0,), (1,)]
    assert "measured to be slower" in found[0].reason
    assert [group.runs for group in groups(small, 2, "cuda", 1)] == [(0, 1)]


def test_planning_needs_no_torch() -> None:
    program = "import sys, fcnet.sweep.groups, fcnet.schema; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
