"""Compare fcnet with other libraries on the course's job; write docs/benchmarks.json and the page generated from it.

    python scripts/benchmark.py                                  all sections, about an hour
    python scripts/benchmark.py epoch small --rounds 3           some sections; the results of the others are kept
    python scripts/benchmark.py --peers .venv-bench/bin/python   with the interpreter that has the other libraries

Each measurement runs in its own process, one at a time, and the compared programs take turns: a round runs each of them
once, every other round in reverse order, so that a machine that gets slower or faster does so for all of them.
`scripts/bench/page.py` computes medians and ratios of the rounds. The page names programs that cannot run, and why.
"""

import argparse
import contextlib
import json
import os
import platform
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import page
from bench.running import OWN, ROOT, Bench, Done, FailedError, Figures, Program, in_rounds, launch, say, shown

EPOCHS = 4  # of a process whose seconds per epoch are measured; the first, which starts and compiles, does not count
JOB_EPOCHS = 10
SEEDS = 5
MANY = 1_000_000  # images of the section large, for which a few rounds are enough
MANY_ROUNDS = 3

Rounds = dict[str, Any]  # the result of in_rounds
Records = list[dict[str, Any]]


def epoch(bench: Bench) -> Rounds:
    """Measure seconds per epoch after the first one, without the test."""

    def fcnet(*overrides: str) -> Program:
        settings = (f"train.epochs={EPOCHS}", *overrides)
        return lambda number: steady(bench.fcnet("mnist", f"seed={number}", *settings)[0])

    def peer(name: str, *options: str) -> Program:
        return lambda number: steady(bench.peer(name, EPOCHS, number, *options)[0])

    programs = {
        # Programs that the goals compare are neighbours in this order.
        "matmuls fp32": peer("matmuls"),
        "fcnet fp32": fcnet(),
        "jax": peer("jax_scan"),
        "fcnet bf16": fcnet("train.precision=bf16"),
        "matmuls bf16": peer("matmuls", "--bf16"),
        "pytorch fp32": peer("pytorch_eager"),
        "pytorch bf16": peer("pytorch_eager", "--bf16"),
        "keras": peer("keras_fit"),
        "sklearn": peer("sklearn_mlp"),
        "course": in_first(bench.course_rounds, lambda: course_epoch(bench.course(1))),
    }
    return in_rounds(programs, bench.rounds)


def steady(records: Records) -> Figures:
    """Return the median of the seconds of all epochs except the first."""
    return {"seconds": statistics.median(record["seconds"] for record in records[1:])}


def course_epoch(done: Done) -> Figures:
    """Return the seconds of an epoch of the course's program, from the times of its lines.

    It prints a line every few steps, including the last; from the first line to the last, it only trains.
    """
    steps = [
        (at, line.partition("Step [")[2].partition("]")[0].split("/")) for at, line in done.lines if "Step" in line
    ]
    if len(steps) < 2:
        raise FailedError("there are too few images for it to print enough lines")
    (first_at, (first, of)), (last_at, (last, _)) = steps[0], steps[-1]
    return {"seconds": (last_at - first_at) / (int(last) - int(first)) * int(of)}


def in_first(rounds: int, run: Callable[[], Figures]) -> Program:
    """Return a program that takes part only in the first rounds."""
    return lambda number: run() if number < rounds else None


def job(bench: Bench) -> Rounds:
    """Measure the course's whole job, from the start of the process to its exit."""

    def fcnet(number: int) -> Figures:
        records, done = bench.fcnet("mnist", f"train.epochs={JOB_EPOCHS}", f"seed={number}")
        return {"seconds": done.seconds, "accuracy": records[-1]["test"]["accuracy"]}

    def peer(name: str) -> Program:
        def run(number: int) -> Figures:
            records, done = bench.peer(name, JOB_EPOCHS, number)
            return {"seconds": done.seconds, "accuracy": records[-1]["test_accuracy"]}

        return run

    with contextlib.suppress(FailedError):  # a failure here happens again below, where it is reported
        bench.fcnet("mnist", "train.epochs=1")  # decodes the images, if they are not in the cache
        bench.arrays()
    others = {"jax": "jax_scan", "pytorch": "pytorch_eager", "keras": "keras_fit", "sklearn": "sklearn_mlp"}
    programs = {"fcnet": fcnet} | {name: peer(program) for name, program in others.items()}
    return in_rounds(
        programs | {"course": in_first(bench.course_rounds, lambda: {"seconds": bench.course(JOB_EPOCHS).seconds})},
        bench.rounds,
    )


