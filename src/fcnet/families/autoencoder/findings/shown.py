"""Reconstructions, codes, samples and errors of an autoencoder, as arrays."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.autoencoder import evaluate
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.evaluate import Outputs
from fcnet.families.autoencoder.findings import decoded
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.common import outliers
from fcnet.families.common.family import Trained
from fcnet.families.common.findings import first_layer
from fcnet.families.common.findings.parts import Codes, Floats, Images, Part, Reconstructions, Samples, Separation

SCATTERED = 2000  # codes
SIDE = 12  # rows and columns of images that a variational decoder draws


def of_weights(trained: Trained) -> list[Part]:
    """Return what needs no images: the first layer's weights and, of a variational net, samples."""
    model, spec = evaluate.autoencoder(trained)
    height, width = trained.settings.data.image_size
    found: list[Part] = [first_layer.of(trained)]
    return found if spec.variational is None else [*found, *_samples(model, spec, (height, width))]


def of_images(trained: Trained, images: ImageFolder) -> list[Part]:
    """Return reconstructions, codes and, with normal classes, errors of images."""
    model, spec = evaluate.autoencoder(trained)
    seen = evaluate.look(model, images, trained.path)
    found: list[Part] = [_reconstructions(model, spec, images, seen), _codes(images, seen)]
    return [*found, *_separation(trained, images, seen)]


def _reconstructions(model: AutoEncoder, spec: AutoencoderModel, images: ImageFolder, seen: Outputs) -> Reconstructions:
    error = float(seen.errors.double().mean())
    metrics = {"squared_error": error, "psnr": evaluate.psnr(error / seen.pixels.shape[1])}
    if spec.corruption is not None:
        metrics |= evaluate.denoising(model, spec, images)
    rows = decoded.reconstructions(model, spec, images, seen)
    return Reconstructions({name: _grey(row, images.size) for name, row in rows.items()}, len(images), metrics)


def _codes(images: ImageFolder, seen: Outputs) -> Codes:
    """Return codes in a plane: codes of up to two values directly, others by their two principal components."""
    codes = seen.codes.double().numpy()
    n, k = codes.shape
    share = None
    if k == 1:
        codes = np.concatenate([codes, np.zeros_like(codes)], 1)
    elif k > 2:
        codes, share = principal(codes)
    some = np.arange(min(n, SCATTERED)) * n // min(n, SCATTERED)  # evenly spread: a split may be sorted by class
    return Codes(codes[some], images.labels.cpu().numpy()[some], images.classes, k, share)


def principal(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the first two principal components (N, 2) of points (N, K), and their share of the variance in [0, 1]."""
    centred = points - points.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred)  # in ascending order
    total = float(variances.sum())
    return centred @ axes[:, [-1, -2]], float(variances[-2:].sum()) / total if total > 0 else 1.0


def _samples(model: AutoEncoder, spec: AutoencoderModel, size: tuple[int, int]) -> Iterator[Samples]:
    """Yield images of codes from the prior and, for codes of two values, of the whole plane."""
    source: Literal["normal", "learned"] = "normal" if model.pseudo_inputs is None else "learned"
    yield Samples(_grey(decoded.from_prior(model, spec, SIDE), size), SIDE, source)
    if spec.code == 2:
        yield Samples(_grey(decoded.over_plane(model, SIDE)[0], size), SIDE, "plane")


def _separation(trained: Trained, images: ImageFolder, seen: Outputs) -> Iterator[Separation]:
    """Yield the errors of normal images and outliers, if there are both."""
    normal = trained.settings.data.normal_classes
    inside = outliers.parted(images, normal)
    if normal is None or inside is None:
        return
    auroc = outliers.auroc(seen.errors, images.to(torch.device("cpu")), normal)["auroc"]
    errors: Floats = seen.errors.double().numpy()
    yield Separation(errors[inside], errors[~inside], normal, auroc, "squared_error")


def _grey(pixels: Tensor, size: Any) -> Images:
    """Return pixels (N, D) in [0, 1] as images."""
    return np.asarray((pixels.cpu().clamp(0, 1) * 255).round().to(torch.uint8).reshape(-1, *size).numpy())
