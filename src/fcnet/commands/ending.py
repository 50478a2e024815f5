"""What comes after the last step of a training: a verdict, its result, and then its pictures."""

from pathlib import Path

from fcnet.commands.recorder import Session
from fcnet.data.splits import Splits
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.common import verdict
from fcnet.rundir import directory
from fcnet.schema import Config
from fcnet.system import console
from fcnet.system.files import from_os_error


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
    return all((run / directory.PLOTS / f"{name}.png").exists() for name in names)


def draw(run: Path) -> list[Path]:
    """Draw the curves of a finished run; what goes wrong is a warning."""
    drawn: list[Path] = []
    try:
        from fcnet.commands import plot  # imported here: what goes wrong with matplotlib may be where it is imported

        with plot.album(run / directory.PLOTS) as pictures:
            drawn = pictures.files
            plot.draw_metrics(run, pictures)
    except Exception as error:
        problem = from_os_error(error).problems[0] if isinstance(error, OSError) else str(error) or type(error).__name__
        console.warn(
            f"{run / directory.PLOTS}: not all pictures are drawn ({problem}); the run is finished all the same; draw"
            f" them with: fcnet plot {run}"
        )
    return drawn
