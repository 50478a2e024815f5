"""What autoencoders are used for: ``fcnet encode``, and ``eval`` and ``predict`` of their runs."""

import io
import json
import math
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fcnet.commands import image_files, loading
from fcnet.config.data import ImageSplit
from fcnet.data.dataset import ImageFolder
from fcnet.data.folder.listing import UNLABELLED
from fcnet.data.images.png import encode_png
from fcnet.errors import ConfigError, DataError
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct, binarised, corrupt, log_likelihood, squared_error
from fcnet.families.common import classify
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.training.evaluate import EVALUATION_BATCH, evaluate, fixed_noise


@dataclass(frozen=True)
class Outputs:
    """What an autoencoder makes of images, on the CPU.

    Attributes:
        codes: (N, K).
        pixels: reconstructions (N, D), of the images as they are.
        errors: squared errors (N,), summed over the pixels.
    """

    codes: Tensor
    pixels: Tensor
    errors: Tensor


def autoencoder(trained: loading.Trained, device: torch.device) -> tuple[AutoEncoder, AutoencoderModel]:
    """The net of a run, on a device, and what it was built from. Raises ConfigError where it is another kind."""
    spec = trained.settings.model
    if not isinstance(spec, AutoencoderModel):
        others = find.of_kind("autoencoder", trained.run)
        raise ConfigError(f"{trained.path}: is of kind {spec.kind}; only an autoencoder has codes{others}")
    classes = trained.settings.data.classes or ()
    model = trained.model(len(classes), device)
    assert isinstance(model, AutoEncoder)
    return model.eval(), spec


@torch.inference_mode()
def look(model: AutoEncoder, split: ImageFolder, path: Path) -> Outputs:
    """Codes and reconstructions of images. Raises CheckpointError where they are not finite."""
    found = []
    for x, _ in split.batches(EVALUATION_BATCH, dtype=next(model.parameters()).dtype):
        code = model.encode(x)
        pixels = model.decode(code)
        found.append((code.cpu(), pixels.cpu(), squared_error(pixels, x).cpu()))
    codes, pixels, errors = (torch.cat(parts) for parts in zip(*found, strict=True))
    classify.check_finite(path, codes, pixels)
    return Outputs(codes, pixels, errors)


# --- eval ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reconstruction:
    """Figures of an autoencoder over one split.

    Attributes:
        model: the file of the weights.
        split: what was evaluated.
        n: number of images.
        loss: that training minimises, mean over images, with noise that is always the same.
        parts: its terms, of which a variational one has the KL divergence before ``beta``.
        squared_error: of the images as they are, summed over the pixels, mean over images.
        psnr: of the reconstructions, in dB, all pixels together.
        denoising: psnr of corrupted images, and of what is made of them; None where nothing is corrupted.
        likelihood: ELBO and importance-weighted bound of log p(x), in nats; None where the model has none.
        outliers: AUROC of the squared error, normal images and outliers; None where no classes are normal.
    """

    model: str
    split: str
    n: int
    loss: float
    parts: dict[str, float]
    squared_error: float
    psnr: float
    denoising: dict[str, float] | None = None
    likelihood: dict[str, float] | None = None
    outliers: dict[str, float] | None = None

    def to_json(self) -> str:
        """The figures as one JSON object, without those that there are not."""
        found = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(found, ensure_ascii=False)


def run_eval(
    trained: loading.Trained, split: str = "test", folder: ImageSplit | None = None, device: str = "auto"
) -> Reconstruction:
    """Evaluate an autoencoder; arguments as of ``inspection.run_eval``."""
    where = loading.choose_device(device)
    found, name = classify.choose_split(trained.settings, split, folder)
    model, spec = autoencoder(trained, where)
    images = found.to(where)
    seen = look(model, images, trained.path)
    metrics = evaluate(model, images, Reconstruct(spec))
    error, normal = float(seen.errors.double().mean()), trained.settings.data.normal_classes
    return Reconstruction(
        str(trained.path),
        name,
        len(found),
        metrics.loss,
        metrics.parts,
        error,
        psnr(error / seen.pixels.shape[1]),
        None if spec.corruption is None else denoising(model, spec, images),
        likelihood(model, spec, images) if spec.has_likelihood else None,
        None if normal is None else outliers(seen.errors, found, normal),
    )


