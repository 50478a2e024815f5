"""Models that begin with all weights of another one that was trained."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from fcnet.families.common.family import Misfit, Trained


def take_all(net: nn.Module, other: Trained) -> None:
    """Put the weights of a model into a fresh one with the same layers."""
    net.load_state_dict(other.net.state_dict())


def check_alike(spec: Any, other: Trained, names: Sequence[str]) -> None:
    """Raise Misfit if another model is of another kind, or differs in one of the settings named."""
    theirs = other.settings.model
    if theirs.kind != spec.kind:
        raise Misfit(f"is not of kind {spec.kind}", spec.kind)
    for name in names:
        if getattr(spec, name) != getattr(theirs, name):
            key = name.replace("activations", "activation")
            raise Misfit(f"its model.{key} differs; copy that of its config.yaml")
