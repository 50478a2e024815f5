"""Outlier detection with each class in turn as the normal one: print the AUROC of each, and the mean.

    python scripts/one_class.py configs/autoencoder/one-class.yaml --out checkpoints/one-class [KEY=VALUE ...]

The config is of an autoencoder or a one_class net. Trains a run for each class, in its own folder, and evaluates it on
the test images. If it is interrupted, start it again to resume: finished runs are not trained again.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import fcnet


def main() -> None:
    """Print a line per class, and the mean."""
    parser = argparse.ArgumentParser(description="print the one-class AUROC of each class, and the mean")
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--classes", default="0,1,2,3,4,5,6,7,8,9", help="separated by commas")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_intermixed_args()
    found = []
    for name in args.classes.split(","):
        run, normal = args.out / name, f'data.normal_classes=["{name}"]'
        try:
            fcnet.train(fcnet.load_config(args.config, normal, *args.settings), run, resume=True)
            result = fcnet.evaluate(run)
        except fcnet.FcnetError as error:
            print(*error.problems, sep="\n", file=sys.stderr)
            sys.exit(error.exit_code)
        found.append(json.loads(result.json())["outliers"]["auroc"])
        print(f"normal {name}: AUROC {100 * found[-1]:.2f} %", flush=True)
    print(f"mean of {len(found)}: {100 * statistics.mean(found):.2f} %")


if __name__ == "__main__":
    main()
