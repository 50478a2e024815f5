"""The AUROC of outlier scores against counting pairs, and scikit-learn."""

from pathlib import Path

import pytest
import torch
from sklearn.metrics import roc_auc_score

from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError
from fcnet.families.common import outliers


def split(labels: list[int]) -> ImageFolder:
    """Images with such labels, of two classes."""
    n = len(labels)
    names = [str(number) for number in range(n)]
    return ImageFolder(torch.zeros(n, 1, 1, dtype=torch.uint8), torch.tensor(labels), ("0", "1"), Path(), names)


def test_the_larger_the_score_the_more_of_an_outlier() -> None:
    found = outliers.auroc(torch.tensor([0.1, 0.9, 0.4, 0.3]), split([0, 1, 0, 1]), ["0"])
    assert found == {"auroc": 0.75, "normal": 2, "outliers": 2}


def test_equal_scores_count_half() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (60,), generator=generator)
    scores = torch.randint(0, 5, (60,), generator=generator).float()
    found = outliers.auroc(scores, split(labels.tolist()), ["1"])["auroc"]
    normal, others = scores[labels == 1], scores[labels == 0]
    pairs = (others[:, None] > normal).double() + 0.5 * (others[:, None] == normal).double()
    assert found == pytest.approx(float(pairs.mean()))
    assert found == pytest.approx(roc_auc_score(labels == 0, scores))


@pytest.mark.parametrize(("labels", "told"), [([0, 0], "images are normal"), ([1, 1], "images are outliers")])
def test_both_sides_are_needed(labels: list[int], told: str) -> None:
    with pytest.raises(DataError, match=told):
        outliers.auroc(torch.zeros(2), split(labels), ["0"])
