"""Time an epoch on a quiet machine, beside a busy process, and two runs at once; print one JSON object.

python scripts/bench/neighbour.py --data data/mnist [--rounds 3] [--epochs 3] [KEY=VALUE ...]

For a machine on which nothing else runs; takes two minutes there. The cases take turns, so that a slow moment does not
fall on one of them alone. The first epoch of a run does not count: in it threads start, and their number is chosen.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 300  # seconds that a run may take

CASES = {  # whether a process is busy beside it, how many runs at once, and their words
    "quiet": (False, 1, []),
    "beside": (True, 1, []),
    "two at once": (False, 2, []),
    "one thread": (False, 1, ["threads=1"]),
    "one thread beside": (True, 1, ["threads=1"]),
}


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Keep a process busy inside a ``with`` block; it computes in Python alone, on any core."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def seconds(words: list[str], runs: int) -> list[float]:
    """Train so many times at once; return the seconds of all epochs but the first of each run."""
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder) / f"run-{number}" for number in range(runs)]
        command = [sys.executable, "-m", "fcnet", "train", "--config", "configs/mnist.yaml", "device=cpu", *words]
        begun = [subprocess.Popen([*command, "--out", out], cwd=ROOT, stdout=subprocess.DEVNULL) for out in outs]
        try:
            codes = [process.wait(LIMIT) for process in begun]
        finally:
            for process in begun:
                process.kill()
        if any(codes):
            raise SystemExit(f"a run ended with {codes}")
        lines = [line for out in outs for line in (out / "metrics.jsonl").read_text().splitlines()]
    records = [json.loads(line) for line in lines]
    return [one["seconds"] for one in records if one["kind"] == "epoch" and one["epoch"] > 1]


def main() -> None:
    """Measure all cases in rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="image folder written by fcnet data mnist")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    words = [f"data.root={args.data.resolve()}", f"train.epochs={args.epochs}", *args.settings]
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for number in range(args.rounds):
        for name in list(CASES)[:: -1 if number % 2 else 1]:
            beside, runs, more = CASES[name]
            with busy() if beside else contextlib.nullcontext():
                found[name] += seconds([*words, *more], runs)
    middle = {name: statistics.median(values) for name, values in found.items()}
    ratios = {
        "beside to quiet": middle["beside"] / middle["quiet"],
        "two at once to one thread": middle["two at once"] / middle["one thread"],
        "beside to one thread beside": middle["beside"] / middle["one thread beside"],
    }
    shown = {name: [round(value, 3) for value in sorted(values)] for name, values in found.items()}
    print(json.dumps({"epoch_s": shown, "median_s": middle, "ratios": ratios}, indent=2))


if __name__ == "__main__":
    main()
