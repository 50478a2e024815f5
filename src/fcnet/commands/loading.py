"""From a config, or from a run, to what commands work on: device, data, model."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnet import schema
from fcnet.config import devices
from fcnet.config.data import ImageSplit
from fcnet.data import dataset, known_sets
from fcnet.data.dataset import ImageFolder
from fcnet.data.folder import layouts
from fcnet.data.folder.listing import UNLABELLED
from fcnet.data.splits import Splits
from fcnet.data.splits import load as load_splits
from fcnet.errors import CheckpointError, ConfigError, DataError
from fcnet.families import building
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.rundir import directory, find, tensor_files
from fcnet.rundir.checkpoints import FOLDER
from fcnet.schema import Config
from fcnet.system import console, device, files


def choose_device(name: str) -> torch.device:
    """Return the device that a config names. Raises ConfigError if there is none of that name."""
    devices.check(name)
    return device.choose(name)


def parts(
    settings: Config, check: Callable[[], None] = console.never, writes: bool = True
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
            with console.counting(check) as progress:
                known_sets.write(where.source, root, progress)
        elif not known_sets.is_there(root):
            raise DataError(
                f"data.root: {root} does not hold {where.source}, and the config of a run writes nothing outside the"
                f" run; write it with: fcnet data {where.source} --out {shlex.quote(str(root))}"
            )
    return where.parts()


def read_splits(
    settings: Config,
    check: Callable[[], None] = console.never,
    scan: dataset.Scan = layouts.scan,
    writes: bool = True,
) -> Splits:
    """All data of a config. Raises DataError naming every file and line that is wrong.

    Args:
        settings: the config.
        check: as for ``parts``.
        scan: lists a folder.
        writes: as for ``parts``; and whether a cache is made where none is.
    """
    train, test = parts(settings, check, writes)
    with console.counting(check) as progress:
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
            classifies=classifies(settings),
            scan=scan,
            makes_cache=writes,
        )
    normal = normal_classes(settings, splits)
    if normal is None:
        return splits
    if settings.data.normal_classes is None:
        console.say(
            f"normal: {', '.join(normal)}, which training has; test images of other classes are outliers"
            " (data.normal_classes names others)"
        )
    return normal_splits(splits, normal)


def classifies(settings: Config) -> bool:
    """Whether a config's model tells classes apart; an autoencoder needs no labels."""
    return not isinstance(settings.model, AutoencoderModel)


def normal_classes(settings: Config, splits: Splits) -> list[str] | None:
    """The classes whose images are no outliers; None where there is nothing to tell them from.

    Those of ``data.normal_classes``; without it, where an autoencoder is tested on classes that it was trained on and
    on others too, those that it was trained on.
    """
    if settings.data.normal_classes is not None or classifies(settings) or splits.test is None:
        return settings.data.normal_classes
    trained, tested = (
        {name for name, n in zip(split.classes, split.labels.bincount(minlength=len(split.classes)), strict=True) if n}
        for split in (splits.train, splits.test)
    )
    known = [name for name in splits.classes if name in trained and name != UNLABELLED]
    return known if tested.intersection(known) and tested - trained else None


def normal_splits(splits: Splits, names: Sequence[str]) -> Splits:
    """Splits that are trained and validated on some classes alone; the test images are all there.

    Raises:
        ConfigError: a name is no class, or no other class is left to be an outlier.
        DataError: no image is left for training or validation.
    """
    train = splits.train.subset(torch.nonzero(normal_images(splits.train, names)).flatten())
    if not len(train):
        raise DataError(f"data.normal_classes: {splits.train.origin} has no image of {', '.join(names)}; name others")
    train = replace(train, notes=splits.train.notes, skipped=splits.train.skipped)
    validation = splits.validation
    if validation is not None:
        validation = validation.subset(torch.nonzero(normal_images(validation, names)).flatten())
        if not len(validation):
            raise DataError(
                f"data.normal_classes: the validation images have none of {', '.join(names)}; give data.validation a"
                " larger share, or take it out"
            )
    return Splits(train, validation, splits.test)


