"""The job script for Slurm, with programs in place of Slurm's that note how they were called."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPT = ROOT / "scripts/slurm/train.sbatch"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")


SRUN = """
echo "$@" >>called
echo $OMP_NUM_THREADS >>called
[[ -z "$KILL" ]] || kill -TERM $PPID
exit $CODE
"""
SCONTROL = """
echo scontrol "$@" >>called
exit ${REFUSED:-0}
"""


@pytest.fixture
def slurm(tmp_path: Path) -> Path:
    """A folder for PATH: srun ends with $CODE, scontrol with $REFUSED, and both note their words."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(0o755)
    return tmp_path


def run(slurm: Path, *words: str, **variables: str) -> tuple[int, list[str]]:
    (slurm / "called").unlink(missing_ok=True)
    path = f"{slurm / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "SLURM_JOB_ID": "12", "SLURM_CPUS_PER_TASK": "3"} | variables
    done = subprocess.run(["bash", SCRIPT, *words], cwd=slurm, env=env, capture_output=True, text=True)
    called = slurm / "called"
    return done.returncode, called.read_text().splitlines() if called.exists() else []


def test_its_syntax_is_good() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT]).returncode == 0


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_settings_that_a_requeued_job_needs_are_there() -> None:
    lines = [line.split(" ", 1)[1].strip() for line in SCRIPT.read_text().splitlines() if line.startswith("#SBATCH")]
    assert {"--requeue", "--open-mode=append", "--signal=TERM@120"} <= set(lines)


def test_it_trains_with_resume(slurm: Path) -> None:
    code, called = run(slurm, "a.yaml", "runs/a", "seed=1", CODE="0")
    assert code == 0
    assert called == ["fcnet train --config a.yaml --out runs/a --resume seed=1", "3"]


@pytest.mark.parametrize("code", ["75", "143"])
def test_a_stopped_training_is_requeued_so_many_times(slurm: Path, code: str) -> None:
    assert run(slurm, "a.yaml", "runs/a", CODE=code) == (
        0,
        [*run(slurm, "a.yaml", "runs/a", CODE="0")[1], "scontrol requeue 12"],
    )
    last = run(slurm, "a.yaml", "runs/a", CODE=code, SLURM_RESTART_COUNT="20")
    assert last[0] == int(code)
    assert not any("scontrol" in line for line in last[1])
    assert run(slurm, "a.yaml", "runs/a", CODE=code, SLURM_RESTART_COUNT="20", MAX_RESTARTS="21")[0] == 0
    assert run(slurm, "a.yaml", "runs/a", CODE=code, REFUSED="1")[0] == int(code)


def test_a_signal_to_the_script_too_does_not_end_it_before_the_training(slurm: Path) -> None:
    code, called = run(slurm, "a.yaml", "runs/a", CODE="75", KILL="1")
    assert code == 0
    assert called[-1] == "scontrol requeue 12"


@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5", "6", "7", "130", "137"])
def test_other_ends_are_passed_on(slurm: Path, code: str) -> None:
    found, called = run(slurm, "a.yaml", "runs/a", CODE=code)
    assert found == int(code)
    assert not any("scontrol" in line for line in called)


def test_missing_words_are_an_error(slurm: Path) -> None:
    assert run(slurm, "a.yaml", CODE="0") == (2, [])
