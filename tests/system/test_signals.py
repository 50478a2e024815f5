"""Signals that ask a training to stop."""

import os
import signal
import sys
import threading

import pytest

from fcnet.errors import Stopped
from fcnet.system import signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def test_the_first_signal_sets_a_flag_and_the_handlers_are_given_back() -> None:
    before = {name: signal.getsignal(getattr(signal, name)) for name in signals.STOPPING}
    with signals.catching() as stop:
        stop.check()
        send(signal.SIGTERM)
        send(signal.SIGUSR2)
        send(signal.SIGTERM)
        assert stop.signal == "SIGTERM"
        with pytest.raises(Stopped, match="SIGTERM before training began"):
            stop.check()
    assert {name: signal.getsignal(getattr(signal, name)) for name in signals.STOPPING} == before


def test_only_a_second_int_interrupts() -> None:
    with signals.catching() as stop:
        send(signal.SIGTERM)
        send(signal.SIGINT)
        send(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
    assert stop.signal == "SIGTERM"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_nohup_and_shells_ignore_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals.catching() as stop:
            send(number)
            assert stop.signal == ""
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_other_threads_leave_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with signals.catching():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert seen == [before]
