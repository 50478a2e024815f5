"""``fcnet eval`` and ``predict``, for every kind of model; a program can call them as the command line does."""

from collections.abc import Sequence
from pathlib import Path

from fcnet.commands import image_files, loading
from fcnet.config.data import ImageSplit
from fcnet.errors import ConfigError
from fcnet.families.autoencoder import evaluate
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.evaluate import Reconstruction, Restored
from fcnet.families.common import classify
from fcnet.families.common.classify import Evaluation, Prediction
from fcnet.rundir import find


def run_eval(
    run: Path | None,
    config_file: Path | None = None,
    split: str = "test",
    folder: ImageSplit | None = None,
    device: str = "auto",
) -> Evaluation | Reconstruction:
    """Evaluate a model.

    Args:
        run: run directory or model file; the newest run when None.
        config_file: of a model file that lies in no run directory.
        split: train, validation or test of its config.
        folder: other images, in place of ``split``.
        device: where to compute.
    """
    trained = loading.locate(run, config_file)
    if isinstance(trained.settings.model, AutoencoderModel):
        return evaluate.run_eval(trained, split, folder, device)
    return classify.run_eval(trained, split, folder, device)


def run_predict(
    words: Sequence[str], device: str = "auto", out: Path | None = None, config_file: Path | None = None
) -> list[Prediction] | list[Restored]:
    """Classify image files, or give them back by an autoencoder, with what lies in a run directory alone.

    Args:
        words: a run directory or model file, without which the newest run is meant; and files, folders (the images in
            them) and glob patterns.
        device: where to compute.
        out: folder for what an autoencoder gives back.
        config_file: of a model file that lies in no run directory.

    Raises:
        DataError: naming all that cannot be found or read; nothing is asked then.
        ConfigError: ``out``, of a classifier; or no images.
    """
    run, wanted = image_files.split(words)
    trained = loading.locate(run, config_file)
    if not wanted:
        raise ConfigError(f"IMAGE: is missing; give files, folders or patterns behind {run}")
    if isinstance(trained.settings.model, AutoencoderModel):
        return evaluate.run_predict(trained, wanted, device, out)
    if out is not None:
        raise ConfigError(
            f"--out: is for the images that an autoencoder gives back; {trained.path} is a classifier"
            + find.of_kind("autoencoder", trained.run)
        )
    return classify.run_predict(trained, wanted, device)
