"""Scores of a one-class net, as arrays for a report."""

import torch

from fcnet.data.dataset import ImageFolder
from fcnet.families.common import outliers
from fcnet.families.common.family import Trained
from fcnet.families.common.findings.parts import Part, Separation
from fcnet.families.oneclass.evaluate import scores_of
from fcnet.families.oneclass.objective import OneClass
from fcnet.training.evaluate import evaluate


def of_images(trained: Trained, images: ImageFolder) -> list[Part]:
    """Return the scores of images, if there are both normal ones and outliers."""
    normal = trained.settings.data.normal_classes
    inside = outliers.parted(images, normal)
    if normal is None or inside is None:
        return []
    scores = scores_of(trained, images)
    auroc = outliers.auroc(-scores, images.to(torch.device("cpu")), normal)["auroc"]
    loss = evaluate(trained.net, images, OneClass(trained.settings.model.penalty)).loss
    found = scores.double().numpy()
    return [Separation(found[inside], found[~inside], normal, auroc, "score", {"loss": loss})]
