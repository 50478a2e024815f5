"""Claims: one holder at a time, whoever is killed, suspended or on another host."""

import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from fcnet.errors import InUseError
from fcnet.sweep.disk import host
from fcnet.sweep.disk.claims import Claim, Claims
from helpers.seeds import seed

LONG = 60.0  # seconds after which a holder counts as dead, where a test does not wait for it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def taken(claims: Claims, unit: str) -> Claim | None:
    return claims.take(unit, claims.valid().get(unit, 0))


def elsewhere(claims: Claims) -> Claims:
    """The same, as seen from a process of another host."""
    claims._me = replace(claims._me, host="other", boot="another start", pid=1)
    return claims


def test_a_unit_has_one_holder(folder: Path) -> None:
    first, second = Claims(folder, LONG), Claims(folder, LONG)
    claim = taken(first, "a")
    assert claim is not None
    assert not claim.inherited
    assert taken(second, "a") is None
    assert taken(second, "b") is not None
    claim.check()


def test_a_claim_that_was_given_up_is_taken_at_once(folder: Path) -> None:
    first, second = Claims(folder, LONG), elsewhere(Claims(folder, LONG))
    claim = taken(first, "lr-0.1")
    assert claim is not None
    with claim.kept():
        assert taken(second, "lr-0.1") is None
    other = taken(second, "lr-0.1")
    assert other is not None
    assert (other.number, other.inherited) == (2, False)
    assert second.valid() == {"lr-0.1": 2}
    assert taken(first, "lr-0.1") is None


def test_numbers_that_are_known_too_late_are_refused(folder: Path) -> None:
    claims = Claims(folder, LONG)
    for _ in range(3):
        claim = taken(claims, "a")
        assert claim is not None
        claim.give_up()
    assert claims.take("a", 1) is None
    assert claims.take("a", 2) is None


