"""How many workers a host has for a sweep, and what each of them may use.

Nothing here imports torch: the process that starts the workers does not train.
"""

import functools
import itertools
import math
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from fcnet.errors import ConfigError
from fcnet.schema import TRAINED_BY, Config
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.plan import identity
from fcnet.system.memory import memory
from fcnet.system.threads import limits

GIB = 1 << 30

# What a process takes before it trains: measured with torch 2.14 on a CPU (0.4 GiB), and of a CUDA context with its
# kernels on an H200 (0.5 GiB of its memory).
PROCESS = 0.5 * GIB
CONTEXT = 0.6 * GIB

# Copies of each weight: itself, its gradient, two averages, the last good ones and candidates for them, and as many
# again while a checkpoint is written.
COPIES = 12
BYTES = 4  # of a weight, and of an activation
EQUATIONS = 4  # matrices of the size of a closed form's equations
CLASSES = 10  # assumed: they are known only once images are read
PASSES = 6  # activations, their derivatives and copies, for each image of a batch

MOST_ON_A_GPU = 4  # processes take turns on a GPU: more of them wait for each other

SHARE = 0.9  # of the memory that may be planned with


@dataclass(frozen=True)
class Slot:
    """What one worker may use.

    Attributes:
        number: of the worker on this host, from 1.
        threads: CPU threads.
        gpu: identifies a GPU, as CUDA_VISIBLE_DEVICES does; None for the CPU.
    """

    number: int
    threads: int
    gpu: str | None = None

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a worker."""
        own = {"OMP_NUM_THREADS": str(self.threads)}
        return dict(environ) | own | ({"CUDA_VISIBLE_DEVICES": self.gpu} if self.gpu is not None else {})

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return threads if self.gpu is None else f"GPU {self.gpu}, {threads}"


@dataclass(frozen=True)
class GPU:
    """A GPU: how it is named, and its free memory in bytes."""

    name: str
    free: float


def for_sweep(folder: Folder, workers: int | None, left: int) -> list[Slot]:
    """Return the slots of this host for a sweep with some runs left; ``workers`` overrides the plan."""
    wanted = folder.settings.workers if workers is None else workers
    config = identity.config_of(folder.base, {})
    return slots(config, None if wanted == "auto" else int(wanted), left)


def slots(config: Config, wanted: int | None, units: int, cores: int | None = None) -> list[Slot]:
    """Return the slots of this host for a sweep.

    Args:
        config: of one run; all have similar needs.
        wanted: how many workers; None for as many as are useful.
        units: of work that is left: more workers would have nothing to do.
        cores: that this process may use.

    Raises:
        ConfigError: the config demands a GPU or a number of threads that this host does not have.
    """
    cores = limits.allowed(environ={}) if cores is None else cores  # OMP_NUM_THREADS is for one process
    found = gpus() if config.device != "cpu" else []
    if ":" in config.device:
        found = found[int(config.device.partition(":")[2]) :][:1]
    if config.device.startswith("cuda") and not found:
        raise ConfigError(f"device: is {config.device!r}; this machine has no such CUDA device; choose auto or cpu")
    fixed = config.threads if isinstance(config.threads, int) else None
    if fixed is not None and fixed > cores:
        raise ConfigError(
            f"threads: is {fixed}; this host may use {cores} cores; set it to at most {cores}, or to auto"
        )
    most = wanted or max(cores // (fixed or 1), 1)
    if found:
        fits = [_fit(config, gpu.free) for gpu in found]
        places = [gpu.name for turn in range(max(fits)) for gpu, fit in zip(found, fits, strict=True) if turn < fit]
        if wanted is not None:
            places = [found[number % len(found)].name for number in range(wanted)]
    else:
        places = []
        if wanted is None:
            most = min(most, max(int(SHARE * memory() // (PROCESS + needs(config))), 1))
    count = max(min(len(places) or most, units), 1)
    threads = fixed or max(min(cores // count, limits.allowed(cores)), 1)
    return [Slot(number + 1, threads, places[number] if places else None) for number in range(count)]


def on_gpu(device: str) -> bool:
    """Return whether runs whose config names a device are trained on a GPU, here or on other hosts."""
    return device.startswith("cuda") or (device == "auto" and bool(gpus()))


def usual(config: Config, units: int) -> int:
    """Return how many workers this host has for runs, if no number is set; one where only other hosts have the GPU."""
    try:
        return len(slots(config, None, units))
    except ConfigError:
        return 1


def needs(config: Config) -> float:
    """Return the bytes that a run needs for weights and activations, roughly."""
    height, width = config.data.image_size
    sizes = [math.prod(map(int, size.split("x"))) for size in config.model.layer_sizes((height, width), CLASSES)]
    weights = sum(before * after for before, after in itertools.pairwise(sizes))
    if TRAINED_BY[config.model.kind] == "solve":  # the equations for the last hidden layer, in double precision
        return BYTES * weights + EQUATIONS * 8 * sizes[-2] ** 2
    return BYTES * (COPIES * weights + PASSES * config.train.batch_size * sum(sizes))


def _fit(config: Config, free: float) -> int:
    """Return how many workers fit into the free memory of a GPU, at least one."""
    return min(max(int(SHARE * free // (CONTEXT + needs(config))), 1), MOST_ON_A_GPU)


def gpus(environ: Mapping[str, str] = os.environ) -> list[GPU]:
    """Return the GPUs that this process may use, as the driver's own program lists them."""
    program = shutil.which("nvidia-smi")
    allowed = environ.get("CUDA_VISIBLE_DEVICES")
    if program is None or allowed == "":
        return []
    found = [[word.strip() for word in line.split(",")] for line in _listed(program) if line.count(",") == 2]
    free = {key: float(mib) * 2**20 for index, uuid, mib in found if mib.isdecimal() for key in (index, uuid)}
    names = [index for index, _, _ in found] if allowed is None else [word.strip() for word in allowed.split(",")]
    # As CUDA does: what follows a name that there is not, such as -1, is not seen. Parts of a GPU (MIG) are not listed.
    seen = itertools.takewhile(lambda name: name in free or name.startswith(("GPU-", "MIG-")), names)
    return [GPU(name, free.get(name, CONTEXT)) for name in seen]


@functools.cache  # a command plans and starts workers within a moment
def _listed(program: str) -> list[str]:
    """Return the lines of the driver's program about its GPUs; none if it fails."""
    query = [program, "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
