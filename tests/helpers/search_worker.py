"""A worker of a search that trains nothing, as a process to be killed: ``search_worker.py FOLDER SEARCH``.

It holds a trial by the lock of a file, resumes those that other workers have left, and reports three epochs of each.
"""

import json
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from fcnet.sweep.plan.search import Search
from fcnet.sweep.search.study import Study, Trial
from helpers.searching import value_of

EPOCHS = 3


def work(folder: Path, search: Search) -> None:
    """Finish trials until all have been begun, and those that are left are held by others."""
    with Study(folder, search, "killed", EPOCHS) as study:
        (folder / "ready").touch()
        while True:
            for trial in study.running():
                finish(study, trial, folder)
            begun = study.next()
            if begun is None and not study.running():
                return
            if begun is not None:
                with (folder / "begun").open("a") as file:
                    file.write(json.dumps([begun.number, begun.changes]) + "\n")
                finish(study, begun, folder)
            else:
                time.sleep(0.05)


def finish(study: Study, trial: Trial, folder: Path) -> None:
    """Train a trial, if no other worker does."""
    try:
        with FileLock(folder / f"{trial.name}.lock", timeout=0):
            if trial.number not in [one.number for one in study.running()]:
                return
            for epoch in range(1, EPOCHS + 1):
                study.reports(trial.number).report(epoch, value_of(trial.changes) - (EPOCHS - epoch) / 10)
            study.tell(trial.number)
    except Timeout:
        return


if __name__ == "__main__":
    work(Path(sys.argv[1]), Search.model_validate_json(sys.argv[2]))
