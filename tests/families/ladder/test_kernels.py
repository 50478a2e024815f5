"""A ladder's kernels: through Triton's interpreter against torch's, compiled for a GPU, and on one."""

from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("triton", reason="Triton is not installed")

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from fcnet.config.train import Train
from fcnet.families.ladder import functions, kernels, launches
from fcnet.families.ladder.model import Ladder
from fcnet.families.ladder.objective import Climb
from fcnet.training.randomness import Randomness
from fcnet.training.steps import step as steps
from helpers import own_process
from helpers.ladder_kernels import cases, differences, torch_alone

TOLERANCE = {"float32": 1e-5, "bfloat16": 1e-2}
CASES = cases()

PROGRAM = """
import json, sys
from helpers.ladder_kernels import cases, differences
print(json.dumps({name: differences(**case) for name, case in cases().items()}))
"""

WITHOUT = """
import sys, torch
from fcnet.families.ladder.model import Ladder
from fcnet.families.ladder.objective import Climb

net = Ladder([6, 5, 3], [0.3] * 3, [1.0] * 3).train()
Climb().of_batch(net, torch.rand(4, 6), torch.arange(4) % 3).loss.backward()
assert "fcnet.families.ladder.kernels" not in sys.modules and "triton" not in sys.modules
"""

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")


@pytest.fixture(scope="module")
def interpreted() -> dict[str, dict[str, float]]:
    """The differences of all cases, from a process of its own: the interpreter is chosen when kernels are defined."""
    results: dict[str, dict[str, float]] = own_process.interpreted(PROGRAM)
    return results


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_what_torch_s_give(interpreted: dict[str, dict[str, float]], name: str) -> None:
    assert interpreted[name]
    assert {key: one for key, one in interpreted[name].items() if not one < TOLERANCE[CASES[name]["dtype"]]} == {}


WHOLE = {"ROWS": launches.ROWS, "BLOCK": launches.BLOCK}
COMPILED: dict[str, tuple[Any, dict[str, Any]]] = {
    "normalise": (kernels.normalise, WHOLE),
    "normalise, backward": (kernels.normalise_backward, WHOLE),
    "combine": (kernels.combine, WHOLE),
    "combine, backward": (kernels.combine_backward, WHOLE | {"ROWS": launches.SUMMED}),
    "denoise": (kernels.denoise, WHOLE | {"SCALAR": False}),
    "denoise, pixels": (kernels.denoise, WHOLE | {"SCALAR": True}),
    "denoise, backward": (kernels.denoise_backward, WHOLE | {"SCALAR": False, "OF_Z": True}),
    "denoise, pixels, backward": (kernels.denoise_backward, WHOLE | {"SCALAR": True, "OF_Z": False}),
    "average": (kernels.average, {"BLOCK": 256}),
}
TYPES = dict.fromkeys("BM", "i32") | dict.fromkeys(("epsilon", "correction", "momentum"), "fp32") | {"batches": "*i64"}


@pytest.mark.parametrize("z", ["*fp32", "*bf16"])
@pytest.mark.parametrize("name", COMPILED)
def test_kernels_are_compiled_for_an_h100(name: str, z: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, constants = COMPILED[name]
    types = TYPES | {"z": z, "of_z": z}  # others: *fp32
    signature = {one: "constexpr" if one in constants else types.get(one, "*fp32") for one in kernel.arg_names}
    options = {"num_warps": launches.WARPS}
    found = compile(ASTSource(kernel, signature, constants), target=GPUTarget("cuda", 90, 32), options=options)
    assert len(found.asm["cubin"]) > 0


def test_training_on_a_cpu_does_not_import_triton() -> None:
    own_process.run(WITHOUT)


@needs_gpu
def test_gpu_numbers_of_other_types_have_torch_s_kernels() -> None:
    single = torch.zeros(2, device="cuda")
    assert functions._launches(single, single.bfloat16()) is launches
    assert functions._launches(single, single.double()) is None
    assert functions._launches(single, single.cpu()) is None


@needs_gpu
@pytest.mark.parametrize("name", CASES)
def test_gpu_kernels_give_what_torch_s_give(name: str) -> None:
    found = differences(**CASES[name], device="cuda")
    assert {key: one for key, one in found.items() if not one < TOLERANCE[CASES[name]["dtype"]]} == {}


@needs_gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_gpu_steps_of_a_ladder_come_to_those_of_torch_s_kernels(precision: str) -> None:
    """Losses of some steps and the averages after them; the kernels' own bits are always the same."""

    def trained() -> tuple[list[float], dict[str, torch.Tensor]]:
        torch.manual_seed(1)
        net = Ladder([36, 40, 30, 10], [0.3, 0.2, 0.1, 0.4], [3.0, 2.0, 0.7, 0.5]).cuda().train()
        randomness = Randomness(3, torch.device("cuda"))
        step = steps.build(net, Climb().drawing_from(randomness), Train(precision=precision))  # type: ignore[arg-type]
        x = torch.rand(50, 36, generator=torch.Generator().manual_seed(2)).cuda()
        labels = torch.arange(50).cuda() % 10
        lr = torch.tensor(2e-3, dtype=torch.float64)
        losses = [float(step(x, labels, lr).loss) for _ in range(5)]
        return losses, {name: tensor.clone() for name, tensor in net.state_dict().items()}

    assert functions._launches(torch.zeros(2, device="cuda")) is launches
    (losses, state), again = trained(), trained()
    assert losses == again[0]
    assert all(torch.equal(tensor, again[1][name]) for name, tensor in state.items())
    with torch_alone():
        expected, of_torch = trained()
    assert losses == pytest.approx(expected, rel=1e-4 if precision == "fp32" else 1e-2)
    for name in (one for one in state if "running" in one or "batches" in one):
        torch.testing.assert_close(state[name], of_torch[name], rtol=1e-3 if precision == "fp32" else 3e-2, atol=1e-2)
