"""Draw one run: its metrics, its weights, and its results on held-out images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from fcnet import families, schema
from fcnet.commands.plot.albums import Album
from fcnet.commands.plot.records import curves_of
from fcnet.commands.read import held_out, read_split
from fcnet.commands.trained import Located
from fcnet.data.augment.augmented import Augmented
from fcnet.plots import canvas, samples
from fcnet.rundir import directory
from fcnet.schema import Config
from fcnet.system.sinks import Sinks
from fcnet.training.randomness import seed_of

AUGMENTED_CLASSES, AUGMENTED_EPOCHS = 20, 9  # rows and columns of the figure of augmented images


def draw_metrics(run: Path, pictures: Album, sinks: Sinks) -> None:
    """Draw the metrics of one run: loss and accuracy over the epochs, loss terms, or ridge paths."""
    curve = curves_of([run], sinks)[0]
    settings = schema.load(run / directory.CONFIG)
    pictures.save(families.of(settings.model).curves(curve, settings))


def draw_model(found: Located, pictures: Album, sinks: Sinks) -> None:
    """Draw the weights, and the model's results on held-out images; if there are none, on the training images."""
    settings, cpu = found.settings, torch.device("cpu")
    name = canvas.run_name(found.path.stem if found.run is None else found.path.parent.resolve().name)
    classifies, classes = settings.model.classifies, settings.data.classes
    trained = None
    if classes is not None or not classifies:  # the weights can be drawn even if the images are gone
        trained = found.load(len(classes or ()), cpu, sinks)
        pictures.save(found.family.pictures(trained, name, None, ""))
    part = held_out(settings) or (None if classifies else "train")
    if part is None:
        sinks.notice("confusion, calibration and mistakes are not drawn: this config has no validation or test images")
        return
    images = read_split(settings, part, sinks)
    trained = trained or found.load(len(images.classes), cpu, sinks)
    pictures.save(found.family.pictures(trained, name, images, part))


def draw_augmented(settings: Config, name: str, pictures: Album, sinks: Sinks) -> None:
    """Draw a training image of each class as it is, and as ``data.augment`` changes it, with the name of the config."""
    assert settings.data.augment is not None
    images = read_split(settings, "train", sinks)
    labels = images.labels.tolist()
    shown = sorted(set(labels))[:AUGMENTED_CLASSES]
    first = [labels.index(label) for label in shown]
    some = Augmented(
        images.images[first],
        images.labels[first],
        settings.data.augment,
        seed_of(settings.seed, "augmentation"),
        classes=images.classes,
    )
    plain = some.images.numpy().copy()
    changed = np.stack([some.of_epoch(epoch).numpy().copy() for epoch in range(1, AUGMENTED_EPOCHS + 1)])
    classes = dict(enumerate(images.classes))  # images for an autoencoder may have none
    names = [classes.get(label, "") for label in shown]
    figure = samples.augmented(
        plain, changed, names, f"{canvas.run_name(name)}: training images, changed as in training"
    )
    pictures.save({"augmented": figure})
