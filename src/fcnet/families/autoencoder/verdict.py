"""Whether an autoencoder has learned anything."""

import torch

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import squared_error
from fcnet.families.common.verdict import lower_rate, some_images, steps_of
from fcnet.training.records import EpochRecord

STEPS = 200  # after fewer there is nothing to be said of slow ones


@torch.inference_mode()
def look(settings: Train, train: ImageFolder, model: AutoEncoder, last: EpochRecord | None) -> list[str]:
    """Return what is wrong with what a net has learned; nothing if it has learned something, or has hardly begun.

    Args:
        settings: how it was trained.
        train: its training images.
        model: the net as it is after its last step.
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
        f"squared error {error:.4g} of {len(pixels)} training images is no less than that of their mean image,"
        f" {mean:.4g}: the net has learned nothing of single images; train longer, or {lower_rate(settings)}"
    ]
