"""The target of a training: a new run directory, one to replace, or one to resume."""

from dataclasses import dataclass
from pathlib import Path

from fcnet.errors import ConfigError


@dataclass(frozen=True)
class Target:
    """The target of a training.

    Attributes:
        name: of a new run below ``checkpoints/``, if no directory is given.
        out: the run directory.
        overwrite: replace the run at ``out``.
        resume: resume the run at ``out``, or else the newest of that name; start one if there is none.
        insisted: resume this run, which must exist.
        force: take over a run that another host holds.
        own_config: the config is the run's own, which writes nothing outside the run.

    Raises:
        ConfigError: two of these exclude each other.
    """

    name: str
    out: Path | None = None
    overwrite: bool = False
    resume: bool = False
    insisted: Path | None = None
    force: bool = False
    own_config: bool = False

    def __post_init__(self) -> None:
        if self.overwrite and (self.out is None or self.resumes):
            raise ConfigError("--overwrite: needs --out DIR, the run to replace, and cannot be used with --resume")
        if self.insisted is not None and self.out is not None:
            raise ConfigError("--out, --resume RUN: give only one of the two")
        if self.force and not (self.resumes or self.overwrite):
            raise ConfigError("--force: needs --resume or --overwrite; add one of them, or remove --force")

    @property
    def resumes(self) -> bool:
        """Return whether an existing run is resumed."""
        return self.resume or self.insisted is not None
