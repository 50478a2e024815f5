"""Committees of runs: find and load their members, and read images for each as it was trained."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fcnet.commands import image_files
from fcnet.commands.predict import certainty
from fcnet.commands.predict import files as as_trained
from fcnet.commands.read import class_names, read_folder, read_split
from fcnet.commands.trained import Located, locate
from fcnet.config.data import ImageSplit
from fcnet.config.names import Prepare, Which
from fcnet.data.dataset import ImageFolder
from fcnet.errors import ConfigError
from fcnet.families.common import classify
from fcnet.families.common import committee as average
from fcnet.families.common.classify import Predictions
from fcnet.families.common.committee import CommitteeEvaluation, Member
from fcnet.families.common.family import Told, Trained
from fcnet.rundir import find
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few

SHOWN = 4  # classes of a run that an error names
FORM = ("image_size", "deskew", "white", "prepare")  # keys of data that decide how a file's pixels look


def expanded(runs: Sequence[Path], config_file: Path | None = None) -> list[Path]:
    """Return runs, with patterns replaced by what they match.

    Raises:
        ConfigError: a pattern matches no run; or a config is given for several runs, which have their own.
    """
    found = [run for word in runs for run in find.each(word)]
    if len(found) > 1 and config_file is not None:
        raise ConfigError(
            f"--config {config_file}: describes a single model file, but {len(found)} are given; name run directories,"
            " which have configs of their own"
        )
    return found


def members(runs: Sequence[Path], sinks: Sinks = SILENT, weights: Which | None = None) -> list[Located]:
    """Find the members of a committee.

    Args:
        runs: run directories, model files in them, or patterns that mean several.
        sinks: for notices.
        weights: of each run: best or last; the best if it has them, when None.

    Raises:
        ConfigError: with a line for each that does not exist, is there twice, is no classifier, or has other classes
            than the first.
    """
    found = [locate(run, None, sinks, weights) for run in expanded(runs)]
    problems = [problem for i, one in enumerate(found) if (problem := _unfit(one, found[:i]))]
    if problems:
        raise ConfigError(*problems)
    return found


def _unfit(one: Located, before: Sequence[Located]) -> str:
    """Return why a model cannot be in a committee with those before it; "" if it can."""
    if not one.settings.model.classifies:
        return (
            f"{one.path}: is of kind {one.settings.model.kind}, which gives no probabilities of classes; a committee"
            " has classifiers only"
        )
    if one.path.resolve() in [other.path.resolve() for other in before]:
        return f"{one.path}: is given twice, and would count twice in the mean; name each run once"
    first = next((other for other in before if other.settings.model.classifies), one)
    classes, others = class_names(one.settings), class_names(first.settings)
    if classes == others:
        return ""
    what = "the classes in another order than" if sorted(classes) == sorted(others) else "other classes than"
    return (
        f"{one.path}: has {what} {first.path} ({few(classes, SHOWN)}; {few(others, SHOWN)}); name runs with the same"
        " classes in the same order"
    )


def load(
    runs: Sequence[Path], device: torch.device, sinks: Sinks = SILENT, weights: Which | None = None
) -> list[Trained]:
    """Return the members of a committee with their weights, on a device. Raises ConfigError as ``members`` does."""
    found = members(runs, sinks, weights)
    return [one.load(len(class_names(one.settings)), device, sinks) for one in found]


def evaluate(
    found: Sequence[Located],
    split: str,
    folder: ImageSplit | None,
    device: torch.device,
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
) -> CommitteeEvaluation:
    """Evaluate a committee, each member on images that are read as its own config says.

    Args:
        found: its members.
        split: train, validation or test of the members' configs.
        folder: other images, instead of ``split``.
        device: where to compute.
        sinks: for notices and warnings.
        prepare: whether photos in ``folder`` are prepared as the training images are.

    Raises:
        ConfigError: the members' images are different ones.
    """

    def form(one: Located) -> Any:
        preparing = None if folder is None else as_trained.how(one, prepare)
        return one.settings.data.model_copy(update={"augment": None}), preparing

    scores: dict[int, Member] = {}
    logits: dict[int, Tensor] = {}
    first: tuple[Located, ImageFolder] | None = None
    for alike in _alike(found, form):
        images = _images(found[alike[0]], split, folder, sinks, prepare)
        first = first or (found[alike[0]], images)
        _check_same(first, (found[alike[0]], images), split)
        there = images.to(device)
        for i in alike:
            trained = found[i].load(len(images.classes), device, sinks)
            logits[i] = classify.logits_of(trained, there)
            scores[i] = average.member(trained, logits[i], images.labels)
    assert first is not None
    images, order = first[1], range(len(found))
    name = str(images.origin) if folder is not None else f"{split} ({images.origin})"
    return average.evaluation([scores[i] for i in order], [logits[i] for i in order], images, name)


def _alike(found: Sequence[Located], form: Callable[[Located], Any]) -> list[list[int]]:
    """Return the positions of members in groups that see the same pixels."""
    groups: list[tuple[Any, list[int]]] = []
    for i, one in enumerate(found):
        own = form(one)
        same = next((places for other, places in groups if other == own), None)
        if same is None:
            groups.append((own, [i]))
        else:
            same.append(i)
    return [places for _, places in groups]


def _images(one: Located, split: str, folder: ImageSplit | None, sinks: Sinks, prepare: Prepare) -> ImageFolder:
    """Read the images to evaluate a member on."""
    if folder is None:
        return read_split(one.settings, split, sinks)
    preparing = as_trained.how(one, prepare, sinks)
    each = None if preparing is None else replace(preparing, single=False)
    return read_folder(one.settings, folder, sinks=sinks, prepare=each)


def _check_same(one: tuple[Located, ImageFolder], other: tuple[Located, ImageFolder], split: str) -> None:
    """Raise ConfigError if two members are to be evaluated on different images.

    Pixels are compared if they are prepared in the same way; files, by their names and labels, in any case.
    """
    (found, images), (other_found, others) = one, other
    files = list(images.names) == list(others.names) and torch.equal(images.labels, others.labels)
    data, other_data = found.settings.data, other_found.settings.data
    same_form = all(getattr(data, key) == getattr(other_data, key) for key in FORM)
    if not files or (same_form and images.sha256 != others.sha256):
        raise ConfigError(
            f"{other_found.path}: its {split} images ({len(others)} in {others.origin}) are not those of {found.path}"
            f" ({len(images)} in {images.origin}); evaluate both on the same images with --images DIR"
        )


def predict(
    found: Sequence[Located],
    wanted: Sequence[str],
    device: torch.device,
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
) -> tuple[ImageFolder, Predictions]:
    """Classify image files by a committee, each member on images that are read as its own training images were.

    Returns:
        The images as the first member saw them, and the predictions.

    Raises:
        DataError: naming all files that cannot be found or read.
    """

    def form(one: Located) -> Any:
        data = one.settings.data
        return as_trained.how(one, prepare), data.image_size, data.white, data.deskew

    classes = class_names(found[0].settings)
    names = [str(path) for path in image_files.find_images(wanted, sinks)]
    seen: list[tuple[ImageFolder, list[Told]]] = []
    loaded: dict[int, Trained] = {}
    logits: dict[int, Tensor] = {}
    for alike in _alike(found, form):
        seen.append(as_trained.read_files(found[alike[0]], names, classes, sinks, prepare))
        there = seen[-1][0].to(device)
        for i in alike:
            loaded[i] = found[i].load(len(classes), device, sinks)
            logits[i] = classify.logits_of(loaded[i], there)
    images, order = seen[0][0], range(len(found))
    answers = average.predictions([loaded[i] for i in order], [logits[i] for i in order], images)
    told = [_merged(each) for each in zip(*(told for _, told in seen), strict=True)]
    return images, answers.told(told, threshold(found))


def _merged(told: Sequence[Told]) -> Told:
    """Return what was done to an image for any member, and the first reason why one of them may not read it."""
    prepared = dict.fromkeys(word for one in told for word in one.prepared)
    problem = next((one.problem for one in told if one.problem), "")
    return Told(tuple(prepared), problem, next((one.touches for one in told if one.touches), ""))


def threshold(found: Sequence[Located]) -> float | None:
    """Return from which mean probability on an answer counts: the largest of the members' thresholds, if any has one.

    A mean is at most as high as its members' highest probabilities are on average, so this refuses rather too much;
    and it needs nothing but the run directories, so it is the same wherever they are copied to.
    """
    known = [one for member in found if (one := certainty.threshold_of(member)) is not None]
    return max(known, default=None)
