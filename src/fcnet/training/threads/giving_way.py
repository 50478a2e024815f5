"""Train with the number of CPU threads that is fastest now, and say what is chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

from fcnet.system import text
from fcnet.system.sinks import Message
from fcnet.system.threads import limits
from fcnet.system.threads.chooser import Threads, candidates
from fcnet.training.records import EpochRecord, Record, StepRecord, Tick
from fcnet.training.threads.equal_bits import Equality, compare

if TYPE_CHECKING:
    from fcnet.training.loop import GradientTraining

Records = Generator[Record, None, None]

OVERSUBSCRIBED = 16  # times the threads that are allowed: with more, as a checkpoint may name, nothing is computed


def giving_way(training: GradientTraining, records: Records, clock: Callable[[], float] = time.perf_counter) -> Records:
    """Pass on the records of a training, and choose the number of threads between its steps.

    Nothing is done on a GPU, if only one thread is allowed, or outside of a command that sets the number.

    Args:
        training: between two steps; that of the records.
        records: the first one is a ``Start``.
        clock: returns seconds.
    """
    choice = limits.current()
    with closing(records):
        if choice is None or training.splits.train.labels.is_cuda or training.finished:
            yield from records
            return
        yield next(records)
        numbers = candidates(choice.most) if choice.varies else [choice.most]
        before = choice.before or choice.most
        comparable = before <= OVERSUBSCRIBED * choice.most
        known = sorted({*numbers, before if comparable else choice.most} - {choice.most})
        equal = compare(training, [*known, choice.most], limits.use) if known else Equality(0, True, True)
        yield from said(choice, len(numbers) > 1, equal)
        if before != choice.most and not (comparable and equal.training and equal.evaluation):
            yield Message("warning", text.changed("threads", before, choice.most))
        if len(numbers) > 1 and equal.training:
            yield from chosen(records, choice.most, equal.evaluation, clock)
        else:
            yield from records


def said(choice: limits.Choice, several: bool, equal: Equality) -> Records:
    """Yield a line about what is done, if there is a choice."""
    if several and equal.training:
        rest = "" if equal.evaluation else f"; evaluation with {choice.most}"
        why = f"chosen while training (equal bits on {equal.steps} steps){rest}"
        yield Message("detail", f"threads: 1 to {choice.most}, {why}")
    elif several:
        yield Message("detail", f"threads: {choice.most} throughout (other numbers change the bits of this training)")


def chosen(records: Records, most: int, evaluates: bool, clock: Callable[[], float]) -> Records:
    """Pass on records, timing the steps; ``evaluates`` says whether evaluation may have the chosen number too."""
    threads = Threads(most, limits.use)
    try:
        while True:
            began = clock()
            record = next(records, None)
            if record is None:
                return
            if isinstance(record, Tick | StepRecord):
                threads.took(clock() - began)
            if isinstance(record, StepRecord) and record.step == record.steps:
                threads.pause()  # an evaluation follows
                limits.use(threads.number if evaluates else most)
            elif isinstance(record, EpochRecord):
                limits.use(threads.number)
            yield record
            if line := threads.news():
                yield Message("detail", f"threads: {line}")
    finally:
        limits.use(most)