def test_the_claim_of_a_process_that_has_ended_is_inherited_at_once(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from fcnet.sweep.disk.claims import Claims;"
        f"print(Claims(Path({str(folder)!r}), 60.0).take('a', 0) is not None, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    claims = Claims(folder, LONG)
    assert taken(claims, "a") is None
    holder.kill()
    while host._stat(holder.pid, host.PROC) and host._stat(holder.pid, host.PROC)[0] != "Z":  # type: ignore[index]
        time.sleep(0.01)
    claim = taken(claims, "a")  # it is a zombie: this test has not waited for it
    assert claim is not None
    assert claim.inherited
    holder.communicate()


def test_a_number_of_a_process_that_is_used_again_is_another_process(folder: Path) -> None:
    me = host.this()
    assert not host.has_ended(me, me)
    assert host.has_ended(replace(me, start="1"), me)
    assert not host.has_ended(replace(me, start="1", boot="another start"), me)
    assert not host.has_ended(replace(me, space="another container"), me)


def test_a_holder_elsewhere_is_dead_once_its_file_does_not_change(folder: Path) -> None:
    now = [0.0]
    there, here = elsewhere(Claims(folder, 10.0)), Claims(folder, 10.0, lambda: now[0])
    claim = taken(there, "a")
    assert claim is not None
    for now[0] in (0.0, 6.0, 9.0):
        assert taken(here, "a") is None
    claim.give_sign()
    for now[0] in (12.0, 21.9):
        assert taken(here, "a") is None
    now[0] = 22.1
    mine = taken(here, "a")
    assert mine is not None
    assert mine.inherited
    claim.give_sign()
    with pytest.raises(InUseError, match="was taken over by process"):
        claim.check()
    mine.check()


def test_a_holder_elsewhere_is_at_work_once_it_has_given_a_sign(folder: Path) -> None:
    now = [0.0]
    there, here = elsewhere(Claims(folder, 10.0)), Claims(folder, 10.0, lambda: now[0])
    claim = taken(there, "a")
    assert claim is not None
    assert not here.is_at_work("never", 0)
    for now[0] in (0.0, 1.0):
        assert not here.is_at_work("a", 1)
    claim.give_sign()
    for now[0] in (2.0, 3.0):
        assert here.is_at_work("a", 1)
    claim.give_sign()
    now[0] = 500.0  # it looks again after a long time: that the sign is new is not certain
    assert not here.is_at_work("a", 1)
    claim.give_sign()
    now[0] = 501.0
    assert here.is_at_work("a", 1)
    now[0] = 511.1  # it has died in the meantime
    assert not here.is_at_work("a", 1)
    assert taken(here, "a") is not None


def test_a_holder_beside_is_at_work_at_once(folder: Path) -> None:
    first, second = Claims(folder, LONG), Claims(folder, LONG)
    claim = taken(first, "a")
    assert claim is not None
    assert second.is_at_work("a", 1)
    claim.give_up()
    assert not second.is_at_work("a", 1)


def test_an_earlier_start_of_the_same_job_is_about_to_end(folder: Path) -> None:
    first, second, other = (Claims(folder, LONG) for _ in range(3))
    for claims, job, restarts in ((first, "12", 0), (second, "12", 1), (other, "13", 1)):
        claims._me = replace(claims._me, job=job, restarts=restarts)
    assert taken(first, "a") is not None
    assert other.is_at_work("a", 1)
    assert not second.is_at_work("a", 1)
    assert taken(second, "a") is None, "it still runs"


def test_the_job_of_a_process_is_that_of_slurm() -> None:
    me = host.this(environ={"SLURM_JOB_ID": "12", "SLURM_RESTART_COUNT": "2"})
    assert (me.job, me.restarts) == ("12", 2)
    assert host.Process.of_plain(me.plain()) == me
    outside = host.this(environ={})
    assert (outside.job, outside.restarts) == ("", 0)
    assert host.is_earlier(replace(me, restarts=1), me)
    assert not host.is_earlier(me, me)
    assert not host.is_earlier(replace(outside, restarts=0), replace(outside, restarts=1))


def test_clocks_of_hosts_may_differ(folder: Path) -> None:
    there, here = elsewhere(Claims(folder, 10.0)), Claims(folder, 10.0)
    claim = taken(there, "a")
    assert claim is not None
    for when in (1.0, time.time() + 86400):  # in 1970, tomorrow
        os.utime(claim._path, (when, when))
        assert taken(here, "a") is None


def test_a_holder_that_was_suspended_looks_before_it_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = taken(Claims(folder, 10.0), "a")
    assert claim is not None
    (folder / "a.2").write_text("{}")
    claim.check()  # it has given a sign of life just now
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    with pytest.raises(InUseError, match="another process"):
        claim.check()


def test_a_holder_that_cannot_give_signs_stops(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = taken(Claims(folder, 10.0), "a")
    assert claim is not None

    def fails(_path: Path) -> None:
        raise OSError(5, "the server is away")

    monkeypatch.setattr(os, "utime", fails)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    claim.check()
    monkeypatch.setattr(time, "monotonic", lambda: now + 8)
    with pytest.raises(InUseError, match="no sign of life"):
        claim.check()


def test_a_claim_that_is_removed_is_lost(folder: Path) -> None:
    claim = taken(Claims(folder, LONG), "a")
    assert claim is not None
    claim._path.unlink()
    claim.give_sign()
    with pytest.raises(InUseError, match="was removed"):
        claim.check()


def test_an_unfinished_claim_counts_as_held(folder: Path) -> None:
    now = [0.0]
    (folder / "a.1").touch()
    claims = Claims(folder, 10.0, lambda: now[0])
    assert taken(claims, "a") is None
    now[0] = 11.0
    claim = taken(claims, "a")
    assert claim is not None
    assert claim.number == 2


def holds_often(folder: Path, chance: random.Random, end: float) -> None:
    """Take units, write down that they are held, and give them up, or end without that."""
    claims = Claims(folder / "claims", LONG)
    while time.monotonic() < end:
        claim = taken(claims, f"unit-{chance.randrange(3)}")
        if claim is None:
            continue
        mark = folder / f"{claim.unit}.held"
        if not claim.inherited:
            mark.touch(exist_ok=False)  # fails if another process holds it
        if chance.random() < 0.02:
            os._exit(0)  # as if it were killed; the mark stays
        time.sleep(0.001)
        mark.unlink()
        claim.give_up()


@pytest.fixture
def racers(folder: Path) -> Iterator[list[BaseProcess]]:
    chance = random.Random(seed())
    (folder / "claims").mkdir()
    context = multiprocessing.get_context("fork")
    found: list[BaseProcess] = [
        context.Process(target=holds_often, args=(folder, random.Random(chance.random()), time.monotonic() + 2))
        for _ in range(8)
    ]
    yield found
    for process in found:
        process.kill()
        process.join()


def test_many_processes_never_hold_the_same(folder: Path, racers: list[BaseProcess]) -> None:
    for process in racers:
        process.start()
    for process in racers:
        process.join(60)
        assert process.exitcode == 0
    numbers = Claims(folder / "claims", LONG).valid()
    assert sum(numbers.values()) > 50, numbers