def accuracy(bench: Bench) -> Rounds:
    """Measure test accuracy and seconds of training, with one seed per round."""

    def run(config: str, *overrides: str) -> Program:
        def trained(seed: int) -> Figures:
            if not (ROOT / f"configs/{config}.yaml").exists():
                raise FailedError(f"configs/{config}.yaml does not exist")
            records, _ = bench.fcnet(config, f"seed={seed}", *overrides)
            seconds = sum(record["seconds"] for record in records)
            return {"accuracy": records[-1]["test"]["accuracy"], "seconds": seconds, "epochs": len(records)}

        return trained

    ten = f"train.epochs={JOB_EPOCHS}"
    programs = {"fcnet fp32": run("mnist", ten), "fcnet bf16": run("mnist", ten, "train.precision=bf16")}
    return in_rounds(programs | {"mnist-fast": run("mnist-fast")}, SEEDS)


def small(bench: Bench) -> Rounds:
    """Measure short things: help, a small training, decoding, an evaluation, memory."""

    def whole(*words: str) -> Program:
        return lambda _: process(launch(sys.executable, *words))

    def train(config: str, *overrides: str) -> Program:
        return lambda _: process(bench.fcnet(config, *overrides)[1])

    def cold(_: int) -> Figures:
        with tempfile.TemporaryDirectory(dir=bench.folder) as empty:
            return process(bench.fcnet("mnist", "train.epochs=1", f"data.cache={empty}")[1])

    warm = f"data.cache={bench.folder / 'warm'}"
    with contextlib.suppress(FailedError):  # a failure here happens again below, where it is reported
        bench.fcnet("digits", "train.epochs=1")  # writes and decodes the images, if they are not in the cache
        bench.fcnet("mnist", "train.epochs=1", warm)
    programs: dict[str, Program] = {
        "help": whole("-m", "fcnet", "--help"),
        "import torch": whole("-c", "import torch"),
        "digits": train("digits"),
        "cold": cold,
        "warm": train("mnist", "train.epochs=1", warm),
        "evaluation": lambda _: bench.own("evaluation"),
        "two epochs": train("mnist", "train.epochs=2"),
    }
    return in_rounds(programs, bench.rounds)


def process(done: Done) -> Figures:
    """Return the seconds of a process and its peak memory."""
    return {"seconds": done.seconds} | ({} if done.peak_mb is None else {"peak_mb": done.peak_mb})


