"""``fcnet train``, for every family of models."""

import contextlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcnet import families
from fcnet.commands.predict import certainty
from fcnet.commands.trained import Located
from fcnet.commands.training import resume, teacher, warm_start
from fcnet.commands.training.finished import Finished
from fcnet.commands.training.prepare import Work, gather, headline, threads
from fcnet.commands.training.recorder import Recorder
from fcnet.commands.training.shelf import Shelf
from fcnet.families.common.family import Trained
from fcnet.rundir import directory, environment, find
from fcnet.rundir.lock import check_unused, owning
from fcnet.rundir.logs import choice as logs
from fcnet.rundir.target import Target
from fcnet.schema import Config
from fcnet.system import streams
from fcnet.system.device import flush_denormals, in_background
from fcnet.system.files import from_os_error
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits


def choose(target: Target, settings: Config, sinks: Sinks) -> Path | None:
    """Return the existing directory that a training will use; None for a new one."""
    if target.resumes:
        run = resume.choose(target.name, target.out, target.insisted, settings, sinks)
    elif target.out is None:
        find.check_name(target.name)
        run = None
    else:
        check_unused(target.out)
        directory.check_free(target.out, target.overwrite)
        run = target.out if target.out.exists() else None
    if run is None and target.out is None:
        directory.check_root()
    logs.check(settings, run)
    return run


@dataclass(frozen=True)
class RunResult:
    """The result of a training.

    Attributes:
        path: the run directory.
        metrics: the contents of result.json: how it ended, seconds, and the metrics of each split after the last epoch.
    """

    path: Path
    metrics: dict[str, Any]


@flush_denormals()
def run_train(
    settings: Config,
    target: Target,
    stop: Stop | None = None,
    sinks: Sinks = SILENT,
    shelf: Shelf | None = None,
    draws: bool = True,
) -> RunResult:
    """Train the model of a config, into a run directory, and draw its curves.

    Args:
        settings: the resolved config.
        target: the run directory: a new one, one to replace, or one to resume.
        stop: whether a signal has asked to stop.
        sinks: for records of the training, notices and warnings.
        shelf: images of earlier trainings of this process, which are not read again.
        draws: whether the curves are drawn, unless the config has ``plots: false``.

    Raises:
        FcnetError: for bad configs and data, before anything but the cache of decoded images is written;
            DivergedError after writing the last good weights; Stopped after writing a checkpoint.
    """
    stop, draws = stop or Stop(), draws and settings.plots is not False
    streams.forget()
    run = choose(target, settings, sinks)
    if run is not None and target.resumes and resume.nothing_to_do(run, settings, sinks):
        if draws:
            finish_drawing(run, settings, target.force, sinks)
        sinks.say(f"run: {run} is already finished; nothing to do")
    else:
        with limits.chosen(None if settings.threads == "auto" else settings.threads):
            run = _train(settings, target, run, stop, sinks, shelf, draws)
    return RunResult(run, environment.read_json(run / directory.RESULT))


def _train(
    settings: Config, target: Target, run: Path | None, stop: Stop, sinks: Sinks, shelf: Shelf | None, draws: bool
) -> Path:
    """Train into a run directory, which is created if there is none yet; return it."""
    with contextlib.ExitStack() as held:
        # An existing run is locked before reading images, which can be slow; a new one is created afterwards.
        beat = held.enter_context(owning(run, target.force)) if run is not None else None
        resumes, found = run is not None and target.resumes, None
        if run is not None and resumes:
            found = resume.newest(run, settings, target.insisted is not None)
        if found is None:
            warm_start.check_there(settings)
        teacher.check_there(settings)
        work = gather(settings, stop, begins=found is None, writes=not target.own_config, sinks=sinks, shelf=shelf)
        if work.device.type == "cuda" and draws:  # which leaves a core for the import of matplotlib
            in_background(lambda: importlib.import_module("fcnet.commands.plot"))
        warnings = resume.compare(found, work.facts, settings) if found is not None else []
        family = families.of(settings.model)
        training = family.trainer(work.model, work.splits, work.settings)  # if it refuses, no directory is left behind
        if run is None or beat is None:
            run = directory.create(target.out, target.name)
            beat = held.enter_context(owning(run))
        recorder = Recorder(run, training, work.facts, stop, beat, sinks, work.settings)
        if found is not None:
            limits.resumes(resume.threads_of(found))
            go_on(recorder, work, found, warnings, sinks)
            found = None  # its tensors are copied
        else:
            if resumes:
                sinks.warn(f"{run}: contains no checkpoint yet; starting from the beginning")
            begin(recorder, work, target.name, sinks)
        recorder.train()
        conclude(recorder, work, sinks)
        show(run, settings, sinks, draws)
    return run


