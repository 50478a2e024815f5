"""Which runs can be trained together. Nothing here imports torch, so that a plan of many runs is made fast."""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fcnet.schema import Config

# Settings that each net of a group has for itself.
OWN = (
    *("seed", "report"),
    *(f"train.{name}" for name in ("schedule", "l2", "label_smoothing", "clip_grad_norm", "early_stop")),
    *(f"train.optimizer.{name}" for name in ("lr", "betas", "eps", "weight_decay", "momentum", "nesterov")),
    *(f"model.{name}" for name in ("dropout", "input_dropout", "init")),
)

# Settings of `train` that nets trained together do not have.
APART = ("confidence_penalty", "max_norm", "average", "teacher")

# Multiply-adds of a step's forward pass, of one net, up to which training together is faster on a CPU. Measured on one
# core, eight nets together over one after another: 3.3 times as fast at 0.07 million (64-32-10, batch 32), 2.7 at 0.3
# (64-128-10), 1.0 to 1.2 at 7.9 (784-100-10, batch 100), and equally fast at 24 (784-300-10) and above, where the
# products alone take the time.
MOST_PRODUCTS = 10_000_000


@dataclass(frozen=True)
class Fit:
    """Whether a run can be trained together with others.

    Attributes:
        key: equal for runs that can be trained together; "" if the run cannot.
        reason: why it cannot; "" if it can.
    """

    key: str
    reason: str = ""


def fit(settings: Config) -> Fit:
    """Return whether, and with which others, a run can be trained together."""
    if reason := why_apart(settings):
        return Fit("", reason)
    values = settings.model_dump(exclude_none=True, exclude={"log"})
    for key in OWN:
        *sections, name = key.split(".")
        section: Any = values
        for one in sections:
            section = section[one]
        section.pop(name, None)
    # Inputs that are never lit are left out if no weight changes without a gradient: by all nets of a group or by none.
    values["whole"] = shrinks(settings) or bool(settings.model.model_dump().get("input_dropout"))
    return Fit(json.dumps(values, sort_keys=True))


def why_apart(settings: Config) -> str:
    """Return why a run is not trained together with others; "" if it can be."""
    if settings.model.apart:
        return settings.model.apart
    if settings.data.augment is not None:
        return "data.augment is set"
    if settings.data.labelled is not None:  # each seed chooses others
        return "data.labelled is set"
    if settings.data.memory == "mapped":
        return "data.memory is mapped"
    if settings.train.precision != "fp32":
        return f"train.precision is {settings.train.precision}"
    for name in APART:
        if getattr(settings.train, name) is not None:
            return f"train.{name} is set"
    if settings.train.optimizer.name not in ("adam", "adamw", "sgd"):
        return f"train.optimizer is {settings.train.optimizer.name}"
    if settings.train.step != "auto":
        return f"train.step is {settings.train.step}"
    if settings.train.save_every == 0:
        return "train.save_every is 0"
    return ""


def shrinks(settings: Config) -> bool:
    """Return whether weights change even without a gradient."""
    return bool(settings.train.l2 or getattr(settings.train.optimizer, "weight_decay", 0.0))


def products(settings: Config, size: tuple[int, int], classes: int) -> int:
    """Return the multiply-adds of a step's forward pass."""
    sizes = [int(one) for one in settings.model.layer_sizes(size, classes)]
    return settings.train.batch_size * sum(math.prod(pair) for pair in pairwise(sizes))
