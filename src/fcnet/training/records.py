"""What a training yields: records, each with a ``kind`` by which sinks tell them apart."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from fcnet.training.metrics import Metrics


@dataclass(frozen=True)
class Start:
    """Training begins.

    Attributes:
        step: how a step is computed, and why so.
        epochs: passes over the images that there are to be.
    """

    kind: ClassVar[str] = "start"

    step: str
    epochs: int


@dataclass(frozen=True)
class End:
    """Training ends, done or not; nothing of it follows."""

    kind: ClassVar[str] = "end"


@dataclass(frozen=True)
class Begin:
    """Work begins that takes long and tells nothing before its end. A loop may stop here.

    Attributes:
        what: for people.
    """

    kind: ClassVar[str] = "begin"

    what: str


@dataclass(frozen=True)
class Tick:
    """A step was done; nothing was read from the device. A loop may stop here.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        stage: what is being summed, where it is no training by gradients.
    """

    kind: ClassVar[str] = "tick"

    epoch: int
    step: int
    steps: int
    stage: str = ""


@dataclass(frozen=True)
class StepRecord:
    """What is logged every so many steps, and at the last step of an epoch.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        loss: of this step's batch, with smoothing and l2; of a classifier in nats.
        loss_mean: the same, mean over the steps since the last record.
        accuracy: share of this epoch's images so far that were classified right, each before its step; None where
            images are not classified.
        lr: learning rate of this step.
        images_per_s: since the last record.
    """

    kind: ClassVar[str] = "step"

    epoch: int
    step: int
    steps: int
    loss: float
    loss_mean: float
    accuracy: float | None
    lr: float
    images_per_s: float

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class EpochRecord:
    """What is known after an epoch.

    Attributes:
        epoch: from 1.
        train: over the epoch, each batch before its step; the loss with smoothing and l2.
        validation: of the held-out images, where there are some.
        test: of the test images, where there are some.
        seconds: of training, without evaluation.
        stage: what is trained, where it is a part of the net.
    """

    kind: ClassVar[str] = "epoch"

    epoch: int
    train: Metrics
    validation: Metrics | None
    test: Metrics | None
    seconds: float
    stage: str = ""

    def splits(self) -> dict[str, Metrics]:
        """Return the metrics of each split that exists, by its name."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: metrics for name, metrics in found.items() if metrics is not None}

    def to_plain(self) -> dict[str, Any]:
        """The record as numbers and dicts alone, for a checkpoint."""
        metrics = {name: one.to_dict() for name, one in self.splits().items()}
        return {"epoch": self.epoch, "seconds": self.seconds, "stage": self.stage, "metrics": metrics}

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON; splits that do not exist are None."""
        metrics: dict[str, Any] = dict.fromkeys(("train", "validation", "test")) | self.to_plain()["metrics"]
        stage = {"stage": self.stage} if self.stage else {}
        return {"epoch": self.epoch} | stage | metrics | {"seconds": self.seconds}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "EpochRecord":
        """The record that ``to_plain`` told."""
        written = plain["metrics"] if "metrics" in plain else plain["figures"]  # fcnet 0.1 called them figures
        metrics = {name: Metrics.of_dict(values) for name, values in written.items()}
        train, validation, test = (metrics.get(name) for name in ("train", "validation", "test"))
        if train is None:
            raise KeyError("train")
        stage = str(plain.get("stage", ""))
        return cls(int(plain["epoch"]), train, validation, test, float(plain["seconds"]), stage)


@dataclass(frozen=True)
class StageRecord:
    """One set of output weights was found in closed form.

    Attributes:
        epoch: number of the solution, from 1.
        facts: by name: its stage, units, images, condition number, ridge, seconds.
    """

    kind: ClassVar[str] = "stage"

    epoch: int
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON."""
        return asdict(self)


Record = Start | Begin | Tick | StepRecord | StageRecord | EpochRecord | End