def normal_images(split: ImageFolder, names: Sequence[str]) -> Tensor:
    """Whether each image (N,) is of one of the classes named, or has no label.

    Raises:
        ConfigError: a name is no class, or no other class is left to be an outlier.
    """
    unknown = [name for name in names if name not in split.classes]
    if unknown:
        raise ConfigError(
            f"data.normal_classes: {', '.join(unknown[:5])}: no such class; there are {', '.join(split.classes[:20])}"
        )
    if len(names) > 1 and set(names) == set(split.classes):
        raise ConfigError("data.normal_classes: lists all classes, so that none is an outlier; leave one out")
    return torch.tensor([name in names or name == UNLABELLED for name in split.classes])[split.labels]


def read_split(settings: Config, name: str) -> ImageFolder:
    """One part of the data of a run's config: train, validation or test. Nothing is written but a cache.

    Raises:
        DataError: there is none of that name, or the data are not there.
    """
    if name != "test":
        return _told(require_split(read_splits(settings, writes=False), name))
    train, test = parts(settings, writes=False)
    if test is None:
        raise DataError("split 'test': this config has no test images; choose train, or give --images")
    return read_folder(settings, test, train)


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


def read_folder(settings: Config, images: ImageSplit, train: ImageSplit | None = None) -> ImageFolder:
    """Any image folder, with the size and the classes of a config."""
    classes = class_names(settings, train)
    with console.counting() as progress:
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
            classifies=classifies(settings),
        )
    return _told(split)


def class_names(settings: Config, train: ImageSplit | None = None) -> list[str]:
    """The classes of a config, in their order; where it lists none, those of its training images."""
    if settings.data.classes is not None:
        return settings.data.classes
    train = train or parts(settings, writes=False)[0]
    return list(layouts.class_names(layouts.scan(train.images, train.labels), classifies(settings)))


def _told(split: ImageFolder) -> ImageFolder:
    """A split, after warnings of what is to be said of its files."""
    for note in split.notes:
        console.warn(note)
    return split


def image_size(settings: Config) -> dataset.Size:
    """Height and width of a config's images, in pixels."""
    height, width = settings.data.image_size
    return height, width


def _cache(settings: Config) -> Path | None:
    return None if settings.data.cache is None else Path(settings.data.cache)


@dataclass(frozen=True)
class Trained:
    """A model file and what belongs to it.

    Attributes:
        path: the file of the weights.
        settings: the config that it was trained with.
        run: its run directory, where it lies in one.
    """

    path: Path
    settings: Config
    run: Path | None

    def model(self, classes: int, device: torch.device) -> nn.Module:
        """The net with its weights, on a device. Raises CheckpointError where they do not fit."""
        if self.run is not None and self.path == self.run / directory.MODEL and files.look(self.path) is None:
            unfinished = (
                "is not there yet: the run has not ended; where nothing trains it any more, go on with fcnet train"
            )
            raise CheckpointError(f"{self.path}: {files.absent(self.path, f'{unfinished} --resume {self.run}')}")
        if self.run is not None and files.look(self.run / directory.RESULT) is None:
            console.warn(f"{self.path}: is of an earlier stop; the run has gone on since and has not ended")
        told: list[str] = []
        state = tensor_files.load(self.path, told.append)
        model = building.build(self.settings.model, image_size(self.settings), classes)
        tensor_files.restore(model, state, self.path, told.append)
        if told:
            console.notice(f"{self.path}: the weights {', '.join(told)}")
        return model.to(device)


def locate(run: Path | None, config_file: Path | None = None) -> Trained:
    """Find a trained model: a run directory, a model file with its config, or the newest run.

    Says which run it is, where its name was not given whole.

    Raises:
        ConfigError: there is none there, or a model file has no config.
    """
    found = find.newest() if run is None else find.one(run)
    if found != run:
        console.notice(f"run: {found}")
    if files.is_folder(found):
        return Trained(found / directory.MODEL, schema.load(config_file or found / directory.CONFIG), found)
    home = found.parent if find.is_run(found.parent) else None
    if found.parent.name == FOLDER and find.is_run(found.parent.parent):
        run = found.parent.parent
        raise ConfigError(f"{found}: is a checkpoint of a training; give its run directory, {run}")
    if config_file is None and home is None:
        tensor_files.check_kind(found)  # no config would make it one
        raise ConfigError(f"{found}: a model file alone does not tell its net; give --config with the YAML file of it")
    return Trained(found, schema.load(config_file or found.parent / directory.CONFIG), home)
