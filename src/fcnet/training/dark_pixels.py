"""Train a net without the inputs that are 0 in all training images: 67 of the 784 pixels of MNIST.

The weights of such an input have a gradient of 0, so no optimiser changes them, unless weight decay or L2 does. Leaving
them out changes only the order of summation, and makes every pass over the first layer shorter.
"""

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder

MULTIPLE = 16  # the number of inputs kept is a multiple of this, the width of a CPU's vector register or a GPU's tile
WORTHWHILE = 0.05  # the least share of inputs left out for which it pays off
LARGEST = 1 << 30  # bytes of images up to which they are copied


# Images without the inputs that are never lit, while the images are in memory: many nets may be trained on them.
_NARROWED: "WeakKeyDictionary[ImageFolder, ImageFolder]" = WeakKeyDictionary()


def lit(images: Tensor) -> Tensor | None:
    """Return the inputs (D',) to keep of images uint8 (N, D), in order; None if it would not pay off."""
    used = images.amax(0) > 0
    total, keep = len(used), -(-max(int(used.sum()), 1) // MULTIPLE) * MULTIPLE
    if keep > (1 - WORTHWHILE) * total:
        return None
    chosen = torch.argsort(used.int(), descending=True, stable=True)[:keep]
    return chosen.sort().values


def take(images: Tensor, inputs: Tensor) -> Tensor:
    """Copy some inputs (D',) of images uint8 (N, D) into a new tensor (N, D')."""
    inputs = inputs.to(images.device)
    if images.device.type == "cpu":  # takes a quarter of the time of torch's function
        return torch.from_numpy(np.take(images.numpy(), inputs.numpy(), axis=1))
    return torch.index_select(images, 1, inputs)


class Whole:
    """A net with all its inputs.

    Attributes:
        net: the net.
        said: which inputs it keeps, in words; "" for all.
    """

    def __init__(self, model: nn.Module) -> None:
        self.net, self.said = model, ""

    def publish(self) -> None:
        """Do nothing: it is the whole net."""

    def take_up(self) -> None:
        """Do nothing: it is the whole net."""


class Narrow(Whole):
    """A twin of a net whose first layer is linear, without some of its inputs; they share all other parameters.

    Attributes:
        net: the twin.
        inputs: those that it keeps (D',).
        said: how many these are, in words.
    """

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        first, *others = model.children()
        assert isinstance(first, nn.Linear)
        self._whole, self.inputs = first.weight, inputs.to(first.weight.device)
        layer = nn.Linear(len(inputs), first.out_features, device="meta")  # draws no numbers
        layer.weight = nn.Parameter(first.weight.detach()[:, self.inputs])
        layer.bias = first.bias
        self._part = layer.weight
        super().__init__(nn.Sequential(layer, *others))
        kept = f"{len(inputs)} of {first.in_features} pixels"
        self.said = f"; {kept} (all others are black in all training images)"

    @torch.no_grad()
    def publish(self) -> None:
        """Copy the twin's first layer into the whole net."""
        self._whole.index_copy_(1, self.inputs, self._part)

    @torch.no_grad()
    def take_up(self) -> None:
        """Copy the whole net's first layer into the twin."""
        self._part.copy_(self._whole[:, self.inputs])


def trained(model: nn.Module, images: ImageFolder, settings: Train) -> tuple[Whole, ImageFolder]:
    """Return the net to train in place of a model, a twin if that pays off, and the training images with its inputs."""
    pixels = images.images.flatten(1)
    apart = shrinks(settings) or settings.average is not None  # an average has all inputs
    twin = None if apart or images.mapped else narrow(model, pixels)
    if twin is None:
        return Whole(model), images
    if images not in _NARROWED:
        _NARROWED[images] = replace(images, images=take(pixels, twin.inputs)[:, None])
    return twin, _NARROWED[images]


def narrow(model: nn.Module, images: Tensor) -> Narrow | None:
    """Return a twin for training images uint8 (N, D); None if it does not pay off or the first layer is not linear."""
    first = next(model.children())
    if images.nbytes > LARGEST or not isinstance(first, nn.Linear) or not first.weight.requires_grad:
        return None
    inputs = lit(images)
    return None if inputs is None else Narrow(model, inputs)


def shrinks(settings: Train) -> bool:
    """Return whether weights change even without a gradient."""
    return bool(settings.l2 or settings.max_norm or getattr(settings.optimizer, "weight_decay", 0.0))
