"""Read the images of a config: all its splits, one of them, or any other folder."""

import shlex
from collections.abc import Callable
from pathlib import Path

import torch

from fcnet.config import names
from fcnet.config.data import ImageSplit
from fcnet.data import known_sets
from fcnet.data.dataset import ImageFolder, Reading, Size
from fcnet.data.folder import layouts
from fcnet.data.normal import known_classes, normal_splits
from fcnet.data.photos import reading
from fcnet.data.photos.reading import Preparation
from fcnet.data.splits import Splits, keep_labels
from fcnet.data.splits import load as load_splits
from fcnet.errors import DataError
from fcnet.schema import Config
from fcnet.system import device
from fcnet.system.sinks import SILENT, Sinks, never
from fcnet.training.randomness import seed_of


def choose_device(name: str) -> torch.device:
    """Return the device that a config names. Raises ConfigError if there is none of that name."""
    names.check_device(name)
    return device.choose(name)


def parts(
    settings: Config, check: Callable[[], None] = never, writes: bool = True, sinks: Sinks = SILENT
) -> tuple[ImageSplit, ImageSplit | None]:
    """Return the locations of training and test images; a known data set that does not exist yet is written first.

    Args:
        settings: the config.
        check: called regularly while images are written; may raise to stop that.
        writes: whether it may be written; not for the config of a run, which may come from somebody else.

    Raises:
        DataError: a known data set does not exist and may not be written.
    """
    where = settings.data
    if where.source is not None and where.root is not None:
        root = Path(where.root)
        if writes:
            with sinks.counting(check) as progress:
                known_sets.write(where.source, root, progress, tell=sinks.warn)
        elif not known_sets.is_there(root):
            raise DataError(
                f"data.root: {root} does not contain {where.source}, and the config of a run writes nothing outside the"
                f" run; write it with: fcnet data {where.source} --out {shlex.quote(str(root))}"
            )
        known_sets.check(where.source, root)
    return where.parts()


def read_splits(
    settings: Config,
    check: Callable[[], None] = never,
    writes: bool = True,
    sinks: Sinks = SILENT,
) -> Splits:
    """Read all data of a config. Raises DataError naming every file and line that is wrong.

    Args:
        settings: the config.
        check: as for ``parts``.
        writes: as for ``parts``; also whether a missing cache is created.
    """
    train, test = parts(settings, check, writes, sinks)
    with sinks.counting(check) as progress:
        splits = load_splits(
            train,
            test,
            validation=settings.data.validation,
            classes=_listed(settings),
            progress=progress,
            makes_cache=writes,
            **_reading(settings),
        )
    if settings.data.labelled is not None:
        seed = seed_of(settings.seed, "labelled")
        splits = keep_labels(splits, settings.data.labelled, seed, settings.model.unlabelled)
    normal = normal_classes(settings, splits)
    if normal is None:
        return splits
    if settings.data.normal_classes is None:
        sinks.say(
            f"normal classes: {', '.join(normal)}, those of the training images; test images of other classes are"
            " outliers (to change this, set data.normal_classes)"
        )
    return normal_splits(splits, normal)


def normal_classes(settings: Config, splits: Splits) -> list[str] | None:
    """Return the classes whose images are not outliers; None if outliers are not defined.

    They are ``data.normal_classes``. Without it, if an autoencoder is tested on its training classes and on others too,
    they are the training classes.
    """
    if settings.data.normal_classes is not None or settings.model.classifies:
        return settings.data.normal_classes
    return known_classes(splits)


def read_split(settings: Config, name: str, sinks: Sinks = SILENT) -> ImageFolder:
    """Read one split of a run's config: train, validation or test. Writes nothing but a cache.

    Raises:
        DataError: there is no such split, or the data do not exist.
    """
    if name != "test":
        return _with_warnings(require_split(read_splits(settings, writes=False, sinks=sinks), name), sinks)
    train, test = parts(settings, writes=False)
    if test is None:
        raise DataError("split 'test': this config has no test images; choose train, or give --images")
    return read_folder(settings, test, train, sinks, preparation(settings))


def require_split(splits: Splits, name: str) -> ImageFolder:
    """Return a split by its name. Raises DataError if there is none of that name."""
    found = dict(splits.items()).get(name)
    if found is None:
        has = ", ".join(part for part, _ in splits.items())
        raise DataError(f"split {name!r}: this config has no such images, only {has}; choose one of these")
    return found


def held_out(settings: Config) -> str | None:
    """Return the split to evaluate a model on: test, else validation; None without either."""
    if settings.data.source or settings.data.test:
        return "test"
    return None if settings.data.validation is None else "validation"


def read_folder(
    settings: Config,
    images: ImageSplit,
    train: ImageSplit | None = None,
    sinks: Sinks = SILENT,
    prepare: Preparation | None = None,
) -> ImageFolder:
    """Read any image folder, with the size and the classes of a config, prepared in some way or only resized."""
    how = _reading(settings) | {"prepare": prepare}
    classes = class_names(settings, train)
    with sinks.counting() as progress:
        split = ImageFolder.open(
            images.images,
            images.labels,
            classes=classes,
            progress=progress,
            makes_cache=False,
            **how,
        )
    return _with_warnings(split, sinks)


def class_names(settings: Config, train: ImageSplit | None = None) -> list[str]:
    """Return the classes of a config, in their order; if it lists none, those of its training images."""
    if (listed := _listed(settings)) is not None:
        return listed
    train = train or parts(settings, writes=False)[0]
    return list(layouts.class_names(layouts.scan(train.images, train.labels), settings.model.classifies))


def _listed(settings: Config) -> list[str] | None:
    """Return the classes that a config lists, or those of its known data set; None if its training images tell them."""
    data = settings.data
    if data.classes is not None or data.source is None or data.root is None:
        return data.classes
    return known_sets.classes(data.source, Path(data.root))


def _with_warnings(split: ImageFolder, sinks: Sinks) -> ImageFolder:
    """Warn of problems with the files of a split, and return it."""
    for note in split.notes:
        sinks.warn(note)
    return split


def image_size(settings: Config) -> Size:
    """Return height and width of a config's images, in pixels."""
    height, width = settings.data.image_size
    return height, width


def preparation(settings: Config) -> Preparation | None:
    """Return how a config says that photos are prepared."""
    return None if settings.data.prepare is None else Preparation(reading.mnist(image_size(settings)), single=False)


def _reading(settings: Config) -> Reading:
    """Return how a config says that image files are read, alike for a whole run and for one folder."""
    data = settings.data
    return {
        "size": image_size(settings),
        "cache_folder": None if data.cache is None else Path(data.cache),
        "skip": data.on_bad == "skip",
        "memory": data.memory,
        "deskew": data.deskew,
        "white": data.white,
        "prepare": preparation(settings),
        "classifies": settings.model.classifies,
    }
