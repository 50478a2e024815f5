"""Prepare a training: device, images, model, and the facts that it depends on."""

import math
import os
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from fcnet import families
from fcnet.commands import read
from fcnet.commands.training import resume, teacher, warm_start
from fcnet.commands.training.shelf import Images, Shelf
from fcnet.data import audit
from fcnet.data.splits import Splits
from fcnet.errors import OutOfMemory
from fcnet.schema import Config
from fcnet.system.device import seeded, wake
from fcnet.system.memory import is_out_of_memory
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import counted, plural
from fcnet.system.threads import limits
from fcnet.training import torch_private
from fcnet.training.optim.parameters import weight_matrices
from fcnet.training.randomness import seed_of


@dataclass(frozen=True)
class Work:
    """All that a training needs.

    Attributes:
        settings: the config, with the classes of the images.
        splits: the images, on the device.
        model: fresh, on the device.
        device: where to compute.
        facts: what a training depends on, to compare with those in a checkpoint.
    """

    settings: Config
    splits: Splits
    model: nn.Module
    device: torch.device
    facts: dict[str, Any]


def gather(
    settings: Config,
    stop: Stop,
    begins: bool = True,
    writes: bool = True,
    sinks: Sinks = SILENT,
    shelf: Shelf | None = None,
) -> Work:
    """Read and audit the images, and make the model; if the training ``begins``, load initial weights of another run.

    Args:
        settings: the config.
        stop: whether a signal has asked to stop.
        begins: whether the training begins rather than resumes.
        writes: whether a known data set is written if it does not exist yet.
        sinks: for notices and warnings.
        shelf: images of earlier trainings of this process, which are not read again.

    Raises:
        Stopped: a signal asks to stop in the meantime.
    """
    device = read.choose_device(settings.device)
    be_deterministic(device)
    wake(device)
    images = None if shelf is None else shelf.find(settings, device)
    if images is None:
        images = _look_at(settings, read.read_splits(settings, stop.check, writes, sinks), sinks)
    splits = images.splits
    for line in images.warnings:
        sinks.warn(line)
    if (warning := settings.model.warning(math.prod(splits.train.size))) is not None:
        sinks.warn(warning)
    chosen = {"classes": list(splits.classes), "normal_classes": images.normal, "white": splits.train.white}
    said = {note for _, split in splits.items() for note in split.notes}
    model, splits = prepare(settings, splits, device, begins, sinks)
    if shelf is not None:
        shelf.keep(settings, device, replace(images, splits=splits))
    for note in (note for _, split in splits.items() for note in split.notes if note not in said):
        sinks.warn(note)
    stop.check()
    splits = teacher.hired(splits, settings, device, sinks)
    settings = settings.model_copy(update={"data": settings.data.model_copy(update=chosen)})
    return Work(settings, splits, model, device, resume.facts(settings, splits, device))


def _look_at(settings: Config, splits: Splits, sinks: Sinks) -> Images:
    """Audit images, and describe them in the log."""
    normal = read.normal_classes(settings, splits)
    found = audit.audit(splits, normal)
    for line in found.lines:
        sinks.say(line)
    return Images(splits, normal, found.warnings)


def alike(work: Work, settings: Config, begins: bool, sinks: Sinks = SILENT) -> Work:
    """Return the work of another config on the same images, which are not read again; see ``gather``."""
    model, splits = prepare(settings, work.splits, work.device, begins, sinks)
    known = {name: getattr(work.settings.data, name) for name in ("classes", "normal_classes", "white")}
    settings = settings.model_copy(update={"data": settings.data.model_copy(update=known)})
    return Work(settings, splits, model, work.device, resume.facts(settings, splits, work.device))


def prepare(
    settings: Config, splits: Splits, device: torch.device, begins: bool = True, sinks: Sinks = SILENT
) -> tuple[nn.Module, Splits]:
    """Return a fresh model and the data, both on the device.

    For CUDA, makes torch use deterministic kernels in the whole process.

    Raises:
        OutOfMemory: the model does not fit into memory.
    """
    be_deterministic(device)
    family, size, classes = families.of(settings.model), splits.train.size, len(splits.classes)
    try:
        with seeded(seed_of(settings.seed, "init")):
            model = family.build(settings.model, size, classes)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise too_large(settings, splits) from None
    warm_start.prepare(model, settings, splits.classes, begins, sinks)
    return model.to(device), splits.to(device)


def be_deterministic(device: torch.device) -> None:
    """Let equal runs give equal weights on a GPU, in the whole process."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs a fixed workspace
        torch_private.be_deterministic()
        # fcnet fills uninitialised memory before it reads it.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def too_large(settings: Config, splits: Splits) -> OutOfMemory:
    """Return the error of a model that does not fit into memory, with its weights, counted without making them."""
    with torch.device("meta"):
        empty = families.of(settings.model).build(settings.model, splits.train.size, len(splits.classes))
    weights = sum(matrix.numel() for matrix in weight_matrices(empty))
    return OutOfMemory(
        f"model.hidden: {getattr(settings.model, 'hidden', '')} needs {4 * weights / 2**30:.1f} GiB for"
        f" {weights:,} weights; this machine does not have that much free memory; choose narrower layers"
    )


def headline(work: Work) -> str:
    """Return what is trained, in one line."""
    sizes = "-".join(work.settings.model.layer_sizes(work.splits.train.size, len(work.splits.classes)))
    weights = sum(p.numel() for p in work.model.parameters())
    return f"training {sizes} ({weights:,} {plural(weights, 'parameter')}) on {work.device}, seed {work.settings.seed}"


def threads(work: Work) -> str:
    """Return with how many CPU threads it is trained."""
    choice, number = limits.current(), torch.get_num_threads()
    varies = choice is not None and choice.varies and number > 1 and work.settings.model.in_order
    return f"cpu: {'up to ' * varies}{counted(number, 'thread')}"
