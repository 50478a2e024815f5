"""Programs in place of Slurm's, which note how they were called, and job scripts that call them."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Between the signal to the script and its own end it waits for the one that the script sends it.
SRUN = """
echo "$@" >>called
echo $OMP_NUM_THREADS >>called
if [[ -n "$KILL" ]]; then
    trap 'echo passed on >>called; exit $CODE' USR2
    kill -$KILL $PPID
    for ((i = 0; i < 100; i++)); do /bin/sleep 0.1; done
    exit 99
fi
exit $CODE
"""
# The state is STATE's first word in the first question, its second in the second, and so on; "away" is no answer.
SQUEUE = """
echo squeue "$@" >>asked
words=($STATE)
n=$(wc -l <asked)
state=${words[n - 1]:-${words[-1]:-RUNNING}}
[[ $state != away ]] || exit 1
[[ $state == gone ]] || echo "$state ${LIMIT:-1:00:00} ${NUMBER:-12}"
"""
SCONTROL = """
echo scontrol "$@" >>called
exit ${REFUSED:-0}
"""
SLEEP = "echo sleep $@ >>asked"


def write_programs(folder: Path) -> Path:
    """Write them to a folder for PATH: srun ends with $CODE, scontrol with $REFUSED, squeue tells $STATE."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL), ("squeue", SQUEUE), ("sleep", SLEEP)):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(0o755)
    return folder


@dataclass(frozen=True)
class Done:
    """What the script did: its exit code and stderr, the words given to srun and scontrol, and to squeue."""

    code: int
    err: str
    called: list[str]
    asked: list[str]

    @property
    def requeued(self) -> str:
        """What was given to ``scontrol requeue``."""
        return "".join(line.removeprefix("scontrol requeue ") for line in self.called if "scontrol" in line)


def run_script(script: Path, folder: Path, *words: str, **variables: str) -> Done:
    """Run a job script with the programs in a folder."""

    def lines(name: str) -> list[str]:
        path = folder / name
        return path.read_text().splitlines() if path.exists() else []

    for name in ("called", "asked"):
        (folder / name).unlink(missing_ok=True)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    env = outside | {"PATH": path, "SLURM_JOB_ID": "12", "SLURM_CPUS_PER_TASK": "3"} | variables
    done = subprocess.run(["bash", script, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    return Done(done.returncode, done.stderr, lines("called"), lines("asked"))
