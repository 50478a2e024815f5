"""Check whether an extreme learning machine has learned anything."""

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.verdict import MORE, answers_always
from fcnet.training.records import EpochRecord


def look(train: ImageFolder, last: EpochRecord | None) -> list[str]:
    """Return a warning if a net has learned nothing from its training images."""
    found = None if last is None else answers_always(train, last)
    if found is None:
        return []
    accuracy, common = found
    return [
        f"accuracy on the training images is {100 * accuracy:.1f} %, no more than the share of the most frequent class"
        f" ({100 * common:.1f} %): the net has learned nothing; use more units (model.hidden), or another ridge"
        f" (solve.solver.ridge); {MORE}"
    ]
