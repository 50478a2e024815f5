"""A net trained without the inputs that are 0 in all training images: 67 of the 784 pixels of MNIST.

The weights of such an input have a gradient of 0, so that no optimiser moves them from where they began, unless they
are also shrunk. Leaving them out changes nothing but the order of sums, and makes every pass over the first layer
shorter.
"""

import numpy as np
import torch
from torch import Tensor, nn

MULTIPLE = 16  # inputs are kept in multiples of this: what a vector register of a CPU or a tile of a GPU holds
WORTHWHILE = 0.05  # the share of inputs left out from which on it pays
LARGEST = 1 << 30  # bytes of images of which a copy is made


def lit(images: Tensor) -> Tensor | None:
    """The inputs (D',) to keep of images uint8 (N, D), in order; None where it would not pay."""
    used = images.amax(0) > 0
    total, keep = len(used), -(-max(int(used.sum()), 1) // MULTIPLE) * MULTIPLE
    if keep > (1 - WORTHWHILE) * total:
        return None
    chosen = torch.argsort(used.int(), descending=True, stable=True)[:keep]
    return chosen.sort().values


def take(images: Tensor, inputs: Tensor) -> Tensor:
    """Some inputs (D',) of images uint8 (N, D), as a tensor of their own (N, D')."""
    inputs = inputs.to(images.device)
    if images.device.type == "cpu":  # a quarter of the time of torch's
        return torch.from_numpy(np.take(images.numpy(), inputs.numpy(), axis=1))
    return torch.index_select(images, 1, inputs)


class Narrow:
    """A twin of a net whose first layer is linear, without some of its inputs; all else they share.

    Attributes:
        net: the twin.
        inputs: those that it has (D',).
    """

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        first, *others = model.children()
        assert isinstance(first, nn.Linear)
        self._whole, self.inputs = first.weight, inputs.to(first.weight.device)
        layer = nn.Linear(len(inputs), first.out_features, device="meta")  # draws no numbers
        layer.weight = nn.Parameter(first.weight.detach()[:, self.inputs])
        layer.bias = first.bias
        self._part = layer.weight
        self.net = nn.Sequential(layer, *others)

    @torch.no_grad()
    def publish(self) -> None:
        """Bring the whole net up to the twin."""
        self._whole.index_copy_(1, self.inputs, self._part)

    @torch.no_grad()
    def take_up(self) -> None:
        """Bring the twin up to the whole net."""
        self._part.copy_(self._whole[:, self.inputs])


def narrow(model: nn.Module, images: Tensor) -> Narrow | None:
    """A twin for training images uint8 (N, D), where that pays and the first layer takes pixels as they are."""
    first = next(model.children())
    if images.nbytes > LARGEST or not isinstance(first, nn.Linear) or not first.weight.requires_grad:
        return None
    inputs = lit(images)
    return None if inputs is None else Narrow(model, inputs)
