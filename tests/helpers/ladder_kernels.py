"""Compare a ladder's kernels with torch's: run by Triton's interpreter on the CPU, or on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from fcnet.families.ladder import functions, launches


class Torch:
    """The functions of torch's kernels, by the names that those of fcnet's have."""

    Normalise, Combine, Denoise = functions._Normalise, functions._Combine, functions._Denoise


Ways = type[Torch] | ModuleType


@contextmanager
def torch_alone() -> Iterator[None]:
    """Compute with torch's kernels on a GPU too."""
    with patch.object(functions, "_launches_on", lambda _: None):
        yield


def difference(found: Tensor | None, expected: Tensor | None) -> float:
    """The largest, in largest numbers; infinite where type or shape differ."""
    if found is None or expected is None:
        return 0.0 if found is expected else float("inf")
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return float("inf")
    scale = float(expected.double().abs().max())
    return float((found.double() - expected.double()).abs().max()) / (scale or 1)


def differences(
    rows: int, columns: int, groups: int = 1, dtype: str = "float32", device: str = "cpu"
) -> dict[str, float]:
    """Return the largest differences of what each function gives and of its gradients."""
    generator = torch.Generator().manual_seed(rows * columns + groups)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(device)

    z = (drawn(groups, rows, columns) + 3 * drawn(1, 1, columns)).to(getattr(torch, dtype))
    operands = drawn(rows, columns), drawn(rows, columns), drawn(10, columns)
    weights, across = drawn(groups, rows, columns), drawn(groups, rows)
    compared: dict[str, float] = {}
    for name, of in {
        "normalise": lambda own: normalised(own, z, weights),
        "normalise, expanded": lambda own: normalised(own, z, across[..., None].expand(z.shape)),
        "combine": lambda own: combined(own, operands, weights[0]),
        "denoise": lambda own: denoised(own, operands[0], z[-1], False),
        "denoise, scalar": lambda own: denoised(own, operands[0], z[-1], True),
    }.items():
        for number, (found, expected) in enumerate(zip(of(launches), of(Torch), strict=True)):
            compared[f"{name} {number}"] = difference(found, expected)
    return compared | averages(drawn(columns), drawn(columns).abs())


def normalised(own: Ways, z: Tensor, slope: Tensor) -> list[Tensor | None]:
    """What is returned, and the gradient of z."""
    z = z.clone().requires_grad_()
    found = own.Normalise.apply(z, 1e-10)
    torch.autograd.backward(found[0], slope)
    assert [one.requires_grad for one in found] == [True, False, False]
    return [*(one.detach() for one in found), z.grad]


def combined(own: Ways, operands: tuple[Tensor, ...], slope: Tensor) -> list[Tensor | None]:
    """What is returned, and the gradients of all operands."""
    leaves = [one.clone().requires_grad_() for one in operands]
    found = own.Combine.apply(*leaves)
    found.backward(slope)
    return [found.detach(), *(one.grad for one in leaves)]


def denoised(own: Ways, reconstructed: Tensor, z: Tensor, scalar: bool) -> list[Tensor | None]:
    """What is returned, and the gradients of reconstructions and of z; pixels, in deviations of 1, need none."""
    normal, _, deviation = functions._Normalise.apply(z, 1e-10)
    reconstructed, z = reconstructed.clone().requires_grad_(), z.clone().requires_grad_(not scalar)
    found = own.Denoise.apply(reconstructed, z, normal, deviation.new_ones(()) if scalar else deviation[0])
    (3 * found).backward()
    return [found.detach(), reconstructed.grad, z.grad]


def averages(mean: Tensor, deviation: Tensor) -> dict[str, float]:
    """The largest differences of averages, of the first batch and of the thousandth."""
    compared, setting = {}, (100, 1e-10, 0.01)  # images, epsilon and the least weight
    for batches in (0, 999):
        found, expected = (
            (torch.zeros_like(mean), torch.ones_like(mean), torch.tensor(batches, device=mean.device)) for _ in range(2)
        )
        found[2].add_(1)
        launches.average(found, mean, deviation, *setting)
        with torch_alone():
            functions.average(expected, mean, deviation, *setting)
        for number, (left, right) in enumerate(zip(found, expected, strict=True)):
            compared[f"average {number} after {batches}"] = difference(left, right)
    return compared


def cases() -> dict[str, dict[str, Any]]:
    """The sizes that are compared."""
    sizes = {"batch": (100, 250), "odd": (7, 33), "outputs": (100, 10), "many images": (300, 20), "one unit": (5, 1)}
    return {
        f"{name}, {groups} x {dtype}": {"rows": rows, "columns": columns, "groups": groups, "dtype": dtype}
        for name, (rows, columns) in sizes.items()
        for groups, dtype in ((1, "float32"), (3, "float32"), (2, "bfloat16"))
    }
