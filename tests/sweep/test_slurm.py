"""The job script for a sweep: its text, and what it does with programs in place of Slurm's."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fcnet.errors import ConfigError
from fcnet.sweep import status
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.disk.tries import Tries
from fcnet.sweep.slurm import job, left, parsed, quoted
from helpers.command_line import ROOT, Run
from helpers.slurm_programs import Done, run_script, write_programs
from helpers.sweeps import begun, ended, work, write_sweep

TEMPLATE = ROOT / "src/fcnet/sweep/job.sh"
TRAIN = ROOT / "scripts/slurm/train.sbatch"

ARRAY = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Folder:
    """A sweep of three runs, in a directory whose name has blanks, quotes and Chinese."""
    file = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=3, retries=0)
    return begun(file, tmp_path / "the 'net' widths 宽度").folder


def options(text: str) -> dict[str, str]:
    """The options for Slurm in a script: the last of a name counts."""
    return dict(re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", text, re.MULTILINE))


def paragraphs(path: Path) -> list[str]:
    return path.read_text().split("\n\n")


def test_the_script_restarts_a_job_as_that_of_a_single_training_does() -> None:
    """What tests/scripts finds of that script is thereby true of this one."""
    alone, together = paragraphs(TRAIN), paragraphs(TEMPLATE)
    common = [text for text in together if text in alone]
    begins = ("# How often", "# A signal", "export OMP", "step=$!", "trap ''", "# While Slurm", "again=")
    assert [text.startswith(begin) for text, begin in zip(common, begins, strict=True)] == [True] * len(begins)
    assert common[-1] == alone[-1] == together[-1]


def test_its_options_are_those_that_a_task_needs(folder: Folder) -> None:
    found = options(job(folder, ["/bin/fcnet"]))
    assert found["array"] == "0-2"
    assert {"requeue", "time", "output"} <= set(found)
    assert (found["open-mode"], found["signal"]) == ("append", "TERM@120")
    assert (found["job-name"], found["cpus-per-task"]) == ("fcnet-the-net-widths", "1")
    assert options(job(folder, ["/bin/fcnet"], workers=4))["cpus-per-task"] == "4"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(folder: Folder, tmp_path: Path) -> None:
    path = tmp_path / "job.sh"
    path.write_text(
        job(folder, ["/opt/my python/bin/python3", "-m", "fcnet"], options=parsed(["--comment=a b"])) + "\n"
    )
    done = subprocess.run(["shellcheck", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_options_replace_those_of_the_script(folder: Folder) -> None:
    given = ["--time=04:00:00", "--partition=gpu", "--mem=8G", "--comment=a # b", "--exclusive"]
    text = job(folder, ["/bin/fcnet"], options=parsed(given))
    found = options(text)
    assert text.count("--time=") == 1 + text.count("sbatch --time=")
    assert (found["time"], found["partition"], found["comment"]) == ("04:00:00", "gpu", '"a # b"')
    assert (found["mem"], found["exclusive"]) == ("8G", "")
    assert "mem-per-cpu" not in found


@pytest.mark.parametrize(
    "option",
    ["partition=gpu", "-p gpu", "--partition=gpu\nrm -r x", "--Time=1", '--comment="', "--comment=\\", "", "--a="],
)
def test_what_is_no_option_for_slurm_is_an_error(option: str) -> None:
    with pytest.raises(ConfigError, match=r"--sbatch .*is not an option of sbatch in its long form"):
        parsed([option])


def test_the_array_is_this_commands() -> None:
    with pytest.raises(ConfigError, match="choose the number of tasks with --tasks"):
        parsed(["--array=0-3"])


@pytest.mark.parametrize("tasks", [-1, 0, 4, 10**6])
def test_a_number_of_tasks_that_makes_no_sense_is_an_error(folder: Folder, tasks: int) -> None:
    with pytest.raises(ConfigError, match=rf"--tasks {tasks}: 3 runs are left in .*; choose a number from 1 to 3$"):
        job(folder, ["/bin/fcnet"], tasks)
    assert options(job(folder, ["/bin/fcnet"], 2))["array"] == "0-1"


def test_nothing_left_is_an_error_unless_failed_runs_are_tried_again(folder: Folder) -> None:
    folder.write_tries("seed-1", Tries().failed("its labels are missing", 3, "node1"))
    work(folder)
    with pytest.raises(ConfigError, match=r"nothing is left to train: all runs have ended; .*again with --retry"):
        job(folder, ["/bin/fcnet"])
    assert left(folder) == 0
    assert options(job(folder, ["/bin/fcnet"], retry=True))["array"] == "0-0"
    assert left(folder) == 1
    work(folder)
    with pytest.raises(ConfigError, match=r"all runs have ended$"):
        job(folder, ["/bin/fcnet"], retry=True)


def test_bad_options_leave_failed_runs_as_they_are(folder: Folder) -> None:
    folder.write_tries("seed-1", Tries().failed("its labels are missing", 3, "node1"))
    with pytest.raises(ConfigError, match="--tasks 7"):
        job(folder, ["/bin/fcnet"], 7, retry=True)
    assert folder.tried() == {"seed-1"}


def test_as_many_tasks_as_runs_but_no_more_than_eight(tiny: Path, tmp_path: Path) -> None:
    file = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=9)
    assert options(job(begun(file, tmp_path / "nine").folder, ["/bin/fcnet"]))["array"] == "0-7"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a b",
        "it's",
        '$HOME `x` "y" \\',
        "宽度",
        "a\nb",
        "it's\t宽\\",
        b"\xff\xfe'".decode("utf-8", "surrogateescape"),
    ],
)
def test_a_shell_reads_a_quoted_word_as_it_was(text: str) -> None:
    assert quoted(text).isascii()
    assert "\n" not in quoted(text)
    done = subprocess.run(["bash", "-c", f"printf %s {quoted(text)}"], capture_output=True, timeout=60, check=True)
    assert done.stdout == os.fsencode(text)


@pytest.fixture
def printed(folder: Folder, fcnet: Run, tmp_path: Path) -> Path:
    """The script as the command prints it, beside programs in place of Slurm's."""
    given = ("--sbatch", "--partition=gpu", "--sbatch=--comment=a b")
    answer = fcnet("sweep", "slurm", folder.path.name, "--tasks", "2", "--workers", "3", *given)
    assert (answer.code, answer.err) == (0, "")
    path = write_programs(tmp_path) / "job.sh"
    path.write_text(answer.out)
    return path


