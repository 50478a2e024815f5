"""What comes after the last step of a training: a verdict, its result, and then its pictures."""

from pathlib import Path

from fcnet import console, rundir, verdict
from fcnet.autoencoder_schema import AutoencoderModel
from fcnet.data import Splits
from fcnet.errors import from_os_error
from fcnet.schema import Config
from fcnet.session import Session


def finish(session: Session, settings: Config, splits: Splits) -> list[Path]:
    """Write down that a run is finished, and whether it has learned anything; then draw its curves.

    The run is finished whatever becomes of the pictures, also if the process is killed while it draws.

    Returns:
        The files of the pictures.
    """
    warnings = verdict.look(settings, splits.train, session.training.model, session.last)
    for line in warnings:
        console.warn(line)
    session.write_result("finished", warnings=warnings)
    return draw(session.run)


def is_drawn(run: Path, settings: Config) -> bool:
    """Return whether the curves of a finished run are there; its process may have been killed before it drew them."""
    names = ("loss",) if isinstance(settings.model, AutoencoderModel) else ("loss", "accuracy")
    return all((run / rundir.PLOTS / f"{name}.png").exists() for name in names)


def draw(run: Path) -> list[Path]:
    """Draw the curves of a finished run; what goes wrong is a warning."""
    drawn: list[Path] = []
    try:
        from fcnet import drawing  # imported here: what goes wrong with matplotlib may be where it is imported

        with drawing.album(run / rundir.PLOTS) as pictures:
            drawn = pictures.files
            drawing.draw_metrics(run, pictures)
    except Exception as error:
        problem = from_os_error(error).problems[0] if isinstance(error, OSError) else str(error) or type(error).__name__
        console.warn(
            f"{run / rundir.PLOTS}: not all pictures are drawn ({problem}); the run is finished all the same; draw them"
            f" with: fcnet plot {run}"
        )
    return drawn
