"""Initialise an autoencoder with the weights of another one."""

from torch import nn

from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.common.family import Misfit, Trained
from fcnet.families.common.layers import check_alike, take_all


def adopt(net: nn.Module, spec: AutoencoderModel, other: Trained) -> None:
    """Load the weights of another autoencoder into a fresh one. Raises Misfit if its layers differ."""
    check_alike(spec, other, ("hidden",))
    if (spec.variational is None) != (other.settings.model.variational is None):
        raise Misfit("only one of the two is variational; make both variational, or neither")
    if spec.stochastic != other.settings.model.stochastic:
        raise Misfit("its model.variational.stochastic differs; copy the value from its config.yaml")
    if spec.prior != other.settings.model.prior:
        raise Misfit("its model.variational.prior differs; copy the value from its config.yaml")
    check_alike(spec, other, ("activations", "code_activation", "output", "tied", "batch_norm"))
    take_all(net, other)
