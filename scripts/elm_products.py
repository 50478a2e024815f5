"""Compare the time of the sums and the solution of an ELM's ridge problem with that of its matrix products alone.

    python scripts/elm_products.py [--units 4000] [--images 60000] [--rounds 3]

The products are the full H^T H and H^T T of random numbers, in fcnet's precision and chunks. Both are timed in turn in
one process; the program prints seconds and ratio of every round, and the median ratio.
"""

import argparse
import statistics
import time

import torch

from fcnet.families.elm.solve import least_squares
from fcnet.families.elm.solve.gram import Gram
from fcnet.families.elm.solve.sums import CHUNK, DTYPES

CLASSES = 10


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="compare an ELM's solution with its matrix products")
    parser.add_argument("--units", type=int, default=4000)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=DTYPES, default="fp64")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main() -> None:
    """Print a line per round, and the median."""
    args = arguments()
    dtype, device = DTYPES[args.precision], torch.device(args.device)
    h = torch.rand(CHUNK, args.units, device=device)  # float32, like hidden outputs
    t = torch.rand(CHUNK, CLASSES, device=device)
    chunks = args.images // CHUNK

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def ours() -> float:
        began = now()
        gram = Gram(args.units, CLASSES, dtype, device)
        for _ in range(chunks):
            gram.add(h, t)
        least_squares.ridge(gram, 1.0)
        return now() - began

    def products() -> float:
        exact, targets = h.to(dtype), t.to(dtype)
        a = torch.zeros(args.units, args.units, dtype=dtype, device=device)
        b = torch.zeros(args.units, CLASSES, dtype=dtype, device=device)
        began = now()
        for _ in range(chunks):
            a.addmm_(exact.T, exact)
            b.addmm_(exact.T, targets)
        return now() - began

    ratios = []
    for number in range(1, args.rounds + 1):
        pair = [ours(), products()] if number % 2 else [products(), ours()][::-1]
        ratios.append(pair[0] / pair[1])
        print(f"round {number}: sums and solution {pair[0]:.2f} s, products {pair[1]:.2f} s, ratio {ratios[-1]:.2f}")
    print(
        f"{args.units} units, {args.images} images, {args.precision}, {device}: median {statistics.median(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
