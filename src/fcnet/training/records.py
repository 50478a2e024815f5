"""Records that a training yields; each has a ``kind``, by which sinks distinguish them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fcnet.system.sinks import Message

if TYPE_CHECKING:
    from fcnet.training.metrics import Metrics


@dataclass(frozen=True)
class Start:
    """Training begins.

    Attributes:
        step: how a step is computed, and why.
        epochs: passes over the images in all.
    """

    kind: ClassVar[str] = "start"

    step: str
    epochs: int


@dataclass(frozen=True)
class End:
    """Training ends, finished or not; no further record follows."""

    kind: ClassVar[str] = "end"


@dataclass(frozen=True)
class Begin:
    """A long computation begins that reports nothing until it ends. A loop may stop here.

    Attributes:
        what: a description for users.
    """

    kind: ClassVar[str] = "begin"

    what: str


@dataclass(frozen=True)
class Pause:
    """Some of an epoch's images were augmented; no step was taken. A loop may stop here.

    Attributes:
        epoch: from 1.
        images: augmented so far.
    """

    kind: ClassVar[str] = "pause"

    epoch: int
    images: int


@dataclass(frozen=True)
class Tick:
    """A step was done; nothing was read from the device. A loop may stop here.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        stage: the problem whose sums are computed, in a closed-form training.
    """

    kind: ClassVar[str] = "tick"

    epoch: int
    step: int
    steps: int
    stage: str = ""


@dataclass(frozen=True)
class StepRecord:
    """The log entry every few steps, and at the last step of an epoch.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        loss: of this step's batch, with smoothing and l2; for a classifier in nats.
        loss_mean: the same, mean over the steps since the last record.
        accuracy: of this epoch's images so far, each before its step; None if images are not classified.
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
        """Return the record as a JSON-ready dict."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class EpochRecord:
    """The metrics after an epoch.

    Attributes:
        epoch: from 1.
        train: over the epoch, each batch before its step; the loss with smoothing and l2.
        validation: of the validation images, if there are any.
        test: of the test images, if there are any.
        seconds: of training, without evaluation.
        stage: the phase, in layer-wise training.
    """

    kind: ClassVar[str] = "epoch"

    epoch: int
    train: "Metrics"
    validation: "Metrics | None"
    test: "Metrics | None"
    seconds: float
    stage: str = ""

    def splits(self) -> dict[str, "Metrics"]:
        """Return the metrics of each split that exists, by its name."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: metrics for name, metrics in found.items() if metrics is not None}

    def to_plain(self) -> dict[str, Any]:
        """Return the record as nested dicts of numbers and strings, for a checkpoint."""
        metrics = {name: one.to_dict() for name, one in self.splits().items()}
        return {"epoch": self.epoch, "seconds": self.seconds, "stage": self.stage, "metrics": metrics}

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a JSON-ready dict; splits that do not exist are None."""
        metrics: dict[str, Any] = dict.fromkeys(("train", "validation", "test")) | self.to_plain()["metrics"]
        stage = {"stage": self.stage} if self.stage else {}
        return {"epoch": self.epoch} | stage | metrics | {"seconds": self.seconds}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "EpochRecord":
        """Return a record from the dict of ``to_plain``."""
        from fcnet.training.metrics import Metrics  # imported here: it imports torch, which a console does without

        metrics = {name: Metrics.of_dict(values) for name, values in plain["metrics"].items()}
        train, validation, test = (metrics.get(name) for name in ("train", "validation", "test"))
        if train is None:
            raise KeyError("train")
        stage = str(plain.get("stage", ""))
        return cls(int(plain["epoch"]), train, validation, test, float(plain["seconds"]), stage)


@dataclass(frozen=True)
class StageRecord:
    """The output weights of one problem were found in closed form.

    Attributes:
        epoch: number of the solution, from 1.
        facts: by name: the problem (``stage``), units, images, condition number, ridge, seconds.
    """

    kind: ClassVar[str] = "stage"

    epoch: int
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a JSON-ready dict."""
        return asdict(self)


Record = Start | Begin | Pause | Tick | StepRecord | StageRecord | EpochRecord | End | Message
