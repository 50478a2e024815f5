"""Images that an autoencoder reconstructs or decodes, for figures and reports alike: pixels in [0, 1], a row each."""

from statistics import NormalDist

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.autoencoder.codes import sampled
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.evaluate import Outputs
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import corrupt
from fcnet.training.evaluate import fixed_noise

SHOWN = 12  # reconstructed images

CPU = torch.device("cpu")


def one_of_each(labels: Tensor) -> list[int]:
    """Return positions of images, taking classes in turn, until there are enough or no more."""
    queues = [torch.nonzero(labels == number).flatten().tolist() for number in sorted(set(labels.tolist()))]
    turns = [i for turn in range(SHOWN) for queue in queues for i in queue[turn : turn + 1]]
    return turns[:SHOWN]


@torch.inference_mode()
def reconstructions(
    model: AutoEncoder, spec: AutoencoderModel, images: ImageFolder, seen: Outputs
) -> dict[str, Tensor]:
    """Return originals and reconstructions (n, D) of images of all classes; of a denoising net the corrupted ones too.

    Args:
        model: on the CPU.
        spec: its section.
        images: labelled.
        seen: what the model makes of them.
    """
    chosen = one_of_each(images.labels.cpu())
    x, _ = next(iter(images.batches(len(chosen), torch.tensor(chosen))))
    if spec.corruption is None:
        return {"original": x, "reconstruction": seen.pixels[chosen]}
    with fixed_noise(CPU):
        corrupted = corrupt(x, spec.corruption)
    return {"original": x, "corrupted": corrupted, "reconstruction": model(corrupted)}


@torch.inference_mode()
def from_prior(model: AutoEncoder, spec: AutoencoderModel, side: int) -> Tensor:
    """Return images (side * side, D) of codes drawn from a variational net's prior."""
    with fixed_noise(CPU):
        return model.decode(sampled(model, side * side, spec.code))


@torch.inference_mode()
def over_plane(model: AutoEncoder, side: int) -> tuple[Tensor, list[float]]:
    """Return images (side * side, D) of codes of two values, and the values in a row: quantiles of N(0, 1)."""
    places = torch.tensor([NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)])
    plane = torch.stack(torch.meshgrid(places.flip(0), places, indexing="ij"), -1).flatten(0, 1).flip(1)
    return model.decode(plane), places.tolist()
