"""Objectives: what a training minimises."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.config.train import Train
from fcnet.data.batches import classes_of, numbers_of
from fcnet.training.metrics import Output
from fcnet.training.randomness import Randomness


class Objective(Protocol):
    """The function that a training minimises.

    Attributes:
        name: for the log.
        terms: names of the loss's terms, in the order of ``Output.terms``.
        classifies: whether there are logits of classes.
    """

    @property
    def classifies(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def terms(self) -> tuple[str, ...]: ...

    def drawing_from(self, randomness: Randomness) -> "Objective":
        """Return the same objective for training, whose random numbers come from named streams."""

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss, logits and terms of pixels (B, D) and labels (B,)."""


@dataclass(frozen=True)
class Classify:
    """The target of an image is its label; the loss is cross-entropy.

    Attributes:
        label_smoothing: share of each target spread evenly over all classes (Szegedy 2016); only for training.
        confidence_penalty: how many times the entropy of the outputs is subtracted from the loss (Pereyra et al. 2017).
    """

    label_smoothing: float = 0.0
    confidence_penalty: float = 0.0
    name: ClassVar[str] = "classification"
    classifies: ClassVar[bool] = True
    terms: ClassVar[tuple[str, ...]] = ()

    def drawing_from(self, randomness: Randomness) -> "Classify":  # noqa: ARG002
        """Return the same objective, which draws no random numbers."""
        return self

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return mean loss and logits of pixels (B, D) and labels (B,)."""
        logits = model(pixels)
        return Output(self.loss(logits, labels), logits)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy () in nats of logits (B, C) for labels (B,), or for the shares beside them."""
        logits, shares = exact(logits), numbers_of(labels)
        target = labels if shares is None else shares
        loss = functional.cross_entropy(logits, target, label_smoothing=self.label_smoothing)
        if self.confidence_penalty:
            loss = loss - self.confidence_penalty * torch.special.entr(logits.softmax(1)).sum(1).mean()
        return loss


@dataclass(frozen=True)
class Distil:
    """Learn the probabilities of a teacher beside the labels (Hinton, Vinyals and Dean 2015).

    The loss is (1 - w) H(labels, p) + w T^2 KL(q_T || p_T), where p_T and q_T are the softmax of the net's and of the
    teacher's logits divided by T. T^2 keeps the gradient of the second term from shrinking with T.

    Attributes:
        labels: the loss for the labels alone.
        temperature: T.
        weight: w.
    """

    labels: Classify
    temperature: float
    weight: float
    name: ClassVar[str] = "distillation"
    classifies: ClassVar[bool] = True
    terms: ClassVar[tuple[str, ...]] = ()

    def drawing_from(self, randomness: Randomness) -> "Distil":  # noqa: ARG002
        """Return the same objective, which draws no random numbers."""
        return self

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return mean loss and logits of pixels (B, D) and labels with the teacher's logits beside them (B, 1 + C)."""
        logits, taught = model(pixels), numbers_of(labels)
        assert taught is not None
        mine = (exact(logits) / self.temperature).log_softmax(1)
        theirs = (taught / self.temperature).log_softmax(1)
        apart = functional.kl_div(mine, theirs, reduction="batchmean", log_target=True)
        hard = self.labels.loss(logits, classes_of(labels))
        return Output((1 - self.weight) * hard + self.weight * self.temperature**2 * apart, logits)


def exact(logits: Tensor) -> Tensor:
    """Return logits in at least float32: bfloat16 is too coarse for a loss."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def classification(settings: Train) -> Classify | Distil:
    """Return what the training of a classifier minimises."""
    labels, teacher = Classify(settings.label_smoothing, settings.confidence_penalty or 0.0), settings.teacher
    return labels if teacher is None else Distil(labels, teacher.temperature, teacher.weight)
