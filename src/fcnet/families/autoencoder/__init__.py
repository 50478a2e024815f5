"""Autoencoders: nets that reconstruct their input from a code, trained by gradients.

``config`` has their `model` section, ``model`` the module, ``codes`` draws of codes, ``objective`` the loss,
``layerwise`` layer-wise training, ``evaluate`` metrics and reconstructions, ``pictures`` and ``plots`` the figures,
``findings`` arrays for reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.common.family import Result, Settings, Trained, refuse_targets
from fcnet.families.common.spec import Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.findings.parts import Part
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class AutoencoderFamily:
    """Models of kind autoencoder."""

    spec = AutoencoderModel

    def check(self, settings: Settings) -> None:
        """Raise ValueError if a setting needs labels, or if layer-wise training is not possible."""
        model, train = settings.model, settings.train
        if train.label_smoothing:
            raise ValueError("train.label_smoothing: an autoencoder does not use labels; remove it")
        if settings.data.labelled is not None:
            raise ValueError("data.labelled: an autoencoder does not use labels; remove it")
        refuse_targets(settings)
        if train.average is not None and train.stages is not None:
            raise ValueError("train.average: does not fit to train.stages, which train each layer alone; remove one")
        if train.stages is None:
            return
        if train.early_stop is not None:
            raise ValueError(
                "train.early_stop: does not fit to train.stages, in which each layer has a loss of its own and a fixed"
                " number of epochs; remove one of the two"
            )
        if len(train.stages) != len(model.hidden):
            raise ValueError(
                f"train.stages: has {len(train.stages)} entries, but model.hidden has {len(model.hidden)} layers; give"
                " the epochs of each layer"
            )
        if problem := model.unstackable:
            raise ValueError(f"train.stages: {problem}")

    def build(self, spec: AutoencoderModel, size: Size, classes: int) -> nn.Module:  # noqa: ARG002
        """Return the net with fresh weights."""
        from fcnet.families.autoencoder import model

        return model.build(spec, size)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training of the whole net, or a layer-wise one."""
        from fcnet.families.autoencoder.layerwise import LayerwiseTraining
        from fcnet.families.autoencoder.model import AutoEncoder
        from fcnet.families.autoencoder.objective import Reconstruct
        from fcnet.training.loop import GradientTraining

        assert isinstance(net, AutoEncoder)
        train, seed, augment = settings.train, settings.seed, settings.data.augment
        if train.stages is not None:
            return LayerwiseTraining(net, splits, settings.model, train, seed, augment)
        return GradientTraining(net, splits, train, seed, Reconstruct(settings.model), augment=augment)

    def adopt(self, net: nn.Module, settings: Settings, classes: Sequence[str], other: Trained | None) -> None:  # noqa: ARG002
        """Load the weights of another autoencoder."""
        from fcnet.families.autoencoder import warm_start

        if other is not None:
            warm_start.adopt(net, settings.model, other)

    def evaluate(self, trained: Trained, images: ImageFolder, split: str) -> Result:
        """Return the loss, the squared error and, if the model has them, denoising, likelihood and outliers."""
        from fcnet.families.autoencoder import evaluate

        return evaluate.reconstruction(trained, images, split)

    def predict(self, trained: Trained, images: ImageFolder) -> Result:
        """Return the reconstruction of each image, and its error as an outlier score."""
        from fcnet.families.autoencoder import evaluate

        return evaluate.restorations(trained, images)

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:
        """Return a figure of the loss and its terms over the epochs."""
        from fcnet.plots import curves

        return {"loss": curves.loss([curve], settings.model.unit)}

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> dict[str, Figure]:
        """Return figures of weights and samples; given images, of reconstructions, codes and errors."""
        from fcnet.families.autoencoder import pictures

        if images is None:
            return pictures.of_weights(trained, name)
        return pictures.of_images(trained, name, images, split)

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:  # noqa: ARG002
        """Return weights and samples; given images, reconstructions, codes and errors."""
        from fcnet.families.autoencoder.findings import shown

        return shown.of_weights(trained) if images is None else shown.of_images(trained, images)

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return warnings about what was certainly not learned."""
        from fcnet.families.autoencoder import verdict
        from fcnet.families.autoencoder.model import AutoEncoder

        assert isinstance(net, AutoEncoder)
        return verdict.look(settings.train, images, net, last)
