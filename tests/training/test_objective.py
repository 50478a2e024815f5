"""The loss of a batch, against its formula."""

import torch

from fcnet.training.objective import Classify


def test_cross_entropy_with_smoothed_targets() -> None:
    """Szegedy 2016: the target is (1 - e) on the label plus e / C everywhere."""
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 4, dtype=torch.float64), torch.randint(4, (6,))
    for smoothing in (0.0, 0.1):
        targets = torch.eye(4, dtype=torch.float64)[labels] * (1 - smoothing) + smoothing / 4
        expected = -(targets * logits.log_softmax(1)).sum(1).mean()
        torch.testing.assert_close(Classify(smoothing).loss(logits, labels), expected, rtol=1e-12, atol=0)


def test_the_loss_of_bfloat16_logits_is_float32() -> None:
    assert Classify().loss(torch.randn(3, 4).bfloat16(), torch.tensor([0, 1, 2])).dtype == torch.float32
