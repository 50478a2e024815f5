"""Figures of a one-class net's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcnet.data.dataset import ImageFolder
from fcnet.families.common import outliers
from fcnet.families.common.family import Trained
from fcnet.families.oneclass.evaluate import scores_of
from fcnet.plots.answers import histogram
from fcnet.plots.canvas import LONGEST_CLASS
from fcnet.system.text import short

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure


def of_images(trained: Trained, name: str, images: ImageFolder) -> dict[str, Figure]:
    """Return a figure of the scores, if there are both normal images and outliers."""
    normal = trained.settings.data.normal_classes
    inside = outliers.parted(images, normal)
    if normal is None or inside is None:
        return {}
    scores = scores_of(trained, images)
    share = outliers.auroc(-scores, images, normal)["auroc"]
    title = f"{name}: normal {short(', '.join(normal), LONGEST_CLASS)}, AUROC {100 * share:.2f} %"
    found = scores.double().numpy()
    return {"scores": histogram(found[inside], found[~inside], title, "score of an image", rising=False)}
