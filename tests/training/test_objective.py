"""The loss of a batch, against its formula."""

import pytest
import torch
from torch import nn

from fcnet.config.train import Train
from fcnet.data.batches import with_numbers
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.objective import Classify, Distil, classification
from fcnet.training.steps.gradients import Autograd, choose


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


def test_the_confidence_penalty_subtracts_the_entropy() -> None:
    """Pereyra 2017, equation 3."""
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 4, dtype=torch.float64), torch.randint(4, (6,))
    p = logits.softmax(1)
    expected = Classify().loss(logits, labels) + 0.3 * (p * p.log()).sum(1).mean()
    torch.testing.assert_close(Classify(confidence_penalty=0.3).loss(logits, labels), expected)
    model = FCNet(5, [4], 3)
    assert "confidence penalty" in choose(model, Classify(confidence_penalty=0.3), "fp32").name


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_shares_beside_labels_are_the_targets(smoothing: float) -> None:
    torch.manual_seed(0)
    model, x, labels = FCNet(5, [4], 3), torch.rand(6, 5), torch.randint(3, (6,))
    shares = torch.rand(6, 3).softmax(1)
    targets, objective = with_numbers(labels, shares), Classify(smoothing)
    mixed = (1 - smoothing) * shares + smoothing / 3
    expected = -(mixed * model(x).log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(objective.of_batch(model, x, targets).loss, expected)
    model.zero_grad()
    expected.backward()
    wanted = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    by_hand = choose(model, objective, "fp32")
    assert not isinstance(by_hand, Autograd)
    torch.testing.assert_close(by_hand(x, targets).loss, expected.detach())
    for found, one in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(found.grad, one)


def test_distillation_is_hintons() -> None:
    """(1 - w) H(y, p) + w T^2 KL(q_T || p_T), with q and p softened by T."""
    torch.manual_seed(0)
    model, x, labels = FCNet(5, [4], 3), torch.rand(6, 5), torch.randint(3, (6,))
    taught = torch.randn(6, 3)
    objective = classification(Train.model_validate({"teacher": {"runs": ["a"], "temperature": 3, "weight": 0.7}}))
    assert isinstance(objective, Distil)
    logits = model(x)
    soft = nn.KLDivLoss(reduction="none")((logits / 3).log_softmax(1), (taught / 3).softmax(1)).sum(1).mean()
    expected = 0.3 * nn.functional.cross_entropy(logits, labels) + 0.7 * 9 * soft
    found = objective.of_batch(model, x, with_numbers(labels, taught))
    torch.testing.assert_close(found.loss, expected)
    assert torch.equal(found.logits, logits) if found.logits is not None else False