def growth(bench: Bench) -> Rounds:
    """Measure seconds per epoch against the number of images, the batch size, the width and the depth."""
    n = image_count(bench)
    points = [("n", {"n": n // part}) for part in (8, 4, 2, 1)]
    points += [("batch", {"batch": size}) for size in (25, 50, 100, 200, 400, 800, 1600)]
    points += [("width", {"width": width}) for width in (32, 64, 128, 256, 512, 1024, 2048)]
    points += [("depth", {"width": 256, "depth": depth}) for depth in (0, 1, 2, 4, 8)]

    def point(settings: dict[str, int]) -> Program:
        words = [word for name, value in ({"n": n} | settings).items() for word in (f"--{name}", value)]
        return lambda number: bench.own("growth", *words, "--seed", number)

    return in_rounds({f"{axis} {values[axis]}": point(values) for axis, values in points}, bench.rounds)


def large(bench: Bench) -> Rounds:
    """Measure one epoch of very many images, in memory and mapped; a first run decodes them, and does not count."""
    folder = bench.folder / "many"
    say(f"  writing {MANY:,} images")
    launch(sys.executable, OWN / "many.py", folder, "--n", MANY, "--data", bench.data)
    own = f"data.train={{images: {folder / 'images'}, labels: {folder / 'images.txt'}}}"

    def train(memory: str) -> Program:
        def run(number: int) -> Figures:
            words = ["data.source=null", "data.root=null", own, f"data.memory={memory}", "train.epochs=1"]
            (record,), done = bench.trained("mnist", *words, f"seed={number}")
            speed = record["train"]["n"] / record["seconds"]
            return process(done) | {"images_per_s": speed, "decoding": done.seconds - record["seconds"]}

        return run

    say("  decoding them")
    train("mapped")(0)
    programs: dict[str, Program] = {"resident": train("resident"), "mapped": train("mapped")}
    programs["import torch"] = lambda _: process(launch(sys.executable, "-c", "import torch"))
    return in_rounds(programs, min(bench.rounds, MANY_ROUNDS))


SECTIONS: dict[str, Callable[[Bench], Rounds]] = {
    section.__name__: section for section in (epoch, job, accuracy, small, growth, large)
}


def about(bench: Bench, command: str) -> dict[str, Any]:
    """Describe where, when and with which versions a section is measured."""
    own = facts(sys.executable)
    try:
        peers = facts(bench.peers)["versions"]
    except FailedError as error:
        peers = {"missing": str(error)}
    hardware = {"cpu": cpu(), "cores": cores(), "ram_gb": ram_gb(), "gpu": own["gpu"], "system": platform.system()}
    return {
        "date": time.strftime("%Y-%m-%d"),
        "command": command,
        "hardware": hardware,
        "versions": {"fcnet's": own["versions"], "the peers'": peers},
        "images": image_count(bench),
    }


def facts(interpreter: str) -> dict[str, Any]:
    """Return the versions and GPU that an interpreter finds. Raises FailedError if there is no such interpreter."""
    (found,) = launch(interpreter, OWN / "facts.py").objects()
    return found


def cpu() -> str:
    """Return the processor's name."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ram_gb() -> float | None:
    """Return the machine's memory in GB; None if the system does not report it."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def image_count(bench: Bench) -> int:
    """Return the number of training images of the folder."""
    return len((ROOT / bench.data / "train-labels.txt").read_text().split())


def main() -> None:
    """Measure the given sections, and write the results after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="SECTION",
        help=f"any of {', '.join(SECTIONS)} (default: all); or page, to only regenerate the page",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--course-rounds", type=int, default=1, help="rounds that include the course's program")
    parser.add_argument("--peers", default=".venv-bench/bin/python", help="interpreter with the other libraries")
    parser.add_argument("--data", default="data/mnist", help="image folder written by fcnet data mnist")
    parser.add_argument(
        "--json",
        type=Path,
        default=ROOT / "docs/benchmarks.json",
        help="file of results; the page is written beside it",
    )
    args = parser.parse_args()
    if args.sections == ["page"]:
        page.write(args.json)
        return
    if unknown := set(args.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; the sections are {', '.join(SECTIONS)}")
    if not (ROOT / args.data / "train-labels.txt").exists():
        parser.error(f"{args.data}: is not an image folder; write it with: fcnet data mnist")
    command = shown(shlex.join(["python", "scripts/benchmark.py", *sys.argv[1:]]))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.peers, args.data, args.rounds, args.course_rounds, Path(folder))
        where = about(bench, command)
        for name in args.sections or SECTIONS:
            say(f"{name}:")
            if found := SECTIONS[name](bench):
                merge(args.json, name, found | {"about": where})
    page.write(args.json)
    say(f"wrote {args.json} and {args.json.with_suffix('.md')}")


def merge(path: Path, name: str, section: dict[str, Any]) -> None:
    """Write one section's results to the file, and keep the others."""
    sections = page.read(path) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sections | {name: section}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