def begin(recorder: Recorder, work: Work, name: str, sinks: Sinks, together: Sequence[str] = ()) -> None:
    """Clear the directory of an earlier run, and write all files that are known before the first step.

    Args:
        recorder: of the run.
        work: what is trained.
        name: of the config.
        sinks: for a line about it.
        together: the other runs that are trained together with this one.
    """
    directory.clear(recorder.run)
    environment.write_start(recorder.run, name, work.settings, work.splits, work.device, together)
    recorder.begin_logs()
    sinks.say(f"{headline(work)}, into {recorder.run}")
    _say_threads(work, sinks)


def go_on(recorder: Recorder, work: Work, found: resume.Found, warnings: list[str], sinks: Sinks) -> None:
    """Load a checkpoint, and record the resumption."""
    for line in (*found.problems, *warnings):
        sinks.warn(line)
    training = recorder.training
    recorder.load(found.path, found.state)
    environment.write_config(recorder.run, work.settings)
    environment.write_resumed(recorder.run, work.splits, work.device, training.epoch, training.step)
    sinks.say(f"{headline(work)}, into {recorder.run}, resuming {training.place()}")
    _say_threads(work, sinks)


def _say_threads(work: Work, sinks: Sinks) -> None:
    if work.device.type == "cpu":
        sinks.detail(threads(work))


def conclude(recorder: Recorder, work: Work, sinks: Sinks) -> None:
    """Record that a run is finished, and whether it has learned anything."""
    model = recorder.training.model
    warnings = families.of(work.settings.model).verdict(model, work.settings, work.splits.train, recorder.last)
    for line in warnings:
        sinks.warn(line)
    recorder.write_result("finished", _certainty(recorder, work), warnings)


def show(run: Path, settings: Config, sinks: Sinks, draws: bool = True) -> None:
    """Draw the curves of a finished run, and say so. It is finished even if the process is killed meanwhile."""
    drawn = draw(run, sinks) if draws else []
    best = [directory.BEST] if (run / directory.BEST).exists() else []
    further = [name for name in logs.FILES.values() if (run / name).exists()]
    figures = [f"{directory.PLOTS}/{path.name}" for path in drawn]
    names = [directory.MODEL, *best, directory.METRICS, *further, *figures]
    model, result = settings.model, environment.read_json(run / directory.RESULT)
    sinks.write(Finished(run, tuple(names), result, model.classifies, model.encoder is not None))


def _certainty(recorder: Recorder, work: Work) -> dict[str, Any]:
    """Return from which probability on a classifier's answer counts, with the last weights and with the best ones.

    These are entries for result.json, in which ``best`` has all about the best epoch.
    """
    if not work.settings.model.classifies:
        return {}
    run = recorder.run
    trained = Trained(recorder.training.model.eval(), work.settings, run / directory.MODEL)
    last = {"certainty": certainty.measure(trained, work.splits)}
    if recorder.best in (None, recorder.last):
        return last if recorder.best is None else last | {"best": last}
    best = Located(run / directory.BEST, work.settings, run).load(len(work.splits.classes), work.device)
    return last | {"best": {"certainty": certainty.measure(best, work.splits)}}


def finish_drawing(run: Path, settings: Config, force: bool, sinks: Sinks) -> None:
    """Draw the curves of a finished run if its process was killed before it drew them."""
    if all((run / directory.PLOTS / f"{name}.png").exists() for name in settings.model.drawn):
        return
    with owning(run, force):
        directory.tidy(run)
        draw(run, sinks)


def draw(run: Path, sinks: Sinks) -> list[Path]:
    """Draw the curves of a finished run; problems become warnings."""
    drawn: list[Path] = []
    try:
        from fcnet.commands import plot  # imported here, because importing matplotlib may fail too

        with plot.album(run / directory.PLOTS, sinks=sinks) as pictures:
            drawn = pictures.files
            plot.draw_metrics(run, pictures, sinks)
    except Exception as error:
        problem = from_os_error(error).problems[0] if isinstance(error, OSError) else str(error) or type(error).__name__
        sinks.warn(
            f"{run / directory.PLOTS}: some figures could not be drawn ({problem}), but the run is finished; draw them"
            f" with: fcnet plot {run}"
        )
    return drawn
