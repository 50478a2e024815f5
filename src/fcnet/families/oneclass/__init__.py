"""One-class nets: a score of how normal an image is, trained by gradients on normal images alone.

``config`` has their `model` section, ``model`` the module, ``objective`` the loss, ``evaluate`` scores and AUROC,
``pictures`` the figure of scores, ``findings`` the same for reports, ``verdict`` what was not learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcnet.families.common.family import Misfit, Result, Settings, Trained, refuse_targets
from fcnet.families.common.spec import Size
from fcnet.families.oneclass.config import OneClassModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.findings.parts import Part
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class OneClassFamily:
    """Models of kind one_class."""

    spec = OneClassModel

    def check(self, settings: Settings) -> None:
        """Raise ValueError if a setting is for classifiers or autoencoders."""
        if settings.train.label_smoothing:
            raise ValueError("train.label_smoothing: a one_class net does not use labels; remove it")
        if settings.data.labelled is not None:
            raise ValueError("data.labelled: a one_class net does not use labels; remove it")
        refuse_targets(settings)
        if settings.train.stages is not None:
            raise ValueError("train.stages: is for autoencoders, but model.kind is one_class; remove it")

    def build(self, spec: OneClassModel, size: Size, classes: int) -> nn.Module:  # noqa: ARG002
        """Return the net with fresh weights."""
        from fcnet.families.oneclass import model

        return model.build(spec, size)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training on the normal images."""
        from fcnet.families.oneclass.objective import OneClass
        from fcnet.training.loop import GradientTraining

        objective = OneClass(settings.model.penalty)
        return GradientTraining(net, splits, settings.train, settings.seed, objective, augment=settings.data.augment)

    def adopt(self, net: nn.Module, settings: Settings, classes: Sequence[str], other: Trained | None) -> None:  # noqa: ARG002
        """Raise Misfit: such models cannot be initialised with trained weights."""
        if other is not None:
            raise Misfit("a model of kind one_class cannot be initialised with trained weights")

    def evaluate(self, trained: Trained, images: ImageFolder, split: str) -> Result:
        """Return the loss and, with normal classes, the AUROC of the score."""
        from fcnet.families.oneclass import evaluate

        return evaluate.detection(trained, images, split)

    def predict(self, trained: Trained, images: ImageFolder) -> Result:
        """Return the score of each image."""
        from fcnet.families.oneclass import evaluate

        return evaluate.scores(trained, images)

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:
        """Return a figure of the loss over the epochs."""
        from fcnet.plots import curves

        return {"loss": curves.loss([curve], settings.model.unit)}

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> dict[str, Figure]:  # noqa: ARG002
        """Return a figure of the first layer's weights; given images, of the scores of normal ones and outliers."""
        from fcnet.families.common import pictures as common
        from fcnet.families.oneclass import pictures

        if images is None:
            return common.weights(trained, name, "the first layer")
        return pictures.of_images(trained, name, images)

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:  # noqa: ARG002
        """Return the first layer's weights; given images, the scores of normal ones and outliers."""
        from fcnet.families.common.findings import first_layer
        from fcnet.families.oneclass import findings

        return [first_layer.of(trained)] if images is None else findings.of_images(trained, images)

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return warnings about what was certainly not learned."""
        from fcnet.families.oneclass import verdict
        from fcnet.families.oneclass.model import OneClassNet

        assert isinstance(net, OneClassNet)
        return verdict.look(settings.train, images, net, last)
