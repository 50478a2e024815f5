"""The number of threads that is fastest now, on a machine whose times are made up."""

from collections.abc import Callable
from itertools import cycle, pairwise

import pytest

from fcnet.system.threads.chooser import LONGEST, QUIET, SAVED, SHARE_BELOW, Threads, candidates

ONE, TWO = 1.4e-3, 1.0e-3  # seconds per step of a quiet machine
BESIDE = (8e-3, 32e-3, 1e-3, 28e-3)  # of two threads beside a busy process
PREPARING = 3e-3  # more for the first step after a change

Busy = Callable[[float], bool]


class Machine:
    """Two cores, and a neighbour who is busy at some times.

    Attributes:
        now: the time in seconds.
        lost: seconds more than with the number that is faster at each step.
        numbers: times of changes, and the number of threads from then on.
        lines: what was reported, with its time.
    """

    def __init__(self, busy: Busy, one: float = ONE, two: float = TWO) -> None:
        self.busy, self.one, self.two = busy, one, two
        self.now = self.lost = 0.0
        self.numbers: list[tuple[float, int]] = [(0.0, 2)]
        self.lines: list[tuple[float, str]] = []
        self._fresh, self._beside = False, cycle(BESIDE)
        self.threads = Threads(2, self.use)

    def use(self, number: int) -> None:
        self._fresh = self._fresh or number != self.numbers[-1][1]
        self.numbers.append((self.now, number))

    def run(self, until: float) -> "Machine":
        while self.now < until:
            beside = next(self._beside) if self.busy(self.now) else self.two
            seconds = self.one if self.numbers[-1][1] == 1 else beside
            seconds, self._fresh = seconds + PREPARING * self._fresh, False
            self.lost += seconds - min(self.one, sum(BESIDE) / 4 if self.busy(self.now) else self.two)
            self.now += seconds
            self.threads.took(seconds)
            if line := self.threads.news():
                self.lines.append((self.now, line))
        return self


def test_numbers_to_choose_from() -> None:
    assert [candidates(most) for most in (1, 2, 3, 6, 8)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 6], [1, 2, 4, 8]]


def test_on_a_quiet_machine_all_threads_stay() -> None:
    machine = Machine(lambda _: False).run(30)
    assert machine.threads.number == 2
    assert machine.lost < 0.01 * 30
    assert machine.lines == []


def test_one_thread_stays_where_two_are_slower() -> None:
    machine = Machine(lambda _: False, one=1e-3, two=2e-3).run(30)
    assert machine.threads.number == 1
    assert machine.lost < 0.01 * 30


def test_it_gives_way_within_a_tenth_of_a_second_and_returns() -> None:
    machine = Machine(lambda now: 10 <= now < 30).run(10)
    assert machine.threads.number == 2
    machine.run(10.12)
    assert machine.threads.number == 1
    machine.run(30 + LONGEST + 0.1)
    assert machine.threads.number == 2
    (at, line), *_ = machine.lines
    assert 10 < at < 10.12
    assert line.startswith("1 instead of 2 (1.4 against ")


def test_a_neighbour_who_stays_costs_a_few_percent() -> None:
    for seconds in (10, 60):
        assert Machine(lambda _: True).run(seconds).lost < SAVED + 0.1 + SHARE_BELOW * seconds


def test_a_trial_beside_a_neighbour_is_short() -> None:
    """After each change to two threads, one thread is back within two bad steps."""
    machine = Machine(lambda _: True).run(60)
    trials = [at for at, number in machine.numbers if number == 2][1:]
    back = [next(at for at, number in machine.numbers if number == 1 and at > trial) for trial in trials]
    assert len(trials) > 5
    assert max(end - begin for begin, end in zip(trials, back, strict=True)) < 0.075


@pytest.mark.parametrize("seconds", [0.05, 0.3, 1.0, 3.0, 10.0])
def test_a_neighbour_who_comes_and_goes_costs_little_more_than_one_who_stays(seconds: float) -> None:
    """One thread all the time loses the share of two threads half of the time."""
    machine = Machine(lambda now: int(now / seconds) % 2 == 1).run(40)
    always_one = 0.5 * 40 * (1 - TWO / ONE)
    assert machine.lost < always_one + SAVED + SHARE_BELOW * 40


@pytest.mark.parametrize("scale", [0.01, 0.1, 100])
def test_short_and_long_steps(scale: float) -> None:
    machine = Machine(lambda now: 20 * scale < now < 60 * scale, one=ONE * scale, two=TWO * scale).run(15 * scale)
    assert machine.threads.number == 2


def test_one_slow_step_is_not_a_neighbour() -> None:
    machine = Machine(lambda _: False).run(5)
    machine.threads.took(0.5)
    machine.run(6)
    assert machine.threads.number == 2
    assert machine.lines == []


def test_nothing_is_tried_during_a_pause() -> None:
    machine = Machine(lambda _: True).run(0.2)
    while machine.numbers[-1][1] == machine.threads.number:
        machine.run(machine.now + 1e-4)
    machine.threads.pause()
    assert machine.numbers[-1][1] == machine.threads.number


def test_lines_are_rare() -> None:
    machine = Machine(lambda now: int(now / 20) % 2 == 1, one=14e-3, two=10e-3).run(400)
    times = [at for at, _ in machine.lines]
    assert len(times) > 1
    assert min(b - a for a, b in pairwise(times)) >= QUIET


def test_with_one_thread_there_is_nothing_to_choose() -> None:
    chosen: list[int] = []
    threads = Threads(1, chosen.append)
    for _ in range(1000):
        threads.took(0.01)
    assert (threads.number, chosen) == (1, [])


def test_of_many_threads_the_fastest_is_found() -> None:
    """Eight threads, of which two are the fastest: each step down is tried in turn."""
    times = {1: 3e-3, 2: 1e-3, 4: 2e-3, 8: 4e-3}
    used = [8]
    threads = Threads(8, used.append)
    for _ in range(2000):
        threads.took(times[used[-1]])
    assert threads.number == 2
