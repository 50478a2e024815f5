"""``fcnet sweep``: many runs as one thing."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcnet.cli.help import complete
from fcnet.cli.help.commands import App
from fcnet.cli.words import config as config_option
from fcnet.cli.words import path
from fcnet.config.named import find
from fcnet.errors import ConfigError, Stopped
from fcnet.system import paths, streams

if TYPE_CHECKING:
    from fcnet.sweep.begin import Begun
    from fcnet.sweep.disk.folder import Folder
    from fcnet.sweep.plan.plan import Plan
    from fcnet.sweep.status import Status

app = App(
    help="Train many runs: grids, seeds, searches.",
    epilog="Example: fcnet sweep run -c digits train.optimizer.lr=1e-3,3e-3 --seeds 5",
)

ROOT = Path("runs")  # of sweeps for which no directory is named
WATCH = 2.0  # seconds between two looks at a sweep that is watched
CLEAR = "\x1b[H\x1b[J"  # moves a terminal's cursor to the top, and clears what is below

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|DIR] [KEY=VALUE[,VALUE...]]...",
        autocompletion=complete.config_or_setting,
        help="Sweep file (also by name: sweeps/digits), or the directory of a sweep to continue; and settings: with"
        " several values, each is tried.",
    ),
]
Base = Annotated[Path | None, config_option("--config", "Config that the runs share, in place of a sweep file.", "-c")]
Seeds = Annotated[int | None, typer.Option(metavar="N", help="Seeds of each combination, 0 to N - 1.", min=1)]
Out = Annotated[Path | None, path("--out", "DIR", "Directory of the sweep (default: runs/NAME, after the file).")]
Yes = Annotated[bool, typer.Option("--yes", help="Allow more than 10,000 runs.")]
Sweep = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", parser=paths.option("DIR"), autocompletion=complete.runs, help="Directory of a sweep."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: accuracies as fractions, times in seconds.")]


@app.command(epilog="Example: fcnet sweep run -c mnist model.hidden=[300],[500] --seeds 5 --out runs/width")
def run(
    context: typer.Context,
    words: Words = None,
    config: Base = None,
    seeds: Seeds = None,
    out: Out = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes on this host (default: one per core or GPU).", min=1)
    ] = None,
    fuse: Annotated[
        str | None, typer.Option(metavar="auto|off|N", help="Runs that are trained together, as one computation.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try runs again that have failed.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when all runs that are left are trained by other workers.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the runs, and begin none.")] = False,
    yes: Yes = False,
) -> None:
    """Train the runs of a sweep on this machine.

    Again, it continues where it stopped: finished runs are never trained again. Several machines may share the work.
    """
    given = {} if fuse is None else {"fuse": int(fuse) if fuse.isdecimal() else fuse}
    directory = _directory(config, words or [], out)
    if directory is not None:
        begun = _open(directory, changes=seeds is not None or len(words or []) > 1 or fuse is not None)
        if dry:
            _list_left(begun)
            return
    else:
        plan, name = _plan(config, words or [], seeds, given, yes)
        if dry:
            _list(plan)
            return
        begun = _begin(plan, ROOT / name if out is None else out, workers)
    _work(begun, context.obj, workers, retry, not no_wait)


def _directory(config: Path | None, words: list[str], out: Path | None) -> Path | None:
    """Return the directory of the sweep to continue; None if a plan is given."""
    if config is None and not words and out is not None:
        return out
    if config is None and words and "=" not in words[0] and Path(words[0]).is_dir():
        if out is not None:
            raise ConfigError(f"--out {out}: {words[0]} is a directory already; give a sweep file, or leave --out out")
        return Path(words[0])
    return None


def _open(directory: Path, changes: bool = False) -> "Begun":
    """Return a sweep that was begun. Raises ConfigError if the command line has changes of its plan."""
    from fcnet.sweep.begin import Begun
    from fcnet.sweep.disk.folder import Folder

    if changes:
        raise ConfigError(
            f"{directory}: is a sweep that was begun; its runs are changed by giving its sweep file again, with"
            f" --out {directory}"
        )
    return Begun(Folder.open(directory))


def _plan(
    config: Path | None, words: list[str], seeds: int | None, options: dict[str, Any], yes: bool
) -> tuple["Plan", str]:
    """Return the plan that the words of the command line describe, and a name for its directory."""
    from fcnet.cli.advice import options as known
    from fcnet.sweep.plan import load

    if config is not None:
        for word in words:
            if "=" not in word:
                raise ConfigError(f"{word}: is neither KEY=VALUE nor wanted beside --config; leave it out")
        return load.from_words(find.existing(config), words, seeds, options, yes), config.stem
    if not words or "=" in words[0]:
        raise ConfigError(
            f"FILE: is missing; give a sweep file, such as sweeps/digits, the directory of a sweep, or a"
            f" config with --config{known.example()}"
        )
    file, given = find.existing(words[0]), options | ({} if seeds is None else {"seeds": seeds})
    return load.from_file(file, words[1:], given, yes), file.stem


def _list(plan: "Plan") -> None:
    """Print the runs of a plan."""
    for one in plan.runs:
        streams.write(sys.stdout, one.name)
    streams.write(sys.stderr, f"sweep: {plan.size}")


def _list_left(begun: "Begun") -> None:
    """Print the runs of a sweep that would be trained."""
    for entry in begun.folder.entries():
        if begun.folder.ended(entry.name) is None:
            streams.write(sys.stdout, entry.name)


def _begin(plan: "Plan", out: Path, workers: int | None = None) -> "Begun":
    """Write a plan to its directory, for so many workers on all hosts together."""
    from fcnet.sweep.begin import begin

    if plan.equal:
        what = "1 run is left out, because it is equal to another" if plan.equal == 1 else None
        what = what or f"{plan.equal} runs are left out, because they are equal to others"
        streams.tell(sys.stderr, f"sweep: {what}")
    return begin(out, plan, workers)


def _work(begun: "Begun", stop: Any, workers: int | None, retry: bool, waits: bool) -> None:
    """Train the runs of a sweep with the workers of this host, and say how it ended."""
    found = _trained(begun, stop, workers, retry, waits)
    found.check()
    if found.left:
        left = "1 run is" if found.left == 1 else f"{found.left} runs are"
        raise Stopped(f"{found.folder}: {left} left to other workers; wait for them, or run this again")
    streams.tell(sys.stderr, f"compare them: fcnet compare {found.folder}")


def _trained(begun: "Begun", stop: Any, workers: int | None, retry: bool, waits: bool) -> "Status":
    """Train the runs of a sweep with the workers of this host; return how all are doing then."""
    from fcnet.cli.sweep.console import SweepConsole
    from fcnet.sweep import status
    from fcnet.sweep.work import pool, slots

    folder = begun.folder
    if retry:
        folder.forget_failures()
    left = status.of(folder).left
    if left:
        places = slots.for_sweep(folder, workers, left)
        console = SweepConsole(folder)
        console.begin(begun, places)
        pool.Pool(folder, places, stop, console.tell, waits, begun.secrets).run()
    found = status.of(folder)
    streams.write(sys.stdout, found.text())
    if not found.left:
        _report(folder)
    return found


def _report(folder: "Folder") -> None:
    """Write the report of a sweep that has ended, if the config of its runs asks for one."""
    base = folder.settings.base
    if not (
        (isinstance(base, dict) and base.get("report")) or any(one.changes.get("report") for one in folder.entries())
    ):
        return
    from fcnet.cli.console import shown
    from fcnet.cli.results.report import planned
    from fcnet.report.write import at_end

    with shown() as sinks:
        at_end(folder.path, sinks, planned([folder.path]))


@app.command(epilog="Example: fcnet sweep slurm sweeps/width --sbatch=--partition=gpu > job.sh; sbatch job.sh")
def slurm(
    words: Words = None,
    config: Base = None,
    seeds: Seeds = None,
    out: Out = None,
    tasks: Annotated[
        int | None,
        typer.Option(metavar="N", help="Tasks of the array (default: one for each run left, at most 8).", min=1),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes of each task (default: one per core or GPU of the task).", min=1),
    ] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(metavar="--NAME=VALUE", help="Option for Slurm, such as --time=04:00:00; may be repeated."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try runs again that have failed.")] = False,
    yes: Yes = False,
) -> None:
    """Print a job script that trains a sweep under Slurm.

    The sweep is begun without training, or opened if it was begun; the tasks of the job array train its runs.
    """
    from fcnet.sweep import slurm as jobs

    options = jobs.parsed(sbatch or [])  # before anything is written
    directory = _directory(config, words or [], out)
    if directory is None:
        plan, name = _plan(config, words or [], seeds, {}, yes)
        begun = _begin(plan, ROOT / name if out is None else out, (tasks or jobs.TASKS) * (workers or 1))
    else:
        begun = _open(directory, changes=seeds is not None or len(words or []) > 1)
    text = jobs.job(begun.folder, [sys.executable, "-m", "fcnet"], tasks, workers, options, retry)
    streams.write(sys.stdout, text, for_programs=True)


@app.command(hidden=True)
def task(
    context: typer.Context,
    directory: Sweep,
    workers: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Work on a sweep as one task of a job: done also once all that is left is trained by other tasks."""
    found = _trained(_open(directory), context.obj, workers, False, waits=False)
    if found.left:
        what = "1 run is" if found.left == 1 else f"{found.left} runs are"
        streams.tell(sys.stderr, f"sweep: {what} left to other tasks, which train them now; this task is done")
    else:
        found.check()


@app.command(hidden=True)
def work(
    context: typer.Context,
    directory: Sweep,
    no_wait: Annotated[bool, typer.Option("--no-wait")] = False,
    alone: Annotated[bool, typer.Option("--alone")] = False,
) -> None:
    """Train runs in this process: what ``run`` starts in each slot. It stops when its stdin is closed."""
    from fcnet.cli.sweep.worker import work_until_closed

    work_until_closed(directory, context.obj, not no_wait, alone)


@app.command(epilog="Example: fcnet sweep status runs/width --watch")
def status(
    context: typer.Context,
    directory: Sweep,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew every 2 s until all has ended.")] = False,
    json: Json = False,
) -> None:
    """Show how a sweep is doing.

    Planned, running, finished and failed runs, and the time that is left.
    """
    from fcnet.sweep import status as states
    from fcnet.sweep.disk.folder import Folder

    folder = Folder.open(directory)
    while True:
        found = states.of(folder)
        if json:
            streams.write(sys.stdout, found.json(), for_programs=True)
        else:
            if watch and sys.stdout.isatty():
                sys.stdout.write(CLEAR)
            streams.write(sys.stdout, found.text())
        if not watch or not found.left or context.obj.signal:
            return
        time.sleep(WATCH)
