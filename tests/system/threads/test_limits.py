"""How many threads a command may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fcnet.errors import ConfigError
from fcnet.system.memory import Places
from fcnet.system.threads import limits


@pytest.fixture
def groups(tmp_path: Path) -> tuple[Places, Path]:
    """Where control groups publish their quotas: of the second version, /batch/job of all."""
    told = tmp_path / "cgroup"
    told.write_text("0::/batch/job\n5:cpu,cpuacct:/batch\n")
    (tmp_path / "v2/batch/job").mkdir(parents=True)
    (tmp_path / "v1/batch").mkdir(parents=True)
    return {"": (tmp_path / "v2", "cpu.max"), "cpu": (tmp_path / "v1", "cpu.cfs_quota_us")}, told


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 16),
        ({"v2/batch/job/cpu.max": "max 100000\n"}, 16),
        ({"v2/batch/job/cpu.max": "400000 100000\n"}, 4),
        ({"v2/batch/job/cpu.max": "350000 100000\n"}, 3),
        ({"v2/batch/job/cpu.max": "50000 100000\n"}, 1),
        ({"v2/batch/job/cpu.max": "max 100000\n", "v2/batch/cpu.max": "200000 100000\n"}, 2),
        ({"v2/cpu.max": "800000 100000\n"}, 8),
        ({"v2/batch/cpu.max": "nonsense\n"}, 16),
        ({"v1/batch/cpu.cfs_quota_us": "-1\n", "v1/batch/cpu.cfs_period_us": "100000\n"}, 16),
        ({"v1/batch/cpu.cfs_quota_us": "300000\n", "v1/batch/cpu.cfs_period_us": "100000\n"}, 3),
        ({"v1/cpu.cfs_quota_us": "300000\n", "v1/cpu.cfs_period_us": "50000\n"}, 6),
        ({"v1/cpu.cfs_quota_us": "300000\n"}, 16),
    ],
)
def test_quotas_of_control_groups(
    tmp_path: Path, groups: tuple[Places, Path], files: dict[str, str], expected: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert limits.allowed(16, *groups, {}) == expected


@pytest.mark.parametrize(
    ("asked", "expected"), [("3", 3), ("99", 16), ("2,4", 2), ("", 16), ("0", 16), ("-1", 16), ("two", 16)]
)
def test_omp_num_threads_is_the_most(groups: tuple[Places, Path], asked: str, expected: int) -> None:
    assert limits.allowed(16, *groups, {"OMP_NUM_THREADS": asked}) == expected


def test_the_cores_of_this_process(groups: tuple[Places, Path]) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert limits.allowed(None, *groups, {}) == cores


def test_a_number_is_set_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "allowed", lambda: 2)
    before = torch.get_num_threads()
    assert limits.current() is None
    with limits.chosen(2) as choice:
        assert (torch.get_num_threads(), choice) == (2, limits.Choice(2, varies=False))
        limits.resumes(1)
        assert limits.current() == limits.Choice(2, varies=False, before=1)
    assert (torch.get_num_threads(), limits.current()) == (before, None)
    with limits.chosen() as choice:
        assert choice == limits.Choice(min(2, before), varies=True)


def test_more_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "allowed", lambda: 2)
    told = r"^threads: is 3; this process may use 2 .*; set it to at most 2, or to auto$"
    with pytest.raises(ConfigError, match=told), limits.chosen(3):
        pass


FLUSHED = """
import torch
from fcnet.system.device import flush_denormals
from fcnet.system.threads.limits import use
with flush_denormals():
    if not torch.set_flush_denormal(True):
        raise SystemExit(77)
    small = torch.full((1 << 20,), 1e-39)  # the first threads start here
    print([int((use(number), small * 0.5)[1].count_nonzero()) for number in (2, 1, 2, 4, 1, 2, 4)])
"""


def test_all_threads_flush_tiny_numbers_after_each_change() -> None:
    """Threads that start later inherit the setting from the one that trains."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", FLUSHED], capture_output=True, text=True, timeout=120, env=environment)
    if done.returncode == 77:
        pytest.skip("this CPU cannot")
    assert (done.returncode, done.stdout) == (0, "[0, 0, 0, 0, 0, 0, 0]\n"), done.stderr
