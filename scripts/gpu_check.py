"""Check and time fcnet on this machine's GPU, in at most six minutes.

    python scripts/gpu_check.py                          into gpu.json
    python scripts/gpu_check.py --into docs/benchmarks.json   as the page's section on GPUs; then: make docs

Runs the tests that need a GPU; compares every way to take steps with the eager step, on kinds of nets, and times it;
measures epochs of the course's net by each way, beside JAX if it is installed for this GPU, and the whole command; and
8 and 64 nets trained together, beside one after another.
Without a GPU it says so, and exits with 3.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import gpu_table
from bench.running import OWN, ROOT, Bench, FailedError, Figures, Program, in_rounds, launch, say
from benchmark import EPOCHS, about, facts, merge, steady

TESTS = ("tests/test_cuda.py", "tests/training", "tests/families/ladder")
# Others may be installed: one warns of pytest-xdist, which counts as an error.
PLUGINS = ("-p", "no:cacheprovider", "-p", "no:benchmark")

TEST_SECONDS = 120  # after which tests are stopped

NO_GPU = 3  # exit code


def tests() -> dict[str, Any]:
    """Run the tests that need a GPU; return their last line, and whether they passed."""
    words = [sys.executable, "-m", "pytest", "-q", "-k", "gpu_ or test_cuda", *TESTS, *PLUGINS, "-W", "default"]
    if importlib.util.find_spec("xdist"):  # the tests mostly compile
        words += ["-n", "auto"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=TEST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"passed": False, "said": f"not done after {TEST_SECONDS} s"}
    output = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    ends = [line for line in output if re.search(r"\d+ (passed|failed|error|skipped)", line)]
    said = ends[-1] if ends else " / ".join(output[-3:]) or f"exit code {done.returncode}"
    failed = [line for line in output if line.startswith(("FAILED", "ERROR"))]
    return {"passed": done.returncode == 0, "said": said, "failed": failed}


def ways(data: str) -> list[dict[str, Any]]:
    """Compare and time every way to take steps."""
    found = launch(sys.executable, OWN / "ways.py", "--data", data).objects()
    for row in found:
        say("  " + ", ".join(f"{value:.4g}" if isinstance(value, float) else f"{value}" for value in row.values()))
    return found


def together(data: str) -> list[dict[str, Any]]:
    """Measure nets trained together, beside one after another."""
    found = launch(sys.executable, OWN / "joint.py", "--data", data).objects()
    for one in found:
        say(f"  {gpu_table.joint_words(one)}")
    return found


def epochs(bench: Bench) -> dict[str, Any]:
    """Measure epochs, ten of them with their tests, and the whole command, in rounds."""

    def own(step: str, precision: str = "fp32") -> Program:
        return lambda number: bench.own("gpu", "--step", step, "--precision", precision, "--seed", number)

    def jax(number: int) -> Figures:
        records, _ = bench.peer("jax_scan", EPOCHS, number)
        return {"epoch": steady(records)["seconds"]}

    def command(number: int) -> Figures:
        records, done = bench.fcnet("mnist", f"seed={number}")
        return {"seconds": done.seconds, "accuracy": records[-1]["test"]["accuracy"]}

    return in_rounds(
        {
            "persistent": own("persistent"),
            "graph": own("graph"),
            "jax": jax,
            "graph, bf16": own("graph", "bf16"),
            "eager": own("eager"),
            "import torch": lambda _: {"seconds": launch(sys.executable, "-c", "import torch").seconds},
            "command": command,
        },
        bench.rounds,
    )


def main() -> int:
    """Check, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="data/mnist", help="image folder written by fcnet data mnist")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", type=Path, default=Path("gpu.json"), help="file of results, to which they are added")
    parser.add_argument("--peers", default=sys.executable, help="interpreter with JAX")
    args = parser.parse_args()
    if facts(sys.executable)["gpu"] is None:
        print("torch cannot use a GPU here: not measured", file=sys.stderr)
        return NO_GPU
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.peers, args.data, args.rounds, 0, Path(folder))
        try:
            section: dict[str, Any] = {"about": about(bench, "python scripts/gpu_check.py")}
            say("tests:")
            section["tests"] = tests()
            say(f"  {section['tests']['said']}")
            for line in section["tests"]["failed"]:
                say(f"  {line}")
            say("ways to take steps:")
            section["ways"] = ways(args.data)
            say("nets trained together:")
            section["together"] = together(args.data)
            say("epochs:")
            section |= epochs(bench)
        except FailedError as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    section["seconds"] = time.perf_counter() - started
    merge(args.into, "gpu", section)
    print("\n".join(gpu_table.lines(section)))
    return 0 if section["tests"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
