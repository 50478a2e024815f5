"""From which probability on an answer counts: measured on images that were held out from training."""

from dataclasses import asdict, dataclass
from typing import Any

from fcnet.commands.trained import Located
from fcnet.data.splits import Splits
from fcnet.errors import CheckpointError
from fcnet.families.common import classify
from fcnet.families.common.family import Trained
from fcnet.rundir import directory, environment

REFUSED = 0.02  # of the held-out images: so many have a probability below the threshold


@dataclass(frozen=True)
class Certainty:
    """A threshold for the probability of an answer.

    Attributes:
        threshold: answers with a lower probability are uncertain.
        split: the held-out images that it was measured on.
        n: how many.
        refused: share of them below it.
        wrong: share of wrong answers among the others.
    """

    threshold: float
    split: str
    n: int
    refused: float
    wrong: float


def measure(trained: Trained, splits: Splits) -> dict[str, Any] | None:
    """Return a threshold for the run's result.json; None without held-out images.

    These are the validation images; without any, the test images, of which nothing but this is chosen.
    """
    held_out = {name: split for name, split in splits.items() if name != "train"}
    if not held_out:
        return None
    name, images = next(iter(held_out.items()))
    logits, labels = classify.logits_of(trained, images).double(), images.labels.cpu()
    top, answers = logits.softmax(1).max(1)
    threshold = float(top.quantile(REFUSED))
    sure = top >= threshold
    wrong = float((answers != labels)[sure].double().mean())
    found = Certainty(threshold, name, len(labels), float((~sure).double().mean()), wrong)
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(found).items()}


def threshold_of(found: Located) -> float | None:
    """Return the threshold of a model in its run's result.json; None if it has none.

    An older run has only one, of the last weights, which stands for that of the best ones.
    """
    if found.run is None:
        return None
    try:
        result = environment.read_json(found.run / directory.RESULT)
        best = result["best"] if found.weights is not None and found.weights.which == "best" else {}
        return float((result | best)["certainty"]["threshold"])
    except (CheckpointError, LookupError, TypeError, ValueError):
        return None
