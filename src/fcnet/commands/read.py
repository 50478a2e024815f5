"""From a config to images: the splits of a run, one of them, or any other folder."""

import shlex
from collections.abc import Callable
from pathlib import Path

import torch

from fcnet.config import names
from fcnet.config.data import ImageSplit
from fcnet.data import known_sets
from fcnet.data.dataset import ImageFolder, Size
from fcnet.data.folder import layouts
from fcnet.data.normal import known_classes, normal_splits
from fcnet.data.splits import Splits
from fcnet.data.splits import load as load_splits
from fcnet.errors import DataError
from fcnet.schema import Config
from fcnet.system import device
from fcnet.system.sinks import SILENT, Sinks, never


def choose_device(name: str) -> torch.device:
    """Return the device that a config names. Raises ConfigError if there is none of that name."""
    names.check_device(name)
    return device.choose(name)


def parts(
    settings: Config, check: Callable[[], None] = never, writes: bool = True, sinks: Sinks = SILENT
) -> tuple[ImageSplit, ImageSplit | None]:
    """Where training and test images lie; a known data set is written first where it is not there yet.

    Args:
        settings: the config.
        check: called now and then while images are written; ends it by raising.
        writes: whether it is written. The config of a run does not say so: the run may be a stranger's.

    Raises:
        DataError: a known data set is not there, and is not to be written.
    """
    where = settings.data
    if where.source is not None and where.root is not None:
        root = Path(where.root)
        if writes:
            with sinks.counting(check) as progress:
                known_sets.write(where.source, root, progress)
        elif not known_sets.is_there(root):
            raise DataError(
                f"data.root: {root} does not hold {where.source}, and the config of a run writes nothing outside the"
                f" run; write it with: fcnet data {where.source} --out {shlex.quote(str(root))}"
            )
    return where.parts()


def read_splits(
    settings: Config,
    check: Callable[[], None] = never,
    writes: bool = True,
    sinks: Sinks = SILENT,
) -> Splits:
    """All data of a config. Raises DataError naming every file and line that is wrong.

    Args:
        settings: the config.
        check: as for ``parts``.
        writes: as for ``parts``; and whether a cache is made where none is.
    """
    train, test = parts(settings, check, writes, sinks)
    with sinks.counting(check) as progress:
        splits = load_splits(
            train,
            test,
            validation=settings.data.validation,
            size=image_size(settings),
            classes=settings.data.classes,
            cache_folder=_cache(settings),
            progress=progress,
            skip=settings.data.on_bad == "skip",
            memory=settings.data.memory,
            deskew=settings.data.deskew,
            white=settings.data.white,
            classifies=settings.model.classifies,
            makes_cache=writes,
        )
    normal = normal_classes(settings, splits)
    if normal is None:
        return splits
    if settings.data.normal_classes is None:
        sinks.say(
            f"normal: {', '.join(normal)}, which training has; test images of other classes are outliers"
            " (data.normal_classes names others)"
        )
    return normal_splits(splits, normal)


def normal_classes(settings: Config, splits: Splits) -> list[str] | None:
    """The classes whose images are no outliers; None where there is nothing to tell them from.

    Those of ``data.normal_classes``; without it, where an autoencoder is tested on classes that it was trained on and
    on others too, those that it was trained on.
    """
    if settings.data.normal_classes is not None or settings.model.classifies:
        return settings.data.normal_classes
    return known_classes(splits)


def read_split(settings: Config, name: str, sinks: Sinks = SILENT) -> ImageFolder:
    """One part of the data of a run's config: train, validation or test. Nothing is written but a cache.

    Raises:
        DataError: there is none of that name, or the data are not there.
    """
    if name != "test":
        return _told(require_split(read_splits(settings, writes=False, sinks=sinks), name), sinks)
    train, test = parts(settings, writes=False)
    if test is None:
        raise DataError("split 'test': this config has no test images; choose train, or give --images")
    return read_folder(settings, test, train, sinks)


def require_split(splits: Splits, name: str) -> ImageFolder:
    """A part by its name. Raises DataError where the run has none of that name."""
    found = dict(splits.items()).get(name)
    if found is None:
        has = ", ".join(part for part, _ in splits.items())
        raise DataError(f"split {name!r}: this config has no such images, only {has}; choose one of these")
    return found


def held_out(settings: Config) -> str | None:
    """The part of a config's data to look at a model with: test, or else validation images; None without either."""
    if settings.data.source or settings.data.test:
        return "test"
    return None if settings.data.validation is None else "validation"


def read_folder(
    settings: Config, images: ImageSplit, train: ImageSplit | None = None, sinks: Sinks = SILENT
) -> ImageFolder:
    """Any image folder, with the size and the classes of a config."""
    classes = class_names(settings, train)
    with sinks.counting() as progress:
        split = ImageFolder.open(
            images.images,
            images.labels,
            size=image_size(settings),
            classes=classes,
            cache_folder=_cache(settings),
            progress=progress,
            skip=settings.data.on_bad == "skip",
            memory=settings.data.memory,
            deskew=settings.data.deskew,
            white=settings.data.white,
            makes_cache=False,
            classifies=settings.model.classifies,
        )
    return _told(split, sinks)


def class_names(settings: Config, train: ImageSplit | None = None) -> list[str]:
    """The classes of a config, in their order; where it lists none, those of its training images."""
    if settings.data.classes is not None:
        return settings.data.classes
    train = train or parts(settings, writes=False)[0]
    return list(layouts.class_names(layouts.scan(train.images, train.labels), settings.model.classifies))


def _told(split: ImageFolder, sinks: Sinks) -> ImageFolder:
    """A split, after warnings of what is to be said of its files."""
    for note in split.notes:
        sinks.warn(note)
    return split


def image_size(settings: Config) -> Size:
    """Height and width of a config's images, in pixels."""
    height, width = settings.data.image_size
    return height, width


def _cache(settings: Config) -> Path | None:
    return None if settings.data.cache is None else Path(settings.data.cache)
