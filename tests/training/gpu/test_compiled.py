"""fcnet's own kernels are compiled for a GPU that need not be there: the interpreter accepts more than the compiler."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("triton", reason="Triton is not installed")

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from fcnet.training.gpu.kernels import arithmetic, products, updates

H100 = GPUTarget("cuda", 90, 32)
TYPES = {"pixels": "*u8", "rows": "*i64", "labels": "*i64", "table": "*i64", "sizes": "*i64"}
TYPES |= {"tensor_of": "*i64", "first_of": "*i64", "slope": "fp32"} | dict.fromkeys("BDMCKN", "i32")  # others: *fp32

TILE = {"BM": 64, "BN": 64, "BK": 32, "BF16": False}
BYTES = TILE | {"PIXELS": True, "PRECISION": "tf32x2"}
RELU, ADAM, SGD = (one.value for one in (arithmetic.RELU, updates.ADAM, updates.SGD))
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "first layer": (products.layer, BYTES | {"KIND": RELU}),
    "first layer, one net": (products.layer, BYTES | {"KIND": RELU, "PRECISION": "tf32x3"}),
    "first layer, bf16": (products.layer, BYTES | {"KIND": RELU, "BF16": True, "PRECISION": "tf32x3"}),
    "layer": (products.layer, TILE | {"PIXELS": False, "KIND": RELU, "PRECISION": "tf32x3"}),
    "outputs": (products.outputs, {"PRECISION": "tf32x3", "BM": 16, "BC": 16, "BK": 64}),
    "backward": (products.backward, TILE | {"KIND": RELU, "LAST": True, "PRECISION": "tf32x3"}),
    "sums": (products.column_sums, {"BM": 32, "BC": 16}),
    "gradient": (products.weight_gradient, BYTES),
    "adam": (updates.weight_update, BYTES | {"KIND": ADAM, "MOVES": True}),
    "momentum": (updates.weight_update, TILE | {"PIXELS": False, "PRECISION": "tf32", "KIND": SGD, "MOVES": True}),
    "update": (updates.update, {"T": 4, "KIND": ADAM, "MOVES": True, "BLOCK": 1024}),
    "update, sgd": (updates.update, {"T": 4, "KIND": SGD, "MOVES": False, "BLOCK": 1024}),
}


@pytest.mark.parametrize("name", CASES)
def test_kernels_are_compiled_for_an_h100(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, constants = CASES[name]
    types = TYPES | ({"x": TYPES["pixels"]} if constants.get("PIXELS") else {})
    signature = {one: "constexpr" if one in constants else types.get(one, "*fp32") for one in kernel.arg_names}
    found = compile(ASTSource(kernel, signature, constants), target=H100, options={"num_stages": 2})
    assert found.metadata.shared <= 227 * 1024  # bytes that a block may have
    assert len(found.asm["cubin"]) > 0
