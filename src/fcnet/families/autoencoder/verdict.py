"""Check whether an autoencoder has learned anything."""

import torch

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import squared_error
from fcnet.families.common.verdict import lower_rate, some_images, steps_of
from fcnet.training.records import EpochRecord

STEPS = 200  # a net with fewer steps may just be slow


@torch.inference_mode()
def look(settings: Train, train: ImageFolder, model: AutoEncoder, last: EpochRecord | None) -> list[str]:
    """Return warnings about what a net has not learned; none if it has learned something, or has hardly begun.

    Args:
        settings: the config's ``train``.
        train: the training images.
        model: the net after its last step.
        last: the last epoch.
    """
    if last is None or steps_of(settings, train, last) < STEPS:
        return []
    model.eval()
    batches = some_images(model, train)
    pixels = torch.cat([batch for batch, _ in batches])
    error = float(torch.cat([squared_error(model(batch), batch).double() for batch, _ in batches]).mean())
    mean = float(squared_error(pixels.double(), pixels.double().mean(0)).mean())
    if error < mean or not mean:
        return []
    return [
        f"squared error {error:.4g} on {len(pixels)} training images is no lower than that of their mean image,"
        f" {mean:.4g}: the net has not learned to distinguish images; train longer, or {lower_rate(settings)}"
    ]
