"""McNemar's exact test of two runs: which test images does only one of them classify correctly?"""

from collections.abc import Sequence

from fcnet.commands.read import choose_device, read_split
from fcnet.commands.trained import locate
from fcnet.errors import CheckpointError, ConfigError, DataError
from fcnet.families.common.classify import logits_of
from fcnet.results.compare import statistics, testset
from fcnet.results.compare.statistics import McNemar
from fcnet.results.row import Row
from fcnet.rundir import directory
from fcnet.system.threads import limits


def test(rows: Sequence[Row], split: str, weights: str) -> tuple[McNemar | None, list[str]]:
    """Compare two runs on the images that both were tested on.

    Args:
        rows: the two runs, both classifiers.
        split: test or validation.
        weights: best, where a run has them, or last.

    Returns:
        The test, or None and why it cannot be made: the images or the weights are gone or have changed.
    """
    try:
        first, second = (_hits(row, split, weights) for row in rows)
        return statistics.mcnemar(first, second), []
    except (ConfigError, DataError, CheckpointError) as error:
        return None, [f"McNemar's test is left out: {error.problems[0]}"]


@limits.chosen()
def _hits(row: Row, split: str, weights: str) -> list[bool]:
    """Return which images (n,) of a split a run classifies correctly. Raises DataError if they are not those it had."""
    best = weights == "best" and row.best is not None
    found = locate(row.path / (directory.BEST if best else directory.MODEL))
    images = read_split(found.settings, split)
    had = testset.of(row, split)
    labels = images.fingerprint()["labels"]
    if had is None or (images.sha256, len(images)) != (had.pixels, had.n) or had.labels not in (None, labels):
        raise DataError(f"{images.origin}: has changed since {row.path} was tested on it; restore it")
    where = choose_device("auto")
    trained = found.load(len(images.classes), where)
    hits = logits_of(trained, images.to(where)).argmax(1) == images.labels.cpu()
    return [bool(hit) for hit in hits.tolist()]
