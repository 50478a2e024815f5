"""Check whether a one-class net has learned anything."""

import math

import torch

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.families.common.verdict import lower_rate, some_images, steps_of
from fcnet.families.oneclass.model import OneClassNet
from fcnet.training.records import EpochRecord

STEPS = 200  # a net with fewer steps may just be slow


@torch.inference_mode()
def look(settings: Train, train: ImageFolder, net: OneClassNet, last: EpochRecord | None) -> list[str]:
    """Return warnings about what a net has not learned; none if it has learned something, or has hardly begun.

    Args:
        settings: the config's ``train``.
        train: the training images.
        net: the net after its last step.
        last: the last epoch.
    """
    if last is None or steps_of(settings, train, last) < STEPS:
        return []
    net.eval()
    scores = torch.cat([net(batch).double() for batch, _ in some_images(net, train)])
    mean = float(scores.mean())
    if mean > 0 and math.isfinite(mean):
        return []
    return [
        f"mean score {mean:.4g} of {len(scores)} training images is not above 0, the score of a black image: the net"
        f" has not learned what is normal; train longer, or {lower_rate(settings)}"
    ]
