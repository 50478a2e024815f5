"""Check whether a trained classifier has learned anything, and warn if it certainly has not.

The check uses a few thousand training images, and changes nothing: no weight, no generator, no metric of the run.
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
ABOVE, FAR_ABOVE = 1.1, 2.0  # a loss above this many times ln(classes) is too high; the second for very few steps
NEARLY = 0.98  # of the loss of predicting the classes' shares, or of the images predicted as one class
COMMON = 0.9  # share of a class from which on predicting only this class causes no warning
STEPS = 20  # a net with fewer steps may just be slow
RATE = 1e-3  # a learning rate that is rarely too high

MORE = "see docs/troubleshooting.md"


def look(settings: Train, train: ImageFolder, model: nn.Module, last: EpochRecord | None) -> list[str]:
    """Return warnings about what a net has not learned; none if it has learned something, or has hardly begun.

    Args:
        settings: the config's ``train``.
        train: the training images.
        model: the net after its last step.
        last: the last epoch.
    """
    if last is None:
        return []
    return _of_classifier(_look_at_classifier(model, train), train.classes, settings, steps_of(settings, train, last))


def steps_of(settings: Train, train: ImageFolder, last: EpochRecord) -> int:
    """Return the number of steps up to the end of an epoch."""
    return last.epoch * -(-len(train) // settings.batch_size)


def answers_always(train: ImageFolder, last: EpochRecord) -> tuple[float, float] | None:
    """Return the accuracy and the share of the most frequent class, in [0, 1], if the accuracy is not higher."""
    counts = train.labels.bincount(minlength=len(train.classes))
    common, accuracy = float(counts.max()) / len(train), last.train.accuracy
    if accuracy is None or accuracy > common + 0.01 or common >= COMMON:
        return None
    return accuracy, common


@dataclass(frozen=True)
class Look:
    """A classifier's results for some training images.

    Attributes:
        logits: (n, C).
        labels: (n,).
        dead: number, from 1, and units of the first hidden layer whose outputs are the same for all images.
    """

    logits: Tensor
    labels: Tensor
    dead: tuple[int, int] | None


@torch.inference_mode()
def _look_at_classifier(model: nn.Module, train: ImageFolder) -> Look:
    """Run the net layer by layer, like ``FCNet.forward``."""
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
    """Return pixels (B, D) and labels (B,) of some images, spread evenly over the split."""
    chosen = min(len(train), LOOKED_AT, max(PIXELS // train.images[0].numel(), 1))
    places = torch.arange(chosen, device=train.images.device) * len(train) // chosen
    dtype = next(model.parameters()).dtype
    # Batches share memory, so they are copied.
    return [(pixels.clone(), labels.clone()) for pixels, labels in train.batches(EVALUATION_BATCH, places, dtype=dtype)]


def _of_classifier(found: Look, classes: tuple[str, ...], settings: Train, steps: int) -> list[str]:
    metrics, n, chance = Metrics.of(found.logits, found.labels), len(found.labels), math.log(len(classes))
    warnings = []
    if metrics.loss > (ABOVE if steps >= STEPS else FAR_ABOVE) * chance:
        warnings.append(
            f"training loss {metrics.loss:.4g} is higher than that of guessing, ln {len(classes)} = {chance:.4g}: the"
            f" net has learned nothing; {lower_rate(settings)}"
        )
    if found.dead is not None:
        number, units = found.dead
        warnings.append(
            f"hidden layer {number}: its {units} units are dead: their outputs are the same for all {n} training images"
            f" checked, so the net cannot distinguish them; {lower_rate(settings)}"
        )
    counts = found.labels.bincount(minlength=len(classes)).double()
    shares = counts[counts > 0] / n
    guessing = float(-(shares * shares.log()).sum())
    no_better = metrics.loss >= NEARLY * guessing and (steps >= STEPS or bool(warnings))
    if no_better and float(shares.max()) < COMMON:
        warnings += _answers(found, classes, float(shares.max()), settings if warnings else None)
    return warnings


def _answers(found: Look, classes: tuple[str, ...], common: float, lower: Train | None) -> list[str]:
    """Return a warning about the predicted classes; ``lower`` is given if the learning rate is known to be too high."""
    predicted, n = found.logits.argmax(1), len(found.labels)
    answered = predicted.bincount(minlength=len(classes))
    right = float((predicted == found.labels).double().mean())
    fix = (
        f"train longer, change train.optimizer.lr, or add hidden units; {MORE}" if lower is None else lower_rate(lower)
    )
    if int(answered.max()) >= NEARLY * n:
        name = classes[int(answered.argmax())]
        return [f"the net predicts {name!r} for {int(answered.max())} of {n} training images; {fix}"]
    if right <= common + 0.01 and lower is None:
        return [
            f"accuracy on {n} training images is {100 * right:.1f} %, no more than the share of the most frequent class"
            f" ({100 * common:.1f} %): the net has learned nothing; {fix}"
        ]
    return []


def lower_rate(settings: Train) -> str:
    """Return the advice to lower the learning rate."""
    rate = settings.optimizer.lr
    clip = "" if settings.clip_grad_norm is not None else ", or set train.clip_grad_norm=1"
    return f"lower train.optimizer.lr (is {rate:g}; try {min(RATE, rate / 10):g}){clip}; {MORE}"
