"""Ladder networks: classifiers that learn to denoise each of their layers too, also from images without labels.

``config`` has their `model` section, ``model`` the module, ``functions`` what it computes beside products, ``kernels``
and ``launches`` the same on a GPU, ``objective`` the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcnet.families.common.classifier import Classifier
from fcnet.families.common.family import Settings, Trained, refuse_targets
from fcnet.families.common.spec import Size
from fcnet.families.ladder.config import LadderModel

if TYPE_CHECKING:
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.family import Drawn
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class LadderFamily(Classifier):
    """Models of kind ladder."""

    spec = LadderModel

    def check(self, settings: Settings) -> None:
        """Raise ValueError also for targets other than labels, or if images are augmented and only some have labels."""
        super().check(settings)
        refuse_targets(settings, "fcnet nets")
        if settings.data.labelled is not None and settings.data.augment is not None:
            raise ValueError(
                "data.augment: a ladder with data.labelled takes its labelled images as they are; remove one of the two"
            )

    def build(self, spec: LadderModel, size: Size, classes: int) -> nn.Module:
        """Return the net with fresh weights."""
        from fcnet.families.ladder import model

        return model.build(spec, size, classes)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training that minimises cross-entropy and denoising costs."""
        from fcnet.families.ladder.objective import Climb, Labelled
        from fcnet.training.loop import GradientTraining

        train = settings.train
        objective = Climb(train.label_smoothing, labelled=Labelled.of(splits.train))
        return GradientTraining(net, splits, train, settings.seed, objective, augment=settings.data.augment)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return a figure of the weights of ``fc1``; given images, of confusion, calibration and mistakes."""
        from fcnet.families.common import pictures

        if images is None:
            return pictures.weights(trained, name, "fc1")
        return pictures.outcomes(trained, name, images, split)

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return warnings about what the clean encoder has certainly not learned from the images with labels."""
        from fcnet.families.common import verdict
        from fcnet.families.ladder.model import Ladder

        assert isinstance(net, Ladder)
        some = images if images.labelled is None else images.subset(images.labelled)
        return verdict.look(settings.train, some, net.encoder, last)
