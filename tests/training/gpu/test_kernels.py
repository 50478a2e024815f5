"""fcnet's own kernels through Triton's interpreter, against the eager step.

They run in a process of their own, because the interpreter is chosen when the kernels are defined.
"""

import json
from typing import Any

import pytest

from helpers import own_process

pytest.importorskip("triton", reason="Triton is not installed")

CASES: dict[str, dict[str, Any]] = {
    **{name: {"activation": name} for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "identity")},
    "no hidden layer": {"hidden": []},
    "wide": {"hidden": [40], "pixels": 70},
    "batch of one": {"batch": 1},
    "many classes": {"classes": 30, "hidden": [18]},
    "smoothing": {"smoothing": 0.1},
    "sgd": {"optimizer": {"name": "sgd", "lr": 0.1}},
    "momentum": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}},
    "nesterov": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}},
    "adamw": {"optimizer": {"name": "adamw", "weight_decay": 0.1}},
    # The interpreter cuts bfloat16 off where a GPU rounds: only a step's size can be compared.
    "bf16": {"hidden": [40], "precision": "bf16", "steps": 1, "optimizer": {"name": "sgd", "lr": 0.1}},
}

PROGRAM = """
import json, sys
from helpers.interpreted import compared
print(json.dumps({name: compared(**case) for name, case in json.loads(sys.argv[1]).items()}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    """The differences of all cases."""
    results: dict[str, dict[str, float]] = own_process.interpreted(PROGRAM, json.dumps(CASES))
    return results


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_what_the_eager_step_gives(found: dict[str, dict[str, float]], name: str) -> None:
    difference = found[name]
    tolerance = 0.03 if name == "bf16" else 1e-4
    assert difference["losses"] < tolerance
    assert difference["changes"] < tolerance
    assert difference["hits"] == 0


def test_nan_stays_nan(found: dict[str, dict[str, float]]) -> None:
    """Divergence is found by losses and weights that are not finite, whatever the activation."""
    assert all(difference["nan"] == 1 for difference in found.values())
