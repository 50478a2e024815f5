"""Choose the number of threads that is fastest now, from the times of steps alone.

What is known of a number is its time per step, from the last window of steps with it. Other numbers are tried for a few
steps now and then; a trial ends as soon as it is clearly bad. The time that trials and late decisions lose is a debt,
paid off by a small share of the time that passes, and while there is debt nothing is tried: so a neighbour costs a few
percent at most, however it comes and goes.
"""

from collections.abc import Callable, Sequence

# A window, or a trial, ends after so many steps and seconds; or already after fewer steps that take longer. The first
# step after a change is not counted: it prepares the kernels.
WINDOW = ((20, 0.02), (3, 0.05))
TRIAL = ((8, 0.005), (2, 0.02))

MUCH_SLOWER = 2.0  # than another number: one window is enough to leave
SLOWER, EXCESS = 1.1, (0.03, 5)  # or so many seconds, and times of a step, lost over several windows
FASTER = 0.95  # what a trial must reach

BAD, SLACK = 3.0, 0.005  # a trial ends at so many times the time of the current number, and seconds more

SHARE_BELOW = 0.03  # of the time may be lost while more threads could be used again
SHARE_ABOVE = 0.01  # while all threads are in use
SAVED = 0.2  # seconds that may be lost at once after a long time without losses
FIRST, LONGEST = 0.25, 5.0  # seconds from one trial to the next: twice as many after each that fails
SETTLED = 5.0  # seconds after which a change has nothing to do with the one before

QUIET = 60.0  # seconds between two lines about changes

Use = Callable[[int], None]


def candidates(most: int) -> list[int]:
    """Return the numbers to choose from, rising: 1, 2, 4, ... and the largest."""
    return [*(2**power for power in range(most.bit_length()) if 2**power < most), most]


class Window:
    """Times of successive steps with one number of threads, and that of the first, which is not counted."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.steps, self.seconds, self._slowest = 0, 0.0, 0.0

    def add(self, seconds: float) -> None:
        """Add the time of a step."""
        if self.first is None:
            self.first = seconds
            return
        self.steps += 1
        self.seconds += seconds
        self._slowest = max(self._slowest, seconds)

    def ends(self, limits: Sequence[tuple[int, float]]) -> bool:
        """Return whether one of the limits, (steps, seconds), is reached."""
        return any(self.steps >= steps and self.seconds >= seconds for steps, seconds in limits)

    @property
    def cost(self) -> float:
        """Return the mean time of a step, without the slowest of three or more."""
        if self.steps < 3:
            return self.seconds / self.steps
        return (self.seconds - self._slowest) / (self.steps - 1)


class Threads:
    """Chooses the number of threads for the next step.

    Args:
        most: the largest number, with which it begins.
        use: sets the number of threads.

    Attributes:
        number: the number chosen; while another is tried, the steps have that one.
    """

    def __init__(self, most: int, use: Use) -> None:
        self._all, self._use = candidates(most), use
        self.number = most
        self._known: dict[int, float] = {}  # seconds per step of each number
        self._trial: int | None = None
        self._upwards = False  # the direction of the last trial
        self._window = Window()
        self._now = self._changed_at = 0.0  # seconds of steps
        self._left = SAVED  # seconds that may be lost
        self._next, self._failed, self._excess = 0.0, 0, 0.0
        self._line, self._said, self._said_at = "", most, -QUIET

    def took(self, seconds: float) -> None:
        """Take the time of a step, and set the number of threads of the next."""
        self._now += seconds
        share = SHARE_ABOVE if self.number == self._all[-1] else SHARE_BELOW
        self._left = min(SAVED, self._left + share * seconds)
        self._window.add(seconds)
        if self._trial is None:
            self._look()
        else:
            self._look_at_trial(self._trial)

    def pause(self) -> None:
        """End a trial, because work follows whose time is not taken."""
        if self._trial is not None:
            self._end_trial()

    def news(self) -> str:
        """Return a line about a change that was not reported yet, at most once a minute; "" without any."""
        if not self._line or self._now - self._said_at < QUIET:
            return ""
        line, self._line = self._line, ""
        self._said, self._said_at = self.number, self._now
        return line

    def _look(self) -> None:
        """At the end of a window, leave the number if it is slower than another, or try another."""
        window = self._window
        if not window.ends(WINDOW):
            return
        cost = self._known[self.number] = window.cost
        self._left -= max((window.first or 0.0) - cost, 0.0)
        self._window = Window()
        self._window.first = 0.0  # all steps of the next window count
        if (best := self._best_other()) is not None and self._is_slow(window, self._known[best]):
            if self._now - self._changed_at > SETTLED:
                self._failed = 0
            self._known[self.number] = max(cost, window.seconds / window.steps)
            self._change(best)
        elif (other := self._to_try()) is not None:
            self._trial, self._window = other, Window()
            self._use(other)

    def _best_other(self) -> int | None:
        """Return the fastest other number; None if none is known."""
        others = [number for number in self._known if number != self.number]
        return min(others, key=lambda number: self._known[number], default=None)

    def _is_slow(self, window: Window, other: float) -> bool:
        """Count what a window has lost against another number's time; return whether that number should be taken."""
        self._left -= max(window.seconds - window.steps * other, 0.0)
        most = max(EXCESS[0], EXCESS[1] * other)
        # A single slow step, however long, happens on a quiet machine too: at least three windows must have them.
        excess = min(window.seconds - SLOWER * window.steps * other, most / 2)
        self._excess = max(self._excess + excess, 0.0)
        return window.cost > MUCH_SLOWER * other or self._excess > most

    def _to_try(self) -> int | None:
        """Return the number to try now, if any: a neighbour in the list, first one that is not known yet."""
        place = self._all.index(self.number)
        below, above = self._all[max(place - 1, 0)], self._all[min(place + 1, len(self._all) - 1)]
        others = [other for other in (below, above) if other != self.number]
        unknown = [other for other in others if other not in self._known]
        if unknown:
            return unknown[0]
        if not others or self._now < self._next or self._left <= 0:
            return None
        self._upwards = not self._upwards
        return others[-1 if self._upwards else 0]

    def _look_at_trial(self, other: int) -> None:
        """End a trial that is clearly bad or long enough; change to its number if it is faster."""
        window, now = self._window, self._known[self.number]
        spent, steps = (window.first or 0.0) + window.seconds, 1 + window.steps
        bad = spent > BAD * (steps + 1) * now + SLACK
        if not (bad or window.ends(TRIAL)):
            return
        cost = spent / steps if bad else window.cost
        self._known[other] = cost
        self._left -= max(spent - steps * now, 0.0)
        if not bad and cost < FASTER * now:
            self._failed //= 2
            self._change(other)
        else:
            self._failed += 1
            self._end_trial()

    def _end_trial(self) -> None:
        self._trial = None
        self._window = Window()
        self._wait()
        self._use(self.number)

    def _wait(self) -> None:
        """Set the time of the next trial."""
        self._next = self._now + min(FIRST * 2.0**self._failed, LONGEST)

    def _change(self, number: int) -> None:
        """Choose another number."""
        before, self.number, self._trial, self._excess = self.number, number, None, 0.0
        self._changed_at = self._now
        self._window = Window()
        self._wait()
        self._use(number)
        new, old = (f"{1000 * self._known[one]:.3g}" for one in (number, before))
        self._line = "" if number == self._said else f"{number} instead of {before} ({new} against {old} ms a step)"
