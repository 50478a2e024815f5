"""One sitting of a training."""

from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord
from fcnet.training.stopping.early_stop import better


def test_better_is_by_accuracy_then_loss() -> None:
    def record(accuracy: float | None, loss: float = 1.0, test: float = 0.5) -> EpochRecord:
        validation = None if accuracy is None else Metrics(loss, accuracy, 10)
        return EpochRecord(1, Metrics(1, 1, 1), validation, Metrics(1, test, 1), 1.0)

    assert better(record(0.5), None)
    assert better(record(0.6, test=0.1), record(0.5, test=0.9))
    assert better(record(0.5, 0.9), record(0.5, 1.0))
    assert not better(record(0.5, 1.0), record(0.5, 1.0))
    assert not better(record(None), None)
