"""How well scores tell outliers from normal images."""

from collections.abc import Sequence

from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.data.normal import normal_images
from fcnet.errors import DataError


def auroc(scores: Tensor, split: ImageFolder, normal: Sequence[str]) -> dict[str, float]:
    """Return the AUROC of outlier scores (N,). Raises DataError if all images are normal, or all outliers."""
    from sklearn.metrics import roc_auc_score  # imported here: it takes as long as all other imports of training

    outside = ~normal_images(split, normal)
    count = int(outside.sum())
    if count in (0, len(split)):
        what = "outliers" if count else "normal"
        raise DataError(
            f"{split.origin}: all {len(split)} images are {what} (data.normal_classes: {', '.join(normal)}), but AUROC"
            " needs both normal images and outliers"
        )
    return {
        "auroc": float(roc_auc_score(outside.numpy(), scores.numpy())),
        "normal": len(split) - count,
        "outliers": count,
    }