def psnr(squared_error: float) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error of pixels in [0, 1]; infinite where it is 0."""
    return -10 * math.log10(squared_error) if squared_error else math.inf


@torch.inference_mode()
def denoising(model: AutoEncoder, spec: AutoencoderModel, images: ImageFolder) -> dict[str, float]:
    """PSNR in dB of corrupted images, and of what is made of them; the noise is always the same."""
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
    """ELBO and importance-weighted bound of log p(x) in nats, means over images; drawn numbers are always the same."""
    assert spec.variational is not None
    samples, bound, elbo = spec.variational.likelihood_samples, 0.0, 0.0
    with fixed_noise(images.labels.device):
        for x, _ in images.batches(max(EVALUATION_BATCH // samples, 1)):
            pixels = binarised(x) if spec.binarise else x
            bounds, elbos = log_likelihood(model, spec, pixels, samples)
            bound += float(bounds.double().sum())
            elbo += float(elbos.double().sum())
    return {"elbo": elbo / len(images), "importance_weighted_bound": bound / len(images), "samples": samples}


def outliers(errors: Tensor, split: ImageFolder, normal: Sequence[str]) -> dict[str, float]:
    """AUROC of errors (N,) as a score of outliers. Raises DataError where all images are of one side."""
    from sklearn.metrics import roc_auc_score  # imported here: it takes as long as all else that training imports

    outside = ~loading.normal_images(split, normal)
    count = int(outside.sum())
    if count in (0, len(split)):
        what = "an outlier" if count else "normal"
        raise DataError(
            f"{split.origin}: all {len(split)} images are {what} (data.normal_classes: {', '.join(normal)}), and AUROC"
            " compares the two; give images of both"
        )
    return {
        "auroc": float(roc_auc_score(outside.numpy(), errors.numpy())),
        "normal": len(split) - count,
        "outliers": count,
    }


# --- predict ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restored:
    """What an autoencoder makes of one image.

    Attributes:
        file: the image.
        squared_error: of its reconstruction, summed over the pixels: the larger, the more of an outlier.
        output: file of the reconstruction, where they are written.
    """

    file: str
    squared_error: float
    output: str | None = None


def run_predict(
    trained: loading.Trained, wanted: Sequence[str], device: str = "auto", out: Path | None = None
) -> list[Restored]:
    """Reconstruct image files: what is given is taken as it is, and what comes out is without noise.

    Args:
        trained: the autoencoder.
        wanted: files, folders (the images in them) and glob patterns.
        device: where to compute.
        out: folder for the reconstructions, as PNGs.

    Raises:
        DataError: naming all that cannot be found or read; or two images would be written to one file, or an image
            over one that was given.
    """
    split = classify.read_files(trained, wanted)
    paths = [] if out is None else output_files(split.names, out)
    where = loading.choose_device(device)
    model, _ = autoencoder(trained, where)
    seen = look(model, split.to(where), trained.path)
    outputs: list[str | None] = [None] * len(split)
    if out is not None:
        grey = (seen.pixels.clamp(0, 1) * 255).round().to(torch.uint8).reshape(-1, *split.size)
        with naming(out):
            out.mkdir(parents=True, exist_ok=True)
        for path, image in zip(paths, grey.numpy(), strict=True):
            files.write_bytes(path, encode_png(image))
        outputs = [str(path) for path in paths]
    rows = zip(split.names, seen.errors.tolist(), outputs, strict=True)
    return [Restored(*row) for row in rows]


def output_files(names: Sequence[str], out: Path) -> list[Path]:
    """The file in a folder for the reconstruction of each image. Raises DataError where images would be lost."""
    paths = [out / f"{Path(name).stem}.png" for name in names]
    doubled = sorted(str(path) for path, count in Counter(paths).items() if count > 1)
    if doubled:
        raise DataError(f"--out {out}: two images would be written to {', '.join(doubled[:3])}; give them apart")
    given = {os.path.realpath(name) for name in names}
    lost = [str(path) for path in paths if os.path.realpath(path) in given]
    if lost:
        raise DataError(
            f"--out {out}: would write over {', '.join(lost[:3])}, which {'is' if len(lost) == 1 else 'are'} among the"
            " images given; name another folder"
        )
    return paths


def _holds_codes(path: Path) -> bool:
    """Return whether a file is one that ``run_encode`` has written."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not path.is_symlink() and {"codes.npy", "files.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


# --- encode -------------------------------------------------------------------------------------------------------


def run_encode(
    words: Sequence[str], out: Path, split: str | None = None, device: str = "auto", config_file: Path | None = None
) -> tuple[int, int]:
    """Write the codes of images: arrays ``codes`` (N, K), ``files`` (N,), and of a config's images ``labels`` (N,).

    Args:
        words: a run directory or model file, without which the newest run is meant; and files, folders and patterns,
            without which a split of the run's config is.
        out: the .npz file.
        split: of the config; test where it is None.
        device: where to compute.
        config_file: of a model file that lies in no run directory.

    Returns:
        Images, and values of a code.
    """
    if out.suffix != ".npz":
        raise ConfigError(f"--out {out}: codes are written as NumPy's .npz; give a name that ends so")
    if (out.exists() or out.is_symlink()) and not _holds_codes(out):
        raise ConfigError(f"--out {out}: is there already and holds no codes of fcnet's; name another file")
    run, wanted = image_files.split(words)
    if split is not None and wanted:
        raise ConfigError("--split, IMAGE: choose one of the two")
    trained = loading.locate(run, config_file)
    where = loading.choose_device(device)
    model, _ = autoencoder(trained, where)
    images = classify.read_files(trained, wanted) if wanted else loading.read_split(trained.settings, split or "test")
    codes = look(model, images.to(where), trained.path).codes.numpy()
    classes = np.array(images.classes)[images.labels.numpy()] if images.classes and not wanted else np.array([])
    labels = {} if (classes == UNLABELLED).all() else {"labels": classes}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, codes=codes, files=np.array(list(images.names)), **labels)
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out, buffer.getvalue())
    return codes.shape[0], codes.shape[1]