def run(script: Path, **variables: str) -> Done:
    return run_script(script, script.parent, **(ARRAY | variables))


def test_the_command_prints_a_script_that_needs_no_path(printed: Path, folder: Folder) -> None:
    text = printed.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    found = options(text)
    assert (found["array"], found["cpus-per-task"]) == ("0-1", "3")
    assert (found["partition"], found["comment"]) == ("gpu", '"a b"')
    done = run(printed, CODE="0", SLURM_SUBMIT_DIR="/")
    assert done.code == 0, done.err
    words = [sys.executable, "-m", "fcnet", "sweep", "task", str(folder.path), "--workers", "3"]
    assert done.called == [" ".join(words), "3"]


def test_a_task_that_was_stopped_restarts_alone(printed: Path) -> None:
    for code in ("75", "143"):
        done = run(printed, CODE=code)
        assert (done.code, done.requeued) == (0, "12_3")
        assert "fcnet sweep: stopped; job 12_3 is restarted (restart 1 of 20)" in done.err
    done = run(printed, CODE="137", KILL="TERM")
    assert (done.code, done.requeued) == (0, "12_3")
    done = run(printed, CODE="75", KILL="TERM")
    assert done.called[-2:] == ["passed on", "scontrol requeue 12_3"]
    assert run(printed, CODE="75", STATE="PREEMPTED").requeued == ""
    assert run(printed, CODE="75", SLURM_RESTART_COUNT="20").code == 75


@pytest.mark.parametrize("code", ["0", "1", "2", "6", "7", "8", "137"])
def test_other_ends_are_final(printed: Path, code: str) -> None:
    done = run(printed, CODE=code)
    assert (done.code, done.requeued, done.asked) == (int(code), "", [])


def test_a_directory_that_this_host_does_not_have_is_an_error(printed: Path) -> None:
    printed.write_text(
        re.sub("^cd -- .* \\|\\|", f"cd -- {shlex.quote('/no such folder')} ||", printed.read_text(), flags=re.M)
    )
    done = run(printed, CODE="0")
    assert (done.code, done.called) == (6, [])
    assert "no such folder" in done.err


def test_a_sweep_file_is_begun_without_training(tiny: Path, tmp_path: Path, fcnet: Run) -> None:
    file = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=3)
    bad = fcnet("sweep", "slurm", file, "--out", "out", "--sbatch=-p gpu")
    assert (bad.code, (tmp_path / "out").exists()) == (2, False)
    answer = fcnet("sweep", "slurm", file, "--out", "out")
    assert (answer.code, options(answer.out)["array"]) == (0, "0-2"), answer.err
    assert status.of(Folder.open(tmp_path / "out")).counts == {"planned": 3}
    assert fcnet("sweep", "slurm", file, "--out", "out").out == answer.out
    assert fcnet("sweep", "slurm", "out").out == answer.out
    more = fcnet("sweep", "slurm", "-c", tiny / "tiny.yaml", "--seeds", "5", "--out", "out")
    assert options(more.out)["array"] == "0-4"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere"], "nowhere: "),
        (["out", "--seeds", "3"], "out: is a sweep that was begun"),
        (["out", "--tasks", "0"], "--tasks"),
        (["out", "--tasks", "many"], "--tasks"),
    ],
)
def test_bad_words_are_errors(tiny: Path, tmp_path: Path, fcnet: Run, words: list[str], why: str) -> None:
    begun(write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=3), tmp_path / "out")
    answer = fcnet("sweep", "slurm", *words)
    assert (answer.code, answer.out) == (2, "")
    assert why in answer.err


def test_a_task_ends_well_if_others_train_what_is_left(folder: Folder, fcnet: Run) -> None:
    claims = folder.claims()
    claim = claims.take("seed-1", 0)
    assert claim is not None
    with claim.kept():
        answer = fcnet("sweep", "task", folder.path)
        assert answer.code == 0, answer.err
        assert "1 run is left to other tasks, which train them now; this task is done" in answer.err
    assert list(ended(work(folder))) == ["seed-1"]
    answer = fcnet("sweep", "task", folder.path)
    assert (answer.code, "3 runs: 3 finished" in answer.out) == (0, True), answer.err


def test_the_task_that_sees_the_end_of_all_reports_failures(tiny: Path, tmp_path: Path, fcnet: Run) -> None:
    grid = {"train.optimizer": [{"name": "sgd", "lr": 1e30}, {"name": "sgd", "lr": 0.1}]}
    folder = begun(write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", grid=grid), tmp_path / "out").folder
    name = folder.entries()[1].unit
    claim = folder.claims().take(name, 0)
    assert claim is not None
    with claim.kept():
        assert fcnet("sweep", "task", folder.path).code == 0
    work(folder)
    answer = fcnet("sweep", "task", folder.path)  # also as a second submission
    assert answer.code == 8
    assert "1 of 2 runs failed or diverged" in answer.err
