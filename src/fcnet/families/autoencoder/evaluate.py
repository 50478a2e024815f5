"""Run an autoencoder over images: reconstructions and their errors, likelihoods, outliers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct, binarised, corrupt, log_likelihood, squared_error
from fcnet.families.common import outliers
from fcnet.families.common.classify import check_finite
from fcnet.families.common.family import Trained, Weights, choice
from fcnet.families.common.outliers import Measured, PerImage
from fcnet.training.evaluate import EVALUATION_BATCH, evaluate, fixed_noise


@dataclass(frozen=True)
class Outputs:
    """An autoencoder's outputs for images, on the CPU.

    Attributes:
        codes: (N, K).
        pixels: reconstructions (N, D) of the images without noise.
        errors: squared errors (N,), summed over the pixels.
    """

    codes: Tensor
    pixels: Tensor
    errors: Tensor


@torch.inference_mode()
def look(model: AutoEncoder, split: ImageFolder, path: Path) -> Outputs:
    """Return codes and reconstructions of images. Raises CheckpointError if they are not finite."""
    found = []
    for x, _ in split.batches(EVALUATION_BATCH, dtype=next(model.parameters()).dtype):
        code = model.encode(x)
        pixels = model.decode(code)
        found.append((code.cpu(), pixels.cpu(), squared_error(pixels, x).cpu()))
    codes, pixels, errors = (torch.cat(parts) for parts in zip(*found, strict=True))
    check_finite(path, codes, pixels)
    return Outputs(codes, pixels, errors)


@dataclass(frozen=True)
class Reconstruction(Measured):
    """Metrics of an autoencoder over one split.

    Attributes:
        model: the file of the weights.
        split: what was evaluated.
        n: number of images.
        loss: the training loss, averaged over images, with noise that is always the same.
        terms: of the loss; the KL divergence of a variational one is not multiplied by ``beta``.
        squared_error: of the images without noise, summed over the pixels, averaged over images.
        psnr: of the reconstructions, in dB, over all pixels.
        denoising: psnr of corrupted images, and of their reconstructions; None without corruption.
        likelihood: ELBO and importance-weighted bound of log p(x), in nats; None if the model has none.
        outliers: AUROC of the squared error, numbers of normal images and outliers; None without normal classes.
        weights: which of its run's the model has; None outside any run.
    """

    model: str
    split: str
    n: int
    loss: float
    terms: dict[str, float]
    squared_error: float
    psnr: float
    denoising: dict[str, float] | None = None
    likelihood: dict[str, float] | None = None
    outliers: dict[str, float] | None = None
    weights: Weights | None = None

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for users."""
        terms = self.terms if len(self.terms) > 1 else {}
        rows = [
            ("model", self.model),
            *([("weights", words)] if (words := choice(self.weights)) else []),
            ("images", f"{self.n}, {self.split}"),
            ("loss", f"{self.loss:.4f}"),
            *((f"  {name.replace('_', ' ')}", f"{value:.4f}") for name, value in terms.items()),
            ("squared error", f"{self.squared_error:.4f} per image, {self.psnr:.2f} dB"),
        ]
        if self.denoising is not None:
            before, after = self.denoising["psnr_corrupted"], self.denoising["psnr_output"]
            rows.append(("denoising", f"{before:.2f} dB before, {after:.2f} dB after"))
        if (found := self.likelihood) is not None:
            rows.append(("ELBO", f"{found['elbo']:.2f} nats"))
            bound, samples = found["importance_weighted_bound"], found["samples"]
            rows.append(("likelihood", f"at least {bound:.2f} nats, by {samples:.0f} importance samples"))
        return rows


def autoencoder(trained: Trained) -> tuple[AutoEncoder, AutoencoderModel]:
    """Return the net of a trained autoencoder, and its config."""
    assert isinstance(trained.net, AutoEncoder)
    return trained.net.eval(), trained.settings.model


