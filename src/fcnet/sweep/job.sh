#!/usr/bin/env bash
# Tasks that train the runs of a sweep together. Submit this file with sbatch; again: it trains what is missing.
#
# Printed by "fcnet sweep slurm"; scripts/slurm/README.md of fcnet explains each setting, and what happens in each case.
@SBATCH@
set -uo pipefail

# fcnet's exit code for "stopped and saved", and the shell's for a TERM before fcnet could handle it.
STOPPED=75
TERMINATED=143

say() { echo "fcnet sweep: $*" >&2; }

# How often a job may be restarted before somebody has to check it.
MAX_RESTARTS=${MAX_RESTARTS:-20}
if [[ ! $MAX_RESTARTS =~ ^(0|[1-9][0-9]*)$ ]]; then
    say "MAX_RESTARTS is '$MAX_RESTARTS'; give a whole number"
    exit 2
fi

job=${SLURM_JOB_ID:?is set by Slurm; give this script to sbatch}
if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
    # SLURM_JOB_ID does not work here: that of the last task is the number of the whole array.
    job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
fi
cd -- @FOLDER@ || exit 6 # relative paths in the sweep's settings begin here

# A signal may reach the tasks, this shell, or both. The shell passes signals on as USR2: srun forwards USR2 to fcnet,
# whereas TERM makes srun kill it.
asked=0 step=
trap 'asked=$((asked + 1)); kill -USR2 "$step" 2>/dev/null' TERM INT HUP USR1 USR2

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS # srun does not take it from sbatch
export SLURM_NTASKS=1                      # with --exclusive, srun would start an fcnet on each processor

srun @COMMAND@ &

step=$!
((asked)) && kill -USR2 "$step" # pass on a signal that came before the step was started
waited=-1
until ((waited == asked)); do # a signal ends a wait early
    waited=$asked
    wait "$step"
    code=$?
done

restarts=${SLURM_RESTART_COUNT:-0}
if ((code == STOPPED || code == TERMINATED)); then
    what="stopped"
elif ((asked && code > 128)); then # by srun, or before fcnet could handle the signal; the last checkpoint exists
    what="stopped, and killed"
else
    exit "$code"
fi

trap '' TERM INT HUP USR1 USR2 # otherwise the signal that ended fcnet could end the programs below

# While Slurm is still sending its signal, the job is SIGNALING; a controller that is being restarted answers later.
for ((try = 1; try <= 5; try++)); do
    found=$(squeue --noheader --states=all --jobs="$job" --format='%T %l %A') || found=unknown
    read -r state limit number <<<"${found:-gone}"
    if [[ -n $number && $number != "$SLURM_JOB_ID" && $job != "$SLURM_JOB_ID" ]]; then
        job=$SLURM_JOB_ID # not an array: the array's variables belong to the job that submitted this one
    elif [[ $state == unknown || $state == SIGNALING ]]; then
        sleep 5
    else
        break
    fi
done

again="submit it again with sbatch to resume"
if [[ $state == unknown ]]; then
    say "$what; Slurm does not answer, so job $job is not restarted; $again"
elif [[ $state != RUNNING ]]; then
    say "$what; job $job is $state, so Slurm decides: it restarts the job after preemption or 'scontrol requeue'," \
        "and has ended it after scancel or at its time limit ($again)"
elif ((restarts >= MAX_RESTARTS)); then
    say "$what; this was restart $restarts of $MAX_RESTARTS (MAX_RESTARTS), so job $job is not restarted; $again"
elif scontrol requeue "$job"; then
    say "$what; job $job is restarted (restart $((restarts + 1)) of $MAX_RESTARTS)"
    code=0
else
    say "$what; Slurm refuses to restart job $job; $again"
fi
if [[ $state == RUNNING && $limit =~ ^[0-4]:..$ ]]; then
    say "its time limit of $limit is too short: Slurm asks the job to stop two to three minutes earlier;" \
        "use sbatch --time=00:15:00 or more"
fi
exit "$code"
