"""Small nets, and the weights of runs."""

from pathlib import Path

import torch
from torch import Tensor

from fcnet import schema
from fcnet.config.yaml_lines import Layer
from fcnet.families.autoencoder import model
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.rundir import tensor_files


def autoencoder_spec(**values: object) -> AutoencoderModel:
    """A small autoencoder's config."""
    model = {"kind": "autoencoder", "hidden": [5, 3], "activation": "tanh"} | values
    spec = schema.check([Layer("test", {"data": {"train": {"images": "x"}}, "model": model})]).model
    assert isinstance(spec, AutoencoderModel)
    return spec


def autoencoder(spec: AutoencoderModel) -> AutoEncoder:
    """Its net, of images of 3x4 pixels, in float64."""
    torch.manual_seed(0)
    return model.build(spec, (3, 4)).double()


def weights(run: str | Path) -> dict[str, Tensor]:
    """The weights of a run."""
    return dict(tensor_files.load(Path(run) / "model.pth"))
