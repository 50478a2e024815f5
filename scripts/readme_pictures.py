"""Draw the pictures of runs in README.md and docs/autoencoders.md: train what they are of, and let fcnet plot draw it.

    python scripts/readme_pictures.py --out docs/images

The runs are kept in ``runs/pictures``, or the folder of ``--runs``; those that have finished there are drawn again
without training. Three trainings on MNIST take about ten minutes on two cores.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Of each run, by its name: the config, and the names that its figures have in docs/images.
RUNS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "mnist": (
        "configs/mnist.yaml",
        {name: f"mnist-{name}" for name in ("loss", "accuracy", "confusion", "mistakes", "reliability", "weights")},
    ),
    "denoising": ("configs/autoencoder/denoising.yaml", {"reconstructions": "autoencoder-denoising"}),
    "variational": ("configs/autoencoder/variational.yaml", {"plane": "autoencoder-plane"}),
}


def fcnet(*words: str | Path) -> None:
    """Run a command of fcnet."""
    subprocess.run([sys.executable, "-m", "fcnet", *map(str, words)], check=True)


def draw(name: str, config: Path, figures: Mapping[str, str], runs: Path, out: Path) -> None:
    """Train a run if it has not finished, draw it, and copy some of its figures under other names."""
    run = runs / name
    if not (run / "result.json").exists():
        fcnet("train", "--config", config, "--out", run, *(["--resume"] if run.exists() else []))
    fcnet("plot", run)
    for figure, new in figures.items():
        shutil.copyfile(run / "plots" / f"{figure}.png", out / f"{new}.png")


def main(words: Sequence[str] | None = None) -> None:
    """Draw all pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("plots/readme"), metavar="DIR", help="folder for the pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs/pictures"), metavar="DIR", help="folder for the runs")
    found = parser.parse_args(words)
    found.out.mkdir(parents=True, exist_ok=True)
    for name, (config, figures) in RUNS.items():
        draw(name, ROOT / config, figures, found.runs, found.out)


if __name__ == "__main__":
    main()
