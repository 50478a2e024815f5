"""What comes after the last step of a training: its result, and then its pictures."""

from pathlib import Path

from fcnet import console, rundir
from fcnet.errors import from_os_error
from fcnet.session import Session


def finish(session: Session) -> list[Path]:
    """Write down that a run is finished, then draw its curves; return the files of these.

    The run is finished whatever becomes of the pictures, also if the process is killed while it draws.
    """
    session.write_result("finished")
    return draw(session.run)


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
