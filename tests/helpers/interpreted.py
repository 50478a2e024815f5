"""Compare fcnet's own kernels, run by Triton's interpreter on the CPU, with the eager step."""

from typing import Any

import torch
from torch import nn

from fcnet.config.train import Train
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.gpu.plain import PlainSlots
from fcnet.training.gpu.slots import Images, Slots, TorchSlots
from fcnet.training.gpu.updates import rates_of
from fcnet.training.objective import Classify
from fcnet.training.steps import step
from fcnet.training.steps.step import EagerStep

IMAGES = 200


def compared(
    activation: str = "relu",
    hidden: tuple[int, ...] = (23, 19),
    pixels: int = 37,
    classes: int = 10,
    batch: int = 20,
    steps: int = 3,
    smoothing: float = 0.0,
    **train: Any,
) -> dict[str, float]:
    """Return the largest differences of losses and hits, that of the weights' changes, and whether NaN is kept (1)."""
    generator = torch.Generator().manual_seed(1)
    images = Images(
        torch.randint(0, 256, (IMAGES, pixels), dtype=torch.uint8, generator=generator),
        torch.randint(0, classes, (IMAGES,), generator=generator),
        batch,
    )
    order = torch.randperm(IMAGES, generator=generator)[: steps * batch]
    settings = Train.model_validate({"label_smoothing": smoothing} | train)
    spec = FCNetModel.model_validate({"hidden": list(hidden), "activation": activation})

    def net() -> tuple[nn.Module, EagerStep]:
        torch.manual_seed(0)
        model = build(spec, (1, pixels), classes)
        return model, step.build(model, Classify(smoothing), settings)

    def run(slots: Slots, of: EagerStep) -> tuple[torch.Tensor, torch.Tensor]:
        buffers, lrs = slots.buffers, torch.full((steps,), settings.optimizer.lr)
        buffers.order[: len(order)] = order
        buffers.lrs[:steps] = lrs
        buffers.rates[:steps] = rates_of(of.optimizer, lrs)
        for slot in range(steps):
            slots(slot)
        return buffers.losses[:steps].mean(1), buffers.hits[:steps].sum(1)

    (eager, eager_step), (own, own_step), (start, _), (bad, bad_step) = net(), net(), net(), net()
    expected = run(TorchSlots(eager_step, images, steps, 0), eager_step)
    found = run(PlainSlots(own_step, images, steps, "ieee"), own_step)
    with torch.no_grad():
        next(bad.parameters()).view(-1)[0] = float("nan")
    run(PlainSlots(bad_step, images, steps, "ieee"), bad_step)
    begin, left, right = (
        torch.cat([p.detach().flatten() for p in model.parameters()]) for model in (start, eager, own)
    )
    return {
        "losses": float((found[0] - expected[0]).abs().max()),
        "hits": float((found[1] - expected[1]).abs().max()),
        "changes": float((right - left).norm() / (left - begin).norm()),
        "nan": float(any(not parameter.isfinite().all() for parameter in list(bad.parameters())[1:])),
    }
