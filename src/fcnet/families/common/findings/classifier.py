"""What a classifier answers to labelled images."""

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import Outcomes, logits_of
from fcnet.families.common.family import Trained
from fcnet.families.common.findings.parts import MOST, Answers
from fcnet.training.metrics import Metrics


def of(trained: Trained, images: ImageFolder, split: str) -> Answers:
    """Return a classifier's answers to images on its device, which ``split`` names."""
    logits, labels = logits_of(trained, images), images.labels.cpu()
    probabilities = logits.double().softmax(1).numpy()
    outcomes = Outcomes(probabilities, labels.numpy(), images.names, images.classes, split)
    first = outcomes.mistakes[:MOST]
    mistakes = images.images[first.tolist()].cpu().numpy()
    return Answers(outcomes, Metrics.of(logits, labels).loss, mistakes)
