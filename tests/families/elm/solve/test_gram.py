"""Sums over chunks of rows against whole products."""

import re
import subprocess
import sys

import pytest
import torch

from fcnet.families.elm.solve.gram import Gram, Rows
from helpers.command_line import ROOT


def rows(n: int, m: int, c: int) -> tuple[torch.Tensor, torch.Tensor]:
    """H (n, m) and T (n, c)."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(n, m, dtype=torch.float64, generator=generator),
        torch.randn(n, c, dtype=torch.float64, generator=generator),
    )


@pytest.mark.parametrize("block", [1, 7, 512])
@pytest.mark.parametrize("chunk", [1, 13, 50])
def test_chunks_sum_to_the_whole(block: int, chunk: int) -> None:
    h, t = rows(50, 20, 3)
    sums = Gram(20, 3, torch.float64, torch.device("cpu"), block)
    for first in range(0, 50, chunk):
        sums.add(h[first : first + chunk], t[first : first + chunk])
    torch.testing.assert_close(sums.normal(0.5), h.T @ h + 0.5 * torch.eye(20, dtype=torch.float64))
    torch.testing.assert_close(sums.b, h.T @ t)
    torch.testing.assert_close(sums.targets, t.square().sum())
    assert sums.n == 50


def test_weights_are_repetitions() -> None:
    """A row that counts three times is the same as three rows."""
    h, t = rows(10, 4, 2)
    counts = torch.tensor([1, 3] * 5)
    weighted, repeated = (Gram(4, 2, torch.float64, torch.device("cpu")) for _ in range(2))
    weighted.add(h, t, counts.double())
    repeated.add(h.repeat_interleave(counts, 0), t.repeat_interleave(counts, 0))
    torch.testing.assert_close(weighted.normal(), repeated.normal())
    torch.testing.assert_close(weighted.b, repeated.b)
    torch.testing.assert_close(weighted.targets, repeated.targets)


def test_a_state_is_taken_up() -> None:
    h, t = rows(30, 5, 2)
    first, second, whole = (Gram(5, 2, torch.float64, torch.device("cpu")) for _ in range(3))
    first.add(h[:10], t[:10])
    second.load(first.state())
    for sums in (first, second):
        sums.add(h[10:], t[10:])
    assert torch.equal(first.a, second.a)
    whole.add(h, t)
    torch.testing.assert_close(second.normal(), whole.normal())
    with pytest.raises(ValueError, match="in place of"):
        Gram(6, 2, torch.float64, torch.device("cpu")).load(first.state())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_seen(value: float) -> None:
    h, t = rows(5, 3, 1)
    h[2, 1] = value
    sums, kept = Gram(3, 1, torch.float64, torch.device("cpu")), Rows(torch.float64)
    for one in (sums, kept):
        one.add(h, t)
        assert not one.is_finite()


def test_rows_are_kept_whole() -> None:
    h, t = rows(9, 3, 2)
    kept = Rows(torch.float64)
    kept.add(h[:4], t[:4])
    kept.add(h[4:], t[4:], torch.full((5,), 4.0))
    found = kept.whole()
    torch.testing.assert_close(found[0], torch.cat([h[:4], 2 * h[4:]]))
    torch.testing.assert_close(found[1], torch.cat([t[:4], 2 * t[4:]]))


def test_the_program_that_times_sums_runs() -> None:
    program = ROOT / "scripts/elm_products.py"
    words = ["--units", "50", "--images", "4000", "--rounds", "1"]
    done = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^50 units, 4000 images, fp64, (cpu|cuda): median [\d.]+$", done.stdout, re.MULTILINE)
