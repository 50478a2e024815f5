"""Whether a classifier has learned anything: what is sure to be wrong with a net that is trained, in a line each.

A look at a few thousand training images, which changes nothing: no weight, no generator, no figure of the run.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.training.evaluate import EVALUATION_BATCH
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord

LOOKED_AT, PIXELS = 2000, 2**24  # training images, evenly spread, and pixels of them, at most
ABOVE, FAR_ABOVE = 1.1, 2.0  # times ln(classes) that a loss is at least, after some steps and after a few
NEARLY = 0.98  # of the loss of who knows the classes' shares alone, or of the images of one class
COMMON = 0.9  # share of a class that a net may answer always without being told of it
STEPS = 20  # after fewer there is nothing to be said of slow ones
RATE = 1e-3  # a learning rate that seldom is too high

MORE = "see docs/troubleshooting.md"


def look(settings: Train, train: ImageFolder, model: nn.Module, last: EpochRecord | None) -> list[str]:
    """Return what is wrong with what a net has learned; nothing if it has learned something, or has hardly begun.

    Args:
        settings: how it was trained.
        train: its training images.
        model: the net as it is after its last step.
        last: the last epoch.
    """
    if last is None:
        return []
    return _of_classifier(_look_at_classifier(model, train), train.classes, settings, steps_of(settings, train, last))


def steps_of(settings: Train, train: ImageFolder, last: EpochRecord) -> int:
    """Return how many steps there were up to an epoch."""
    return last.epoch * -(-len(train) // settings.batch_size)


def answers_always(train: ImageFolder, last: EpochRecord) -> tuple[float, float] | None:
    """Return the accuracy and the share of the most frequent class, in [0, 1], if the net is no better than that."""
    counts = train.labels.bincount(minlength=len(train.classes))
    common, accuracy = float(counts.max()) / len(train), last.train.accuracy
    if accuracy is None or accuracy > common + 0.01 or common >= COMMON:
        return None
    return accuracy, common


@dataclass(frozen=True)
class Look:
    """What a classifier makes of some training images.

    Attributes:
        logits: (n, C).
        labels: (n,).
        dead: number from 1, and units, of the first hidden layer whose outputs are the same for all images.
    """

    logits: Tensor
    labels: Tensor
    dead: tuple[int, int] | None


@torch.inference_mode()
def _look_at_classifier(model: nn.Module, train: ImageFolder) -> Look:
    """Run through the net as ``FCNet.forward`` does, layer by layer."""
    model.eval()
    lows: dict[str, Tensor] = {}
    highs: dict[str, Tensor] = {}
    logits, labels = [], []
    for pixels, targets in some_images(model, train):
        a = pixels.flatten(1)
        for name, module in model.named_children():
            a = module(a)
            if name.startswith("act"):
                low, high = a.aminmax(dim=0)
                lows[name], highs[name] = low.minimum(lows.get(name, low)), high.maximum(highs.get(name, high))
        logits.append(a.double())
        labels.append(targets)
    same = [name for name, low in lows.items() if torch.equal(low, highs[name])]
    dead = (int(same[0].removeprefix("act")), len(lows[same[0]])) if same and sum(map(len, labels)) > 1 else None
    return Look(torch.cat(logits), torch.cat(labels), dead)


def some_images(model: nn.Module, train: ImageFolder) -> list[tuple[Tensor, Tensor]]:
    """Pixels (B, D) and labels (B,) of some images, from the first to the last."""
    chosen = min(len(train), LOOKED_AT, max(PIXELS // train.images[0].numel(), 1))
    places = torch.arange(chosen, device=train.images.device) * len(train) // chosen
    dtype = next(model.parameters()).dtype
    # Batches take turns in the same memory.
    return [(pixels.clone(), labels.clone()) for pixels, labels in train.batches(EVALUATION_BATCH, places, dtype=dtype)]


def _of_classifier(found: Look, classes: tuple[str, ...], settings: Train, steps: int) -> list[str]:
    metrics, n, chance = Metrics.of(found.logits, found.labels), len(found.labels), math.log(len(classes))
    told = []
    if metrics.loss > (ABOVE if steps >= STEPS else FAR_ABOVE) * chance:
        told.append(
            f"training loss {metrics.loss:.4g} is above that of guessing, ln {len(classes)} = {chance:.4g}: the net has"
            f" learned nothing; {lower_rate(settings)}"
        )
    if found.dead is not None:
        number, units = found.dead
        told.append(
            f"hidden layer {number}: its {units} units are dead: their outputs are the same for all of {n} training"
            f" images, so that the net cannot tell them apart; {lower_rate(settings)}"
        )
    counts = found.labels.bincount(minlength=len(classes)).double()
    shares = counts[counts > 0] / n
    guessing = float(-(shares * shares.log()).sum())
    no_better = metrics.loss >= NEARLY * guessing and (steps >= STEPS or bool(told))
    if no_better and float(shares.max()) < COMMON:
        told += _answers(found, classes, float(shares.max()), settings if told else None)
    return told


def _answers(found: Look, classes: tuple[str, ...], common: float, lower: Train | None) -> list[str]:
    """What is wrong with the classes that a net answers; ``lower`` if its learning rate is known to be too high."""
    predicted, n = found.logits.argmax(1), len(found.labels)
    answered = predicted.bincount(minlength=len(classes))
    right = float((predicted == found.labels).double().mean())
    fix = (
        f"train longer, change train.optimizer.lr, or add hidden units; {MORE}" if lower is None else lower_rate(lower)
    )
    if int(answered.max()) >= NEARLY * n:
        name = classes[int(answered.argmax())]
        return [f"the net answers {name!r} for {int(answered.max())} of {n} training images; {fix}"]
    if right <= common + 0.01 and lower is None:
        return [
            f"the net is right for {100 * right:.1f} % of {n} training images, no more than the most frequent class"
            f" has ({100 * common:.1f} %): it has learned nothing; {fix}"
        ]
    return []


def lower_rate(settings: Train) -> str:
    """What to lower, and where more is said of it."""
    rate = settings.optimizer.lr
    clip = "" if settings.clip_grad_norm is not None else ", or set train.clip_grad_norm=1"
    return f"lower train.optimizer.lr (is {rate:g}; try {min(RATE, rate / 10):g}){clip}; {MORE}"
