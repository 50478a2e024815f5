"""A report stays small, and its command imports what it needs only."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fcnet.report.language import Words
from fcnet.report.svg import heat
from helpers.command_line import Run
from helpers.html_page import Page

MOST = 1_000_000  # bytes of the report of a run on MNIST


@pytest.mark.long
def test_a_report_of_mnist_is_small_and_right(fcnet: Run, mnist: Path) -> None:
    config = Path("mnist.yaml")
    config.write_text(f"data: {{source: mnist, root: {mnist}}}\ntrain: {{epochs: 1}}\n")
    assert fcnet("train", "-c", config, "--out", "run").code == 0
    assert fcnet("report", "run", "--language", "en").code == 0
    path = Path("run/report.html")
    assert path.stat().st_size < MOST
    assert "accuracy on 10,000 test images" in Page(path).text


def test_nothing_slow_is_imported(copied: Path) -> None:
    """Neither matplotlib, scikit-learn nor SciPy, each of which takes as long as all else of the command."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom fcnet.report.write import run_report\n"
        f"run_report([Path({str(copied / 'plain')!r})])\n"
        "print([name for name in ('matplotlib', 'sklearn', 'scipy', 'optuna') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("n", [2, 30, 47, 200])
def test_confusion_of_many_classes(n: int) -> None:
    words = Words("en")
    counts = np.random.default_rng(n).integers(0, 3, (n, n)) + 20 * np.eye(n, dtype=int)
    svg = heat.confusion(counts, [f"class {i}" for i in range(n)], (words("true"), words("predicted")), "t", "d")
    assert (svg.count('class="count') > 0) == (n <= heat.MOST_WRITTEN)
    assert len(svg) < 20_000 + 60 * n * n  # bytes, if most cells have errors
