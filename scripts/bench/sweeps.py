"""Time a sweep beside as many separate commands, and eight nets together beside one after another.

python scripts/bench/sweeps.py [--runs 64] [--data data/mnist] [--config configs/mnist.yaml] [KEY=VALUE ...]

Runs in fcnet's interpreter, on two cores or more; prints one JSON object. The separate commands run two at a time, with
one thread each; both ways write the same runs, of one epoch, and the images have been decoded before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FCNET = (sys.executable, "-m", "fcnet")
ENVIRON = os.environ | {"OMP_NUM_THREADS": "1"}
TOGETHER = 8  # nets


def separate(config: Path, words: Sequence[str], runs: int, out: Path) -> float:
    """Return the seconds of so many commands, two at a time."""
    began, running = time.perf_counter(), list[subprocess.Popen[bytes]]()
    for seed in range(runs):
        if len(running) == 2:
            while all(one.poll() is None for one in running):
                time.sleep(0.005)
            running = [one for one in running if one.poll() is None]
        command = [*FCNET, "train", "-c", str(config), *words, f"seed={seed}", "--out", str(out / str(seed))]
        running.append(subprocess.Popen(command, env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert [one.wait() for one in running] == [0] * len(running)
    return time.perf_counter() - began


def sweep(config: Path, words: Sequence[str], runs: int, out: Path, *more: str) -> float:
    """Return the seconds of a sweep of the same runs."""
    began = time.perf_counter()
    command = [*FCNET, "sweep", "run", "-c", str(config), *words, "--seeds", str(runs), "--out", str(out), *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def overheads(config: Path, words: Sequence[str], runs: int, out: Path) -> dict[str, float]:
    """Return the seconds of a worker per run, beyond those of the training itself, which the run's result says.

    The worker trains in this process, one run after another; the first, which reads the images, does not count.
    """
    from fcnet.sweep.begin import begin
    from fcnet.sweep.plan import load
    from fcnet.sweep.work.worker import Way, Worker
    from fcnet.system.signals import Stop

    folder = begin(out, load.from_words(config, list(words), runs, {"fuse": "off"})).folder
    times: list[float] = []

    def note(event: str, **_facts: Any) -> None:
        if event == "ended":
            times.append(time.perf_counter())

    Worker(folder, Stop(), note, Way()).work()
    seconds = [folder.result(entry.name)["seconds"] for entry in folder.entries()]
    beyond = sorted(late - early - own for early, late, own in zip(times, times[1:], seconds[1:], strict=False))
    return {"median": beyond[len(beyond) // 2], "least": beyond[0], "most": beyond[-1]}


def main() -> None:
    """Measure, and print a JSON object of seconds."""
    parser = argparse.ArgumentParser(description="time sweeps")
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE", help="settings of all runs")
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    parser.add_argument("--config", type=Path, default=Path("configs/mnist.yaml"))
    args = parser.parse_args()
    words = ["train.epochs=1", f"data.root={args.data}", *args.words]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sweep(args.config, words, 2, folder / "first")  # decodes the images, if nobody has
        found: dict[str, Any] = {"runs": args.runs}
        found["separate"] = separate(args.config, words, args.runs, folder / "separate")
        found["sweep"] = sweep(args.config, words, args.runs, folder / "sweep")
        found["ratio"] = found["sweep"] / found["separate"]
        found["beyond_training"] = overheads(args.config, words, 12, folder / "overhead")
        for way, fuse in (("one_after_another", "off"), ("together", str(TOGETHER))):
            found[way] = sweep(args.config, words, TOGETHER, folder / way, "--workers", "1", "--fuse", fuse)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
