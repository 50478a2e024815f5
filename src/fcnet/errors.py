"""Every error that fcnet expects, each class with the exit code of the process.

    FcnetError                1   a bug, unless it is one of these
    ├── ConfigError           2   the config file, an override or the command line
    ├── DataError             3   images, labels, folders
    ├── DivergedError         4   a loss or a gradient that is not finite
    ├── CheckpointError       5   a model file or checkpoint that is missing, damaged or does not fit the model
    ├── ResourceError         6   disk, memory or permission
    │   └── OutOfMemory       6   memory alone: less of it may be asked for
    ├── InUseError            7   a run directory that another process is using
    ├── RunsFailed            8   some runs of a sweep
    └── Stopped              75   not a failure: a signal requested a stop, all is saved, the run can be resumed

An error carries one or more lines: a config with three mistakes reports all three at once. Only the command line prints
them, each after ``fcnet: error:`` (``fcnet: stopped:``).
"""

from typing import Any


class FcnetError(Exception):
    """The root of the tree above.

    Args:
        *problems: one line each, in the form ``WHERE: what is wrong; what to do``.
    """

    exit_code = 1
    word = "error"  # the command line's prefix of each line

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigError(FcnetError):
    """The config file, an override or the command line is wrong."""

    exit_code = 2


class DataError(FcnetError):
    """Images or labels are missing, unreadable or contradict each other."""

    exit_code = 3


class DivergedError(FcnetError):
    """A loss or a gradient became NaN or infinite; the weights are those of the last good step.

    Args:
        *problems: as above.
        facts: where it happened, ready for JSON: epoch, step, lr, and the batch's images.
    """

    exit_code = 4

    def __init__(self, *problems: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(*problems)
        self.facts = facts or {}


class CheckpointError(FcnetError):
    """A model file or checkpoint is missing, damaged, or does not fit the model."""

    exit_code = 5


class ResourceError(FcnetError):
    """The machine ran out of disk or memory, or refused access."""

    exit_code = 6


class OutOfMemory(ResourceError):
    """The memory of the machine or of a GPU ran out."""


class InUseError(FcnetError):
    """Another process is using the run directory."""

    exit_code = 7


class RunsFailed(FcnetError):
    """Some runs of a sweep failed, for the reasons that it names; all others are finished."""

    exit_code = 8


class Stopped(FcnetError):
    """A signal requested a stop. Progress is saved; the run can be resumed."""

    exit_code = 75  # EX_TEMPFAIL of BSD's sysexits: try again
    word = "stopped"
