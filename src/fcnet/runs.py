"""The commands that make something: ``train`` and ``data``. A program can call them as the command line does."""

import contextlib
import math
import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

from fcnet import audit, checkpoint, console, inspection, loading, models, rundir, sources
from fcnet.data import Splits
from fcnet.errors import ConfigError, DivergedError, ResourceError, is_out_of_memory
from fcnet.metrics import EpochRecord, StepRecord
from fcnet.schema import Config
from fcnet.train import fit


def run_data(source: str, out: Path) -> bool:
    """Write a known data set as an image folder; False where it was there already."""
    with console.counting() as progress:
        return sources.write(source, out, progress)


@contextlib.contextmanager
def tiny_as_zero() -> Iterator[None]:
    """Take numbers below 1.2e-38 for 0, on CPUs that can.

    Where pixels are rarely lit, Adam's averages fade to such numbers, and arithmetic on them is slow: its step takes a
    third less without. torch's threads inherit the setting when they are started, so it is made before the first.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@tiny_as_zero()
def run_train(settings: Config, name: str, out: Path | None = None, overwrite: bool = False) -> Path:
    """Train what a config describes, into a new run directory, and draw its curves.

    Args:
        settings: the resolved config.
        name: of the run below ``checkpoints/``, where ``out`` is None.
        out: the run directory.
        overwrite: replace the run that is there.

    Returns:
        The run directory.

    Raises:
        FcnetError: for bad configs and data before anything but the cache of decoded images is written;
            DivergedError after writing the last good weights.
    """
    if out is not None:
        rundir.check_free(out, overwrite)
    device = loading.choose_device(settings.device)
    splits = loading.read_splits(settings)
    found = audit.audit(splits)
    for line in found.lines:
        console.say(line)
    for line in found.warnings:
        console.warn(line)
    with_classes = settings.data.model_copy(update={"classes": list(splits.classes)})
    settings = settings.model_copy(update={"data": with_classes})
    model, splits = prepare(settings, splits, device)
    run = rundir.create(out, name, overwrite)
    rundir.write_start(run, settings, splits, device)
    console.say(_headline(settings, splits, model, device, run))
    train_into(run, model, splits, settings)
    inspection.draw_curves([run], run / rundir.PLOTS, "png")
    console.say(f"run: {run} (model.pth, metrics.jsonl, plots/loss.png, plots/accuracy.png)")
    return run


def prepare(settings: Config, splits: Splits, device: torch.device) -> tuple[nn.Module, Splits]:
    """A fresh model and the data, both on the device.

    Sets what is torch's for the whole process: the seed of its global generator and, for CUDA, deterministic kernels.

    Raises:
        ConfigError: batch norm with a batch of one image.
        ResourceError: the model does not fit into memory.
    """
    batch, n = settings.train.batch_size, len(splits.train)
    if settings.model.batch_norm and 1 in (batch, n % batch):
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
        model = models.build(settings.model, splits.train.size, len(splits.classes))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        sizes = layer_sizes(settings, splits)
        weights = sum(a * b for a, b in pairwise(sizes))
        raise ResourceError(
            f"model.hidden: {settings.model.hidden} makes {weights:,} weights, {4 * weights / 2**30:.1f} GiB, which"
            " this machine has not free; choose narrower layers"
        ) from None
    return model.to(device), splits.to(device)


def train_into(run: Path, model: nn.Module, splits: Splits, settings: Config) -> None:
    """Train a model and write its records, weights and result into a run directory.

    The weights are written however the training ends: after the last epoch, at the last good step where the loss
    diverges, and where they are when it is interrupted.
    """
    started = time.perf_counter()
    last: EpochRecord | None = None
    best: EpochRecord | None = None

    def write_end(ended: str) -> None:
        checkpoint.save(model, run / rundir.MODEL)
        rundir.write_result(run, ended, last, best, time.perf_counter() - started)

    try:
        with (
            console.training(settings.train.epochs) as report,
            contextlib.closing(fit(model, splits, settings.train, settings.seed)) as records,
        ):
            for record in records:
                if isinstance(record, StepRecord | EpochRecord):
                    rundir.append(run, record)
                if isinstance(record, EpochRecord):
                    last = record
                    if better(record, best):
                        best = record
                        checkpoint.save(model, run / rundir.BEST)
                report(record)
    except BaseException as error:
        ended = {DivergedError: "diverged", KeyboardInterrupt: "interrupted"}.get(type(error), "failed")
        with contextlib.suppress(OSError, MemoryError, RuntimeError):  # what stopped the training is what is told
            write_end(ended)
        raise
    write_end("finished")


def better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Whether an epoch is the best so far by validation: higher accuracy, and lower loss where that is equal."""
    if record.validation is None:
        return False
    if best is None or best.validation is None:
        return True
    return (record.validation.accuracy, -record.validation.loss) > (best.validation.accuracy, -best.validation.loss)


def layer_sizes(settings: Config, splits: Splits) -> list[int]:
    """Units of each layer, from the pixels to the classes."""
    return [math.prod(splits.train.size), *settings.model.hidden, len(splits.classes)]


def _headline(settings: Config, splits: Splits, model: nn.Module, device: torch.device, run: Path) -> str:
    sizes = "-".join(str(size) for size in layer_sizes(settings, splits))
    weights = sum(p.numel() for p in model.parameters())
    threads = f" ({torch.get_num_threads()} threads)" if device.type == "cpu" else ""
    return f"training {sizes} ({weights:,} parameters) on {device}{threads}, seed {settings.seed}, into {run}"
