"""Metrics from sums and counts."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch.nn import functional

from fcnet.training import metrics
from fcnet.training.metrics import Metrics, Output, RunningMetrics
from fcnet.training.records import EpochRecord


def batches(sizes: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(0)
    return [(torch.randn(n, 4), torch.randint(4, (n,))) for n in sizes]


@pytest.mark.parametrize("sizes", [[5], [5, 5, 1], [3] * 250])
def test_sums_are_over_images_not_means_of_batch_means(sizes: list[int]) -> None:
    parts = batches(sizes)
    sums = RunningMetrics(torch.device("cpu"))
    for logits, labels in parts:
        sums.add(Output(functional.cross_entropy(logits, labels), logits), labels)
        if len(sizes) == 3:
            sums.reduce()  # reading in between changes nothing
    logits, labels = (torch.cat(column) for column in zip(*parts, strict=True))
    probabilities = logits.double().softmax(1).numpy()
    found = sums.reduce()
    assert found.n == sum(sizes)
    assert found.loss == pytest.approx(log_loss(labels, probabilities, labels=range(4)), rel=1e-6)
    assert found.accuracy == accuracy_score(labels, probabilities.argmax(1))
    whole = Metrics.of(logits, labels)
    assert whole.loss == pytest.approx(found.loss, rel=1e-6)
    assert whole.accuracy == found.accuracy


def test_loss_since() -> None:
    early, late = Metrics(2.0, 0.5, 10), Metrics(1.5, 0.5, 40)
    assert late.loss_since(early) == pytest.approx((60 - 20) / 30)
    assert early.loss_since(Metrics(0.0, 0.0, 0)) == 2.0


def test_many_batches_are_summed_in_blocks() -> None:
    sums = RunningMetrics(torch.device("cpu"))
    logits, labels = torch.eye(4), torch.arange(4)
    for _ in range(metrics.SUMMED_AT_ONCE):
        sums.add(Output(torch.tensor(1.0), logits), labels)
    assert sums._losses == []
    assert sums.reduce() == Metrics(1.0, 1.0, 4 * metrics.SUMMED_AT_ONCE)


def test_a_loss_that_is_not_finite_stays_in_the_sum() -> None:
    sums = RunningMetrics(torch.device("cpu"))
    for loss in (1.0, float("nan"), 1.0):
        sums.add(Output(torch.tensor(loss), torch.eye(2)), torch.arange(2))
    assert np.isnan(sums.reduce().loss)


def test_missing_splits_are_left_out() -> None:
    some = Metrics(1.0, 0.5, 2)
    assert list(EpochRecord(1, some, None, some, 1.0).splits()) == ["train", "test"]


def test_a_net_may_classify_and_have_terms() -> None:
    running = RunningMetrics(torch.device("cpu"), ["cross_entropy", "penalty"])
    for n, terms in ((1, [1.0, 4.0]), (3, [3.0, 0.0])):
        running.add(Output(torch.tensor(2.0), torch.eye(4)[:n], torch.tensor(terms)), torch.zeros(n, dtype=torch.int64))
    assert running.reduce() == Metrics(2.0, 0.5, 4, {"cross_entropy": 2.5, "penalty": 1.0})


def test_outputs_that_the_next_batch_overwrites_are_copied() -> None:
    loss, logits = torch.tensor(1.0), torch.eye(2)
    running = RunningMetrics(torch.device("cpu"))
    running.add(Output(loss, logits, fixed=True), torch.arange(2))
    loss.fill_(2.0)
    logits.zero_()[:, 0] = 1  # the first class for both
    running.add(Output(loss, logits, fixed=True), torch.arange(2))
    assert running.reduce() == Metrics(1.5, 0.75, 4)
