"""``fcnet report``: gather, render, and write where nothing else is overwritten."""

from collections.abc import Sequence
from pathlib import Path

from fcnet.commands.trained import locate
from fcnet.config.names import Which
from fcnet.errors import ConfigError
from fcnet.report import render, several, single
from fcnet.report.language import Words
from fcnet.results import listing
from fcnet.results.row import Row, of
from fcnet.rundir import find, one_file, own_files
from fcnet.system import files
from fcnet.system.files import from_os_error
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import Language, language_of


def run_report(
    words: Sequence[Path],
    out: Path | None = None,
    language: Language | None = None,
    weights: Which | None = None,
    planned: Sequence[str] | None = None,
    sinks: Sinks = SILENT,
) -> Path:
    """Write a report of one run, or of several side by side.

    Args:
        words: run directories, folders of runs, patterns; none for the newest run.
        out: the file; by default report.html in the run, in the only folder that is named, or in the current folder.
        language: en or zh; by default that of the locale.
        weights: of one run: best or last; the best if it has them, when None.
        planned: names of a sweep's runs that are not begun; None if the words do not mean a sweep.
        sinks: for notices and warnings.

    Returns:
        The file written.

    Raises:
        ConfigError: no run is meant, or something is in the way that is not a report.
    """
    chosen = language or language_of()
    rows = _rows(words)
    if planned is None and len(rows) == 1:
        out = out or rows[0].path / own_files.REPORT
        one_file.check(out, one_file.HTML, "a report", own_files.is_report)
        found = locate(rows[0].path if not _is_model(words) else words[0], None, sinks, weights)
        page = render.page(single.gather(found, rows[0], Words(chosen), sinks), chosen)
    else:
        if weights is not None:
            raise ConfigError("--weights: chooses between the weights of one run; name one run, or leave it out")
        folder = words[0] if len(words) == 1 and files.is_folder(words[0]) else Path()
        out = out or folder / own_files.REPORT
        one_file.check(out, one_file.HTML, "a report", own_files.is_report)
        said = Words(chosen)
        name = folder.resolve().name if folder.parts else said("several_runs", n=len(rows))
        page = render.page(several.gather(rows, name, planned or (), said), chosen)
    one_file.write(out, page)
    return out


def at_end(place: Path, sinks: Sinks, planned: Sequence[str] | None = None) -> None:
    """Write the report of a run or a sweep that has just ended; a problem becomes a warning, as all else is done."""
    try:
        path = run_report([place], planned=planned, sinks=sinks)
    except Exception as error:
        problem = from_os_error(error).problems[0] if isinstance(error, OSError) else str(error) or type(error).__name__
        sinks.warn(f"{place}: no report was written ({problem}); all else is; write it with: fcnet report {place}")
    else:
        sinks.say(f"report: {path}")


def _is_model(words: Sequence[Path]) -> bool:
    return len(words) == 1 and files.is_file(words[0])


def _rows(words: Sequence[Path]) -> list[Row]:
    """Return the runs that words mean. Raises ConfigError if they mean none."""
    if not words:
        run = find.newest()
        return [of(run, str(run))]
    if _is_model(words):
        run = words[0].parent
        if not find.is_run(run):
            raise ConfigError(f"{words[0]}: is a file outside any run directory; name a run")
        return [of(run, str(run))]
    rows = listing.rows(words)
    if not rows:
        raise ConfigError(f"report: {', '.join(map(str, words))}: contains no run; name runs, or folders of runs")
    return rows
