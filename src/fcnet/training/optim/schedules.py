"""The learning rate as a pure function of the step."""

import math

from fcnet.config.train import Constant, Cosine, Linear, OneCycle, Schedule, StepDecay


def lr_at(step: int, steps: int, steps_per_epoch: int, lr: float, schedule: Schedule) -> float:
    """Return the learning rate of a step.

    Args:
        step: from 0 to ``steps`` - 1.
        steps: of the whole training.
        steps_per_epoch: of one epoch.
        lr: the peak.
        schedule: the learning-rate schedule.
    """
    if isinstance(schedule, OneCycle):
        return lr * _one_cycle(step, steps, schedule)
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    match schedule:
        case Constant():
            return lr
        case StepDecay(every_epochs=every, gamma=gamma):
            return lr * gamma ** (step // (every * steps_per_epoch))
        case Cosine(final=final):
            return lr * _half_cosine((step - warmup) / max(steps - 1 - warmup, 1), 1.0, final)
        case Linear(hold=hold, final=final):
            begin = max(round(hold * (steps - 1)), warmup)
            return lr * (1 - (1 - final) * max(step - begin, 0) / max(steps - 1 - begin, 1))


def _one_cycle(step: int, steps: int, schedule: OneCycle) -> float:
    """Return the share of the peak: ``start`` -> 1 -> ``final``, reaching 1 at the step nearest to ``rise``."""
    peak = max(round(schedule.rise * (steps - 1)), 1)
    if step <= peak:
        return _half_cosine(step / peak, schedule.start, 1.0)
    return _half_cosine((step - peak) / (steps - 1 - peak), 1.0, schedule.final)


def _half_cosine(t: float, start: float, end: float) -> float:
    """Interpolate along half a cosine from ``start`` at t = 0 to ``end`` at t = 1 and after."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(t, 1.0)))
