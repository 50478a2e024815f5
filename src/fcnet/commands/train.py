"""``fcnet train`` and ``data``, for every kind of model; a program can call them as the command line does."""

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fcnet.commands import ending, loading, resume, warm_start
from fcnet.commands.recorder import Session, Trainable
from fcnet.data import audit, known_sets
from fcnet.data.dataset import Scan
from fcnet.data.folder import layouts
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError, ResourceError
from fcnet.families import building
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.layerwise import Stacking
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from fcnet.families.elm.config import ELMModel
from fcnet.families.elm.model import ELM
from fcnet.families.elm.training import Solving
from fcnet.families.fcnet.config import FCNetModel
from fcnet.rundir import directory, environment, find
from fcnet.rundir.lock import check_unused, owning
from fcnet.schema import Config
from fcnet.system import console, streams
from fcnet.system.device import tiny_as_zero
from fcnet.system.memory import is_out_of_memory
from fcnet.system.signals import Stop
from fcnet.training.loop import Training


def run_data(source: str, out: Path) -> bool:
    """Write a known data set as an image folder; False where it was there already."""
    with console.counting() as progress:
        return known_sets.write(source, out, progress)


@dataclass(frozen=True)
class Place:
    """Where a training goes.

    Attributes:
        name: of a new run below ``checkpoints/``, where no directory is named.
        out: the run directory.
        overwrite: replace the run that is at ``out``.
        resume: go on with the run at ``out``, or else the newest of that name; begin it where there is none.
        insisted: go on with this run, which has to be there.
        force: take a run over that another host holds.
        own_config: the config is that of the run itself, which writes nothing outside the run.
    """

    name: str
    out: Path | None = None
    overwrite: bool = False
    resume: bool = False
    insisted: Path | None = None
    force: bool = False
    own_config: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether a run that is there is gone on with."""
        return self.resume or self.insisted is not None

    def choose(self, settings: Config) -> Path | None:
        """The directory that is there and is to be used for a training; None for a new one."""
        if self.goes_on:
            run = resume.choose(self.name, self.out, self.insisted, settings)
        elif self.out is None:
            find.check_name(self.name)
            run = None
        else:
            check_unused(self.out)
            directory.check_free(self.out, self.overwrite)
            run = self.out if self.out.exists() else None
        if run is None and self.out is None:
            directory.check_root()
        return run


@tiny_as_zero()
def run_train(settings: Config, place: Place, stop: Stop | None = None, scan: Scan = layouts.scan) -> Path:
    """Train what a config describes, into a run directory, and draw its curves.

    Args:
        settings: the resolved config.
        place: the run directory: a new one, one to replace, or one to go on with.
        stop: whether a signal has asked to stop.
        scan: lists an image folder.

    Returns:
        The run directory.

    Raises:
        FcnetError: for bad configs and data before anything but the cache of decoded images is written;
            DivergedError after writing the last good weights; Stopped after writing a checkpoint.
    """
    stop = stop or Stop()
    streams.forget()
    run = place.choose(settings)
    goes_on = run is not None and place.goes_on
    if run is not None and goes_on and resume.nothing_to_do(run, settings):
        if not ending.is_drawn(run, settings):
            with owning(run, place.force):
                directory.tidy(run)
                ending.draw(run)
        console.say(f"run: {run} is finished already; nothing was done")
        return run
    with contextlib.ExitStack() as held:
        # What is there is locked before the images are read, which can take long; what is not is made after.
        beat = held.enter_context(owning(run, place.force)) if run is not None else None
        found = resume.newest(run, settings, place.insisted is not None) if run is not None and goes_on else None
        if found is None:
            warm_start.check_there(settings)
        work = gather(settings, stop, scan, begins=found is None, writes=not place.own_config)
        warnings = resume.compare(found, work.facts, settings) if found is not None else []
        training = trainable(work)  # what it refuses leaves no directory behind
        if run is None or beat is None:
            run = directory.create(place.out, place.name)
            beat = held.enter_context(owning(run))
        session = Session(run, training, work.facts, stop, beat)
        if found is not None:
            _go_on(session, work, found, warnings)
            found = None  # its tensors are copied
        else:
            if goes_on:
                console.warn(f"{run}: holds no checkpoint yet; it is begun anew")
            _begin(session, work, place.name)
        session.train()
        drawn = ending.finish(session, work.settings, work.splits)
    names = ["model.pth", "metrics.jsonl", *(f"{directory.PLOTS}/{path.name}" for path in drawn)]
    console.say(f"run: {run} ({', '.join(names)})")
    return run


def _begin(session: Session, work: "Work", name: str) -> None:
    """Write what is known before the first step, over whatever a former run left in the directory."""
    directory.clear(session.run)
    environment.write_start(session.run, name, work.settings, work.splits, work.device)
    console.say(_headline(work, session.run))


def _go_on(session: Session, work: "Work", found: resume.Found, warnings: list[str]) -> None:
    """Take up a checkpoint, and write down that this was done."""
    for line in (*found.problems, *warnings):
        console.warn(line)
    session.load(found.path, found.state)
    environment.write_config(session.run, work.settings)
    environment.write_resumed(session.run, work.splits, work.device, session.training.epoch, session.training.step)
    console.say(f"{_headline(work, session.run)}, going on {session.training.place()}")


def trainable(work: "Work") -> Trainable:
    """What trains a kind of model."""
    settings = work.settings
    match settings.model:
        case FCNetModel():
            return Training(work.model, work.splits, settings.train, settings.seed)
        case ELMModel() as spec:
            assert isinstance(work.model, ELM)
            return Solving(work.model, work.splits, spec, settings.solve, settings.seed)
        case AutoencoderModel() as spec:
            assert isinstance(work.model, AutoEncoder)
            if settings.train.stages is not None:
                return Stacking(work.model, work.splits, spec, settings.train, settings.seed)
            return Training(work.model, work.splits, settings.train, settings.seed, Reconstruct(spec))


@dataclass(frozen=True)
class Work:
    """What a training needs.

    Attributes:
        settings: the config, with the classes of the images.
        splits: the images, on the device.
        model: fresh, on the device.
        device: where to compute.
        facts: what tells whether another training stands on the same.
    """

    settings: Config
    splits: Splits
    model: nn.Module
    device: torch.device
    facts: dict[str, Any]


def gather(settings: Config, stop: Stop, scan: Scan = layouts.scan, begins: bool = True, writes: bool = True) -> Work:
    """Read and audit the images, and make the model; one that ``begins`` with another's weights takes them.

    Args:
        settings: the config.
        stop: whether a signal has asked to stop.
        scan: lists an image folder.
        begins: whether the training begins.
        writes: whether a known data set is written where it is not there yet.

    Raises:
        Stopped: a signal asks to stop meanwhile.
    """
    device = loading.choose_device(settings.device)
    splits = loading.read_splits(settings, stop.check, scan, writes)
    normal = loading.normal_classes(settings, splits)
    found = audit.audit(splits, normal)
    for line in found.lines:
        console.say(line)
    for line in found.warnings:
        console.warn(line)
    spec, pixels = settings.model, math.prod(splits.train.size)
    if isinstance(spec, AutoencoderModel) and (copying := spec.copying(pixels)):
        console.warn(copying)
    read = {"classes": list(splits.classes), "normal_classes": normal, "white": splits.train.white}
    told = {note for _, split in splits.items() for note in split.notes}
    model, splits = prepare(settings, splits, device, begins)
    for note in (note for _, split in splits.items() for note in split.notes if note not in told):
        console.warn(note)
    stop.check()
    settings = settings.model_copy(update={"data": settings.data.model_copy(update=read)})
    return Work(settings, splits, model, device, resume.facts(settings, splits, device))


def prepare(settings: Config, splits: Splits, device: torch.device, begins: bool = True) -> tuple[nn.Module, Splits]:
    """A fresh model and the data, both on the device.

    Sets what is torch's for the whole process: the seed of its global generator and, for CUDA, deterministic kernels.

    Raises:
        ConfigError: batch norm with a batch of one image.
        ResourceError: the model does not fit into memory.
    """
    batch, n = settings.train.batch_size, len(splits.train)
    if getattr(settings.model, "batch_norm", False) and 1 in (batch, n % batch):
        raise ConfigError(
            f"train.batch_size: is {batch}; of {n} training images the last batch is one image, which batch norm cannot"
            " normalise; choose another size"
        )
    if device.type == "cuda":
        # Equal runs give equal weights: cuBLAS needs a fixed workspace for that.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        # What is made empty here is filled before it is read.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.manual_seed(settings.seed)
    try:
        model = building.build(settings.model, splits.train.size, len(splits.classes))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        weights = building.weights(settings.model, splits.train.size, len(splits.classes))
        raise ResourceError(
            f"model.hidden: {settings.model.hidden} makes {weights:,} weights, {4 * weights / 2**30:.1f} GiB, which"
            " this machine has not free; choose narrower layers"
        ) from None
    warm_start.prepare(model, settings, splits.classes, begins)
    return model.to(device), splits.to(device)


def _headline(work: Work, run: Path) -> str:
    sizes = "-".join(building.layer_sizes(work.settings.model, work.splits.train.size, len(work.splits.classes)))
    weights = sum(p.numel() for p in work.model.parameters())
    threads = f" ({torch.get_num_threads()} threads)" if work.device.type == "cpu" else ""
    return f"training {sizes} ({weights:,} parameters) on {work.device}{threads}, seed {work.settings.seed}, into {run}"
