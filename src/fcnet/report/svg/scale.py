"""Where the ticks of an axis are, and from which values to which it goes."""

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        low, high: its ends.
        ticks: with their labels.
        log: whether equal distances are equal factors.
    """

    low: float
    high: float
    ticks: list[tuple[float, str]]
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value is: 0 at the low end, 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear(low: float, high: float, most: int = 5, ceiling: float | None = None) -> Axis:
    """Return an axis that begins and ends at a tick.

    Args:
        low, high: of the values.
        most: intervals between ticks, about.
        ceiling: that the axis does not go beyond, such as 100 for percentages.
    """
    if high <= low:
        low, high = low - (abs(low) * 0.05 or 0.5), high + (abs(high) * 0.05 or 0.5)
        high = high if ceiling is None else min(high, ceiling)
    step = _step((high - low) / most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    top = last * step if ceiling is None else min(last * step, ceiling)
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) + (step / 10 ** math.floor(math.log10(step)) == 2.5)
    values = [n * step for n in range(first, last + 1) if n * step <= top + 1e-9 * step]
    return Axis(first * step, top, [(value, f"{value:.{digits}f}") for value in values])


def _step(least: float) -> float:
    """Return the smallest round step that is not below a number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * one for one in _STEPS if power * one >= least * (1 - 1e-9))


def whole(low: int, high: int, most: int = 8) -> Axis:
    """Return an axis of whole numbers, such as epochs, from the first to the last."""
    step = 1
    while (high - low) / step > most:
        step = next(one for one in (step * 2, step * 5 // 2, step * 5) if str(one)[0] in "125" and one > step)
    values = [n for n in range(low, high + 1) if n % step == 0]
    if not values or values[0] - low > step / 2:
        values = [low, *values]
    first, last = (low, high) if high > low else (low - 1, high + 1)
    return Axis(float(first), float(last), [(float(n), str(n)) for n in values])


def powers(low: float, high: float, most: int = 7) -> Axis:
    """Return a logarithmic axis of positive values, from a power of ten to one."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    step = math.ceil((last - first) / most)
    ticks = [(10.0**n, "10" + str(n).translate(_POWERS)) for n in range(first, last + 1, step)]
    return Axis(10.0**first, 10.0**last, ticks, log=True)
