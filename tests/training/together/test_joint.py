"""Joint steps by fcnet's own kernels through Triton's interpreter, against the eager joint steps.

They run in a process of their own, because the interpreter is chosen when the kernels are defined.
"""

import json
from typing import Any

import pytest
import torch

from fcnet.data.splits import Splits
from helpers import joint, own_process

pytest.importorskip("triton", reason="Triton is not installed")

ADAM, SGD = {"name": "adam", "lr": 0.01}, {"name": "sgd", "lr": 0.1}
CASES: dict[str, list[dict[str, Any]]] = {
    "seeds, deep": [{"model": {"hidden": [9, 5]}}] * 2,
    "adam": [
        {"optimizer": ADAM | {"betas": [0.5, 0.99], "eps": 0.1}, "schedule": "one_cycle"},
        {"optimizer": ADAM | {"lr": 0.03}, "label_smoothing": 0.3},
        {"schedule": {"name": "cosine", "warmup_epochs": 0.5}, "label_smoothing": 0.1},
    ],
    "adamw": [{"optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": d}} for d in (0.0, 3.0)],
    "sgd": [{"optimizer": SGD | {"lr": lr}} for lr in (0.05, 0.1)],
    "momentum": [
        {"optimizer": SGD},
        {"optimizer": SGD | {"momentum": 0.9}},
        {"optimizer": SGD | {"momentum": 0.8, "nesterov": True}},
    ],
    "no hidden layer": [{"model": {"hidden": []}}] * 2,
    "wide": [{"model": {"hidden": [70]}}] * 2,
    "tanh": [{"model": {"activation": "tanh"}}] * 2,
}

PROGRAM = """
import json, sys
from helpers import joint
with joint.without_a_gpu():
    found = {name: joint.agreement(cases) for name, cases in json.loads(sys.argv[1]).items()}
    for name in ("leaving", "lengths", "resumed", "wrong", "failing", "unsuitable"):
        found[name] = getattr(joint, name)()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What the groups did."""
    results: dict[str, Any] = own_process.interpreted(PROGRAM, json.dumps(CASES))
    return results


@pytest.mark.parametrize("name", CASES)
def test_own_kernels_give_what_the_eager_joint_steps_give(found: dict[str, Any], name: str) -> None:
    one, others = found[name], len(CASES[name]) - 1
    assert one["how"].startswith(f"together with {others} other net{'s' * (others > 1)}, CUDA graph of 2 steps")
    assert "not graph" not in one["how"]
    assert one["changes"] < 1e-4
    assert one["kept"] < 1e-4
    assert one["figures"] < 1e-4


def test_nets_that_leave_or_diverge_change_no_bit_of_the_others(found: dict[str, Any]) -> None:
    one = found["leaving"]
    assert "CUDA graph" in one.pop("how")
    assert all(one.values()), one


def test_neither_the_length_of_bursts_nor_a_resume_changes_a_bit(found: dict[str, Any]) -> None:
    assert found["lengths"]
    assert found["resumed"]


def test_kernels_that_do_not_agree_are_not_used_and_it_is_said(found: dict[str, Any]) -> None:
    one = found["wrong"]
    assert one["how"].startswith(
        "together with 1 other net, by hand, cpu, fp32; not graph: net 1 differs from the eager"
    )
    assert one["same"]


def test_after_a_graph_that_cannot_be_captured_the_eager_steps_go_on(found: dict[str, Any]) -> None:
    one = found["failing"]
    assert one["kinds"] == ["together, CUDA graph", "together", "together"]
    assert one["far"] < 1e-5
    for said in one["warnings"]:
        assert said == [
            "step: a CUDA graph could not be captured: CUDA error: out of graphs; from here on, steps are not launched"
            " as graphs"
        ]


def test_nets_with_more_than_plain_steps_take_the_eager_ones(found: dict[str, Any]) -> None:
    for how in found["unsuitable"].values():
        assert how.startswith("together with 1 other net, by hand")
        assert "not graph" not in how


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", CASES)
def test_gpu_graphs_agree_with_the_eager_joint_steps(name: str) -> None:
    device = torch.device("cuda")
    splits = Splits(joint.SPLITS.train.to(device), None, None)
    groups = []
    for graphs in (True, False, True):
        some = joint.nets(CASES[name])
        for one in some:
            one.model.to(device)
        groups.append(joint.together(some, graphs, splits))
        joint.trained(groups[-1])
    own, eager, again = groups
    assert "CUDA graph of 50 steps" in own.lanes[0].step_name
    assert joint.same(own, again, range(len(CASES[name])))
    for number in range(len(CASES[name])):
        assert float((joint.weights(own, number) - joint.weights(eager, number)).abs().max()) < 1e-4
