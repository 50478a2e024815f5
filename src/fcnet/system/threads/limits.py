"""How many CPU threads a command may use.

Nothing here imports torch before it has to, because a config is checked without it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.system.memory import GROUPS, Places, limit_files

_QUOTAS: Places = {
    "": (Path("/sys/fs/cgroup"), "cpu.max"),
    "cpu": (Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us"),
}

# MKL, which multiplies for torch on x86, divides some sums among its threads. Its strict mode of reproducible numbers
# does not: products have the bits of one thread. MKL reads this before its first product.
MKL = ("MKL_CBWR", "AUTO,STRICT")


def allowed(
    cores: int | None = None, quotas: Places = _QUOTAS, groups: Path = GROUPS, environ: Mapping[str, str] = os.environ
) -> int:
    """Return how many threads this process may use: by its cores, its control groups' quotas and OMP_NUM_THREADS.

    Args:
        cores: that it may run on; asks the system if None.
        quotas, groups: where control groups publish their limits.
        environ: the environment.
    """
    if cores is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # further numbers are for nested regions
    limits = [cores, *(quota for file in limit_files(quotas, groups) if (quota := _quota(file)) is not None)]
    if asked.isdecimal() and int(asked) > 0:
        limits.append(int(asked))
    return min(limits)


def _quota(file: Path) -> int | None:
    """Return the whole cores of a control group's quota, at least one; None if it has none."""
    try:
        if file.name == "cpu.max":
            quota, period = (int(word) for word in file.read_text().split())
        else:
            quota, period = int(file.read_text()), int(file.with_name("cpu.cfs_period_us").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
    return max(quota // period, 1) if quota > 0 and period > 0 else None


@dataclass(frozen=True)
class Choice:
    """The number of threads of a command.

    Attributes:
        most: the number that it begins with, and never exceeds.
        varies: whether fewer may be used, where the results have equal bits.
        before: the number of the training that is resumed; None if there is none.
    """

    most: int
    varies: bool
    before: int | None = None


_CHOICE: ContextVar[Choice | None] = ContextVar("threads", default=None)


def current() -> Choice | None:
    """Return the choice of the command that runs; None outside of ``chosen``, where the number is not fcnet's."""
    return _CHOICE.get()


def use(number: int) -> None:
    """Set the number of torch's threads."""
    import torch

    torch.set_num_threads(number)


@contextmanager
def chosen(setting: int | None = None) -> Iterator[Choice]:
    """Set the number of torch's threads for a command, and restore it afterwards.

    Args:
        setting: the number; None for those that are allowed, of which a training may use fewer.

    Raises:
        ConfigError: more are asked for than are allowed.
    """
    os.environ.setdefault(*MKL)
    import torch

    most, before = allowed(), torch.get_num_threads()
    if setting is not None and setting > most:
        raise ConfigError(
            f"threads: is {setting}; this process may use {most} (the least of its cores, its control group's quota and"
            f" OMP_NUM_THREADS); set it to at most {most}, or to auto"
        )
    # torch's own default leaves out the second thread of each core, which does not help with products.
    choice = Choice(min(most, before) if setting is None else setting, setting is None)
    use(choice.most)
    token = _CHOICE.set(choice)
    try:
        yield choice
    finally:
        _CHOICE.reset(token)
        use(before)


def resumes(before: int | None) -> None:
    """Tell the current choice with which number the training was begun that is resumed; None if unknown."""
    if (choice := current()) is not None:
        _CHOICE.set(Choice(choice.most, choice.varies, before))
