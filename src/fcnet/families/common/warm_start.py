"""Initialise a model with all weights of another one."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from fcnet.families.common.family import Misfit, Trained


def take_all(net: nn.Module, other: Trained) -> None:
    """Load the weights of a model into a fresh one with the same layers."""
    net.load_state_dict(other.net.state_dict())


def check_alike(spec: Any, other: Trained, names: Sequence[str]) -> None:
    """Raise Misfit if another model has a different kind, or differs in one of the settings named."""
    theirs = other.settings.model
    if theirs.kind != spec.kind:
        raise Misfit(f"is not of kind {spec.kind}", spec.kind)
    for name in names:
        if getattr(spec, name) != getattr(theirs, name):
            key = name.replace("activations", "activation")
            raise Misfit(f"its model.{key} differs; copy the value from its config.yaml")
