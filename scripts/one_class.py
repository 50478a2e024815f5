"""Outlier detection with each class in turn as the normal one: AUROC of each, and their mean.

    python scripts/one_class.py configs/autoencoder/one-class.yaml --out checkpoints/one-class [KEY=VALUE ...]

Trains a run for each class with `fcnet train`, into a folder of its own, and evaluates it on the test images. Stopped
and started again it goes on: finished runs are left alone.
"""

import argparse
import contextlib
import io
import json
import statistics
import sys
from pathlib import Path

from fcnet.cli.main import main as run_words


def main() -> None:
    """Print a line per class, and the mean."""
    parser = argparse.ArgumentParser(description="one-class AUROC over all classes")
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--classes", default="0,1,2,3,4,5,6,7,8,9", help="separated by commas")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_intermixed_args()
    found = []
    for name in args.classes.split(","):
        run = args.out / name
        normal = f'data.normal_classes=["{name}"]'
        fcnet("train", "--config", str(args.config), "--out", str(run), "--resume", normal, *args.settings)
        result = json.loads(fcnet("eval", str(run), "--json"))
        found.append(result["outliers"]["auroc"])
        print(f"normal {name}: AUROC {100 * found[-1]:.2f} %", flush=True)
    print(f"mean of {len(found)}: {100 * statistics.mean(found):.2f} %")


def fcnet(*words: str) -> str:
    """What a command prints. Ends the program with its exit code where it fails."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = run_words(list(words))
    if code:
        sys.exit(code)
    return out.getvalue()


if __name__ == "__main__":
    main()
