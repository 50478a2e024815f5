"""Shared base of the families of classifiers: by default, gradients train models whose outputs are logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fcnet.families.common.family import Misfit, Result, Settings, Trained
from fcnet.families.common.spec import ModelSection, Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.family import Drawn
    from fcnet.families.common.findings.parts import Part
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class Classifier:
    """A family whose models return a logit per class; a subclass defines at least ``spec`` and ``build``."""

    spec: type[ModelSection]

    def check(self, settings: Settings) -> None:
        """Raise ValueError if a setting is for autoencoders, or if there is only one class."""
        data, kind = settings.data, settings.model.kind
        if settings.train.stages is not None:
            raise ValueError(f"train.stages: is for autoencoders, but model.kind is {kind}; remove it")
        if settings.train.teacher is not None and data.augment is not None and data.augment.mixup is not None:
            raise ValueError("data.augment.mixup: mixes labels, in whose place train.teacher answers; remove one")
        if data.normal_classes is not None:
            raise ValueError(
                f"data.normal_classes: is for autoencoders, but model.kind is {kind}; remove it, or choose"
                " kind: autoencoder or one_class"
            )
        if data.classes is not None and len(data.classes) < 2:
            raise ValueError(f"data.classes: lists one class, {data.classes[0]!r}; a classifier needs at least two")

    def build(self, spec: Any, size: Size, classes: int) -> nn.Module:
        """Return the model of a config."""
        raise NotImplementedError

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training that minimises cross-entropy by gradients."""
        from fcnet.training.loop import GradientTraining

        return GradientTraining(net, splits, settings.train, settings.seed, augment=settings.data.augment)

    def adopt(
        self,
        net: nn.Module,  # noqa: ARG002
        settings: Settings,
        classes: Sequence[str],  # noqa: ARG002
        other: Trained | None,
    ) -> None:
        """Raise Misfit: such models cannot be initialised with trained weights."""
        if other is not None:
            raise Misfit(f"a model of kind {settings.model.kind} cannot be initialised with trained weights")

    def evaluate(self, trained: Trained, images: ImageFolder, split: str) -> Result:
        """Return loss, accuracy, and precision, recall and F1 of each class."""
        from fcnet.families.common import classify

        return classify.evaluation(trained, images, split)

    def predict(self, trained: Trained, images: ImageFolder) -> Result:
        """Return the class of each image."""
        from fcnet.families.common import classify

        return classify.predictions(trained, images)

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:  # noqa: ARG002
        """Return figures of loss and accuracy over the epochs."""
        from fcnet.families.common import pictures

        return pictures.metrics(curve)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return a figure of the first layer's weights; given images, of confusion, calibration and mistakes."""
        from fcnet.families.common import pictures

        if images is None:
            return pictures.weights(trained, name, "the first layer")
        return pictures.outcomes(trained, name, images, split)

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:
        """Return the first layer's weights; given images, the answers to them."""
        from fcnet.families.common.findings import classifier, first_layer

        return [first_layer.of(trained)] if images is None else [classifier.of(trained, images, split)]

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return warnings about what was certainly not learned."""
        from fcnet.families.common import verdict

        return verdict.look(settings.train, images, net, last)
