"""When a training stops before its last epoch: once the validation images have shown no gain for some epochs."""

from typing import Any

from fcnet.config.train import EarlyStop
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord

DECIMALS = 12  # of a gain: 0.96 - 0.95 is 0.01, not more, although their difference in binary is


def better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Return whether an epoch is the best so far by validation: higher accuracy or, if equal, lower loss.

    For a model that does not classify, the loss decides. A later phase is always better: its loss is a different one.
    """
    if record.validation is None:
        return False
    if best is None or best.validation is None:
        return True
    if record.stage != best.stage:
        return True
    return _is_better(record.validation, best.validation)


def _is_better(new: Metrics, old: Metrics) -> bool:
    return (new.accuracy or 0.0, -new.loss) > (old.accuracy or 0.0, -old.loss)


def gains(new: Metrics, old: Metrics, least: float) -> bool:
    """Return whether metrics are better than others by more than ``least``.

    It is a share of the images, or a difference of losses if images are not classified. If it is 0, the lower loss
    counts among equal accuracies.
    """
    if not least:
        return _is_better(new, old)
    gain = old.loss - new.loss if new.accuracy is None else new.accuracy - (old.accuracy or 0.0)
    return round(gain, DECIMALS) > least


class Patience:
    """Decides after which epoch a training stops; belongs to one training, and is part of the state that resumes.

    Args:
        settings: the config's ``train.early_stop``; without it, no training stops early.
    """

    def __init__(self, settings: EarlyStop | None) -> None:
        self._settings = settings
        self._epoch = 0  # the last one that was taken
        self._gain = 0  # the last epoch with a gain
        self._metrics: Metrics | None = None  # of its validation images

    @property
    def exhausted(self) -> bool:
        """Return whether the training stops after the last epoch that was taken."""
        return self._settings is not None and self._epoch - self._gain >= self._settings.patience

    def took(self, record: EpochRecord) -> bool:
        """Take an epoch; return whether the training stops after it."""
        if self._settings is None or record.validation is None:
            return False
        self._epoch = record.epoch
        if self._metrics is None or gains(record.validation, self._metrics, self._settings.min_gain):
            self._gain, self._metrics = record.epoch, record.validation
        return self.exhausted

    def facts(self) -> dict[str, Any]:
        """Return the entry of result.json that says why a training stopped early."""
        assert self._settings is not None
        return {"early_stop": {"epoch": self._epoch, "last_gain": self._gain} | self._settings.model_dump()}

    def text(self) -> str:
        """Return why a training stopped early, in words."""
        assert self._metrics is not None
        accuracy, passed = self._metrics.accuracy, self._epoch - self._gain
        reached = f"loss {self._metrics.loss:.4f}" if accuracy is None else f"{100 * accuracy:.2f} %"
        return (
            f"stopped early after epoch {self._epoch}: no gain over epoch {self._gain} ({reached}) in {passed}"
            f" epoch{'s' * (passed != 1)}"
        )

    def state(self) -> dict[str, Any]:
        """Return all that later decisions depend on, except the settings."""
        metrics = {} if self._metrics is None else self._metrics.to_dict()
        return {"epoch": self._epoch, "gain": self._gain, "metrics": metrics}

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training with the same images and ``min_gain``.

        Raises:
            LookupError, TypeError, ValueError: the state is not valid.
        """
        epoch, gain, metrics = int(state["epoch"]), int(state["gain"]), dict(state["metrics"])
        if not 0 <= gain <= epoch or bool(metrics) != bool(gain):
            raise ValueError(f"a gain in epoch {gain} of {epoch}, with metrics {metrics}")
        self._epoch, self._gain = epoch, gain
        self._metrics = Metrics.of_dict(metrics) if metrics else None