def reconstruction(trained: Trained, images: ImageFolder, split: str) -> Reconstruction:
    """Evaluate an autoencoder over images on its device; ``split`` is their name in the result."""
    model, spec = autoencoder(trained)
    seen = look(model, images, trained.path)
    metrics = evaluate(model, images, Reconstruct(spec))
    error, normal = float(seen.errors.double().mean()), trained.settings.data.normal_classes
    return Reconstruction(
        str(trained.path),
        split,
        len(images),
        metrics.loss,
        metrics.terms,
        error,
        psnr(error / seen.pixels.shape[1]),
        None if spec.corruption is None else denoising(model, spec, images),
        likelihood(model, spec, images) if spec.has_likelihood else None,
        None if normal is None else outliers.auroc(seen.errors, images.to(torch.device("cpu")), normal),
        trained.weights,
    )


def psnr(squared_error: float) -> float:
    """Return the peak signal-to-noise ratio in dB for a mean squared error of pixels in [0, 1]; infinite for 0."""
    return -10 * math.log10(squared_error) if squared_error else math.inf


@torch.inference_mode()
def denoising(model: AutoEncoder, spec: AutoencoderModel, images: ImageFolder) -> dict[str, float]:
    """Return the PSNR in dB of corrupted images, and of their reconstructions; the noise is always the same."""
    assert spec.corruption is not None
    corrupted, denoised = 0.0, 0.0
    with fixed_noise(images.labels.device):
        for x, _ in images.batches(EVALUATION_BATCH):
            noisy = corrupt(x, spec.corruption)
            corrupted += float(squared_error(noisy, x).double().sum())
            denoised += float(squared_error(model(noisy), x).double().sum())
    pixels = len(images) * x.shape[1]
    return {"psnr_corrupted": psnr(corrupted / pixels), "psnr_output": psnr(denoised / pixels)}


def likelihood(model: AutoEncoder, spec: AutoencoderModel, images: ImageFolder) -> dict[str, float]:
    """Return ELBO and importance-weighted bound of log p(x) in nats, averaged over images, with fixed random draws."""
    assert spec.variational is not None
    samples, bound, elbo = spec.variational.likelihood_samples, 0.0, 0.0
    with fixed_noise(images.labels.device):
        for x, _ in images.batches(max(EVALUATION_BATCH // samples, 1)):
            pixels = binarised(x) if spec.binarise else x
            bounds, elbos = log_likelihood(model, spec, pixels, samples)
            bound += float(bounds.double().sum())
            elbo += float(elbos.double().sum())
    return {"elbo": elbo / len(images), "importance_weighted_bound": bound / len(images), "samples": samples}


@dataclass(frozen=True)
class Restored:
    """The reconstruction of one image.

    Attributes:
        file: the image.
        squared_error: of its reconstruction, summed over the pixels; an outlier score.
        output: file of the reconstruction; None if it is not written.
        note: why the image shows nothing; empty if it does.
        prepared: what was done to the image, in words.
    """

    file: str
    squared_error: float
    output: str | None = None
    note: str = ""
    prepared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restorations(PerImage):
    """The reconstructions of several images.

    Attributes:
        images: in the order given; at least one.
        pixels: the reconstructions, uint8 (N, H, W).
        weights: which of its run's the model has; None outside any run.
    """

    images: list[Restored]
    pixels: NDArray[np.uint8]
    weights: Weights | None = None

    def text(self) -> str:
        """Return a row per image."""
        rows = [[one.file, f"{one.squared_error:.4f}", one.output or "-"] for one in self.images]
        return self.table(["file", "squared error", "written to"], rows, numbers=3)

    def pictures(self) -> NDArray[np.uint8]:
        """Return the reconstructions, uint8 (N, H, W)."""
        return self.pixels

    def written(self, paths: Sequence[str]) -> "Restorations":
        """Return the same result with the paths that the reconstructions were written to."""
        images = [replace(one, output=path) for one, path in zip(self.images, paths, strict=True)]
        return replace(self, images=images)


def restorations(trained: Trained, images: ImageFolder) -> Restorations:
    """Reconstruct images on the device of a model, without added noise."""
    model, _ = autoencoder(trained)
    seen = look(model, images, trained.path)
    grey = (seen.pixels.clamp(0, 1) * 255).round().to(torch.uint8).reshape(-1, *images.size)
    found = [Restored(file, error) for file, error in zip(images.names, seen.errors.tolist(), strict=True)]
    return Restorations(found, grey.numpy(), trained.weights)
