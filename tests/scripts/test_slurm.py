"""The job script for Slurm, with programs in place of Slurm's that note how they were called."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.command_line import ROOT
from helpers.slurm_programs import Done, run_script, write_programs

SCRIPT = ROOT / "scripts/slurm/train.sbatch"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")


@pytest.fixture
def slurm(tmp_path: Path) -> Path:
    return write_programs(tmp_path)


def run(slurm: Path, *words: str, **variables: str) -> Done:
    return run_script(SCRIPT, slurm, *(words or ("a.yaml", "runs/a")), **variables)


def test_its_syntax_is_good() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT], timeout=120).returncode == 0


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_settings_that_a_requeued_job_needs_are_there() -> None:
    lines = [line.split(" ", 1)[1].strip() for line in SCRIPT.read_text().splitlines() if line.startswith("#SBATCH")]
    assert {"--requeue", "--open-mode=append", "--signal=TERM@120"} <= set(lines)


def test_it_trains_with_resume(slurm: Path) -> None:
    done = run(slurm, "a.yaml", "runs/a", "seed=1", CODE="0")
    assert done.code == 0
    assert done.called == ["fcnet train --config a.yaml --out runs/a --resume seed=1", "3"]


@pytest.mark.parametrize("code", ["75", "143"])
def test_a_stopped_training_is_requeued_so_many_times(slurm: Path, code: str) -> None:
    done = run(slurm, CODE=code)
    assert (done.code, done.called) == (0, [*run(slurm, CODE="0").called, "scontrol requeue 12"])
    assert "stopped; job 12 is restarted (restart 1 of 20)" in done.err
    last = run(slurm, CODE=code, SLURM_RESTART_COUNT="20")
    assert (last.code, last.requeued) == (int(code), "")
    assert "restart 20 of 20" in last.err
    assert run(slurm, CODE=code, SLURM_RESTART_COUNT="20", MAX_RESTARTS="21").code == 0
    refused = run(slurm, CODE=code, REFUSED="1")
    assert refused.code == int(code)
    assert "refuses to restart job 12; submit it again" in refused.err


@pytest.mark.parametrize("state", ["COMPLETING", "CANCELLED", "PENDING", "REQUEUED", "TIMEOUT", "PREEMPTED", "gone"])
def test_a_job_that_slurm_is_ending_is_left_to_slurm(slurm: Path, state: str) -> None:
    done = run(slurm, CODE="75", STATE=state)
    assert (done.code, done.requeued) == (75, "")
    assert f"job 12 is {state}, so Slurm decides" in done.err
    assert "could not" not in done.err


def test_while_slurm_is_signalling_it_is_asked_again(slurm: Path) -> None:
    assert run(slurm, CODE="75", STATE="SIGNALING SIGNALING RUNNING").requeued == "12"
    assert run(slurm, CODE="75", STATE="SIGNALING SIGNALING COMPLETING").requeued == ""


def test_a_controller_that_does_not_answer_is_asked_again_for_a_while(slurm: Path) -> None:
    assert run(slurm, CODE="75", STATE="away away RUNNING").requeued == "12"
    done = run(slurm, CODE="75", STATE="away")
    assert (done.code, done.requeued) == (75, "")
    assert "Slurm does not answer, so job 12 is not restarted; submit it again with sbatch to resume" in done.err
    assert [line for line in done.asked if "sleep" in line] == ["sleep 5"] * 5


def test_in_an_array_only_the_task_is_asked_for_and_requeued(slurm: Path) -> None:
    """The job number of an array's last task is the array's."""
    array = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}
    done = run(slurm, "a.yaml", "runs/a-%a", "seed=%a", CODE="75", **array)
    assert done.called[0] == "fcnet train --config a.yaml --out runs/a-3 --resume seed=3"
    assert done.requeued == "12_3"
    assert "--jobs=12_3 " in done.asked[0]
    assert run(slurm, CODE="75", SLURM_JOB_ID="14", NUMBER="14", **array).requeued == "12_3"


def test_variables_of_an_array_that_submitted_this_job_do_not_count(slurm: Path) -> None:
    """sbatch passes them on from the job in which it is called."""
    array = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3"}
    done = run(slurm, CODE="75", NUMBER="9", **array)
    assert done.requeued == "12"
    assert "--jobs=12 " in done.asked[-1]


def test_outside_of_an_array_its_pattern_is_an_error(slurm: Path) -> None:
    done = run(slurm, "a.yaml", "runs/a-%a", CODE="0")
    assert (done.code, done.called) == (2, [])
    assert "use sbatch --array" in done.err


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1", "USR2"])
def test_a_signal_to_the_script_is_passed_on_to_the_training(slurm: Path, name: str) -> None:
    done = run(slurm, CODE="75", KILL=name)
    assert done.code == 0
    assert done.called[-2:] == ["passed on", "scontrol requeue 12"]


def test_a_training_that_was_killed_when_asked_to_stop_goes_on(slurm: Path) -> None:
    """srun answers a TERM of its own by kill -9."""
    assert run(slurm, CODE="137", KILL="TERM").requeued == "12"
    assert run(slurm, CODE="0", KILL="TERM").requeued == ""
    assert run(slurm, CODE="4", KILL="TERM").code == 4


def test_a_restarted_job_waits_for_a_run_that_is_still_in_use(slurm: Path) -> None:
    done = run(slurm, CODE="7", SLURM_RESTART_COUNT="1")
    assert (done.code, done.requeued) == (0, "12")
    assert "the run is still in use" in done.err


@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5", "6", "7", "130", "137"])
def test_other_ends_are_passed_on(slurm: Path, code: str) -> None:
    done = run(slurm, CODE=code)
    assert done.code == int(code)
    assert (done.requeued, done.asked) == ("", [])


@pytest.mark.parametrize(("limit", "short"), [("1:00", True), ("4:59", True), ("15:00", False), ("1-00:00:00", False)])
def test_a_short_limit_is_told_of(slurm: Path, limit: str, short: bool) -> None:
    assert (f"time limit of {limit} is too short" in run(slurm, CODE="75", LIMIT=limit).err) == short


def test_missing_and_bad_words_are_errors(slurm: Path) -> None:
    done = run(slurm, "a.yaml", CODE="0")
    assert (done.code, done.called) == (2, [])
    assert run(slurm, CODE="0", MAX_RESTARTS="many").code == 2
    assert "give this script to sbatch" in run(slurm, CODE="0", SLURM_JOB_ID="").err
