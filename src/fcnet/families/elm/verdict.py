"""Whether an extreme learning machine has learned anything."""

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.verdict import MORE, answers_always
from fcnet.training.records import EpochRecord


def look(train: ImageFolder, last: EpochRecord | None) -> list[str]:
    """Return what is wrong with what a net has learned from its training images, a line each."""
    found = None if last is None else answers_always(train, last)
    if found is None:
        return []
    accuracy, common = found
    return [
        f"the net is right for {100 * accuracy:.1f} % of the training images, no more than the most frequent class has"
        f" ({100 * common:.1f} %): it has learned nothing; give it more units (model.hidden), or another ridge"
        f" (solve.solver.ridge); {MORE}"
    ]
