"""What a classifier answers to labelled images."""

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import Outcomes, logits_of
from fcnet.families.common.family import Trained
from fcnet.families.common.findings.parts import MOST, Answers
from fcnet.training.metrics import Metrics


def of(trained: Trained, images: ImageFolder, split: str) -> Answers:
    """Return a classifier's answers to images on its device, which ``split`` names."""
    logits = logits_of(trained, images)
    outcomes = Outcomes.of(logits, images, split)
    first = outcomes.mistakes[:MOST]
    mistakes = images.images[first.tolist()].cpu().numpy()
    return Answers(outcomes, Metrics.of(logits, images.labels.cpu()).loss, mistakes)
