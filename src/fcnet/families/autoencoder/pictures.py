"""Figures of an autoencoder's weights and results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fcnet.data.dataset import ImageFolder
from fcnet.data.normal import normal_images
from fcnet.families.autoencoder import evaluate, plots
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.evaluate import Outputs
from fcnet.families.autoencoder.findings import decoded
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import squared_error
from fcnet.families.common import outliers
from fcnet.families.common.family import Trained
from fcnet.plots import images
from fcnet.plots.answers import histogram
from fcnet.plots.canvas import LONGEST_CLASS
from fcnet.system.text import short
from fcnet.training.optim.parameters import weight_matrices

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure

SCATTERED = 5000  # codes in a figure
SIDE = 20  # rows and columns of images drawn by a variational decoder


def of_weights(trained: Trained, name: str) -> dict[str, Figure]:
    """Return the figures that need no images: the first layer's weights and, for a variational net, samples."""
    model, spec = evaluate.autoencoder(trained)
    height, width = trained.settings.data.image_size
    first = weight_matrices(model)[0].detach().double().numpy()
    found = {"weights": images.weights(first, (height, width), None, f"{name}, weights of encoder.fc1")}
    if spec.variational is not None:
        found |= samples(model, spec, (height, width), name)
    return found


def of_images(trained: Trained, name: str, split: ImageFolder, part: str) -> dict[str, Figure]:
    """Return figures of reconstructions, codes and errors of images, which ``part`` names."""
    model, spec = evaluate.autoencoder(trained)
    seen = evaluate.look(model, split, trained.path)
    if spec.corruption is None:
        quality = f"squared error {float(seen.errors.double().mean()):.2f} per image"
    else:
        noise = evaluate.denoising(model, spec, split)
        quality = f"{noise['psnr_corrupted']:.2f} dB before, {noise['psnr_output']:.2f} dB after"
    title = f"{name}: {quality}, {len(split)} {part} images"
    normal = trained.settings.data.normal_classes
    inside = None if normal is None else normal_images(split, normal).numpy()
    found = {
        "reconstructions": reconstructed(model, spec, split, seen, title),
        "codes": scattered(split, seen, name, inside),
    }
    if normal is not None and inside is not None and inside.all() != inside.any():
        result = outliers.auroc(seen.errors, split, normal)
        errors = seen.errors.double().numpy()
        shown = f"{name}: normal {short(', '.join(normal), LONGEST_CLASS)}, AUROC {100 * result['auroc']:.2f} %"
        found["errors"] = histogram(errors[inside], errors[~inside], shown, "squared error of an image", rising=True)
    return found


def reconstructed(model: AutoEncoder, spec: AutoencoderModel, split: ImageFolder, seen: Outputs, title: str) -> Figure:
    """Draw originals above reconstructions; for a denoising net, with the corrupted images between them."""
    rows = decoded.reconstructions(model, spec, split, seen)
    errors = squared_error(rows["reconstruction"], rows["original"]).tolist()
    shown = {name: pixels.reshape(-1, *split.size).numpy() for name, pixels in rows.items()}
    return plots.reconstructions(shown, errors, title)


def scattered(split: ImageFolder, seen: Outputs, name: str, inside: NDArray[np.bool_] | None = None) -> Figure:
    """Draw codes in a plane: codes of up to two values directly, others by their two principal components.

    Args:
        split: the images.
        seen: their codes.
        name: of the run.
        inside: whether each image is normal (N,); None to tell classes apart instead.
    """
    codes, labels = seen.codes[:SCATTERED].double().numpy(), split.labels[:SCATTERED].numpy()
    classes: Sequence[str] = split.classes
    if inside is not None:
        labels, classes = np.where(inside[:SCATTERED], 0, 1), ("normal", "outliers")
    n, k = codes.shape
    if k == 1:
        codes, what, axis = np.concatenate([codes, np.zeros_like(codes)], 1), "codes of 1 value", "code"
    elif k == 2:
        what, axis = "codes", "code"
    else:
        from sklearn.decomposition import PCA  # imported here: it takes as long as all other imports of training

        pca = PCA(2, random_state=0)
        codes = pca.fit_transform(codes)
        share = 100 * float(pca.explained_variance_ratio_.sum())
        what, axis = f"codes of {k} values, PCA ({share:.0f} % of the variance)", "principal component"
    return plots.scatter(codes, labels, classes, f"{name}: {n} {what}", axis)


def samples(model: AutoEncoder, spec: AutoencoderModel, size: Sequence[int], name: str) -> dict[str, Figure]:
    """Draw a variational decoder's images of codes from its prior and, for codes of two values, of the whole plane."""
    prior = "N(0, 1)" if model.pseudo_inputs is None else "the prior of its pseudo-inputs"
    grid = decoded.from_prior(model, spec, SIDE).reshape(SIDE, SIDE, *size).numpy()
    found = {"samples": plots.tiles(grid, f"{name}: images decoded from codes drawn from {prior}")}
    if spec.code == 2:
        pixels, places = decoded.over_plane(model, SIDE)
        title = f"{name}: images decoded from the code plane, at quantiles of N(0, 1)"
        found["plane"] = plots.tiles(pixels.reshape(SIDE, SIDE, *size).numpy(), title, places)
    return found
