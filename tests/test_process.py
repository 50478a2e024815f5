"""What is set for the whole process."""

import subprocess
import sys

import pytest
import torch

from fcnet import process

PROGRAM = """
import resource, torch
from fcnet.process import keep_freed_memory
if {kept}:
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    some = [torch.ones(size) for size in (1 << 16, 1 << 20, 1 << 21, 3 << 20)]
for _ in range(10):
    step()
before = faults()
for _ in range(50):
    step()
print(faults() - before)
"""


def test_tiny_numbers_are_zero_while_training_alone() -> None:
    smallest = torch.tensor([1e-39])
    with process.tiny_as_zero():
        if not torch.set_flush_denormal(True):
            pytest.skip("this CPU cannot")
        assert float(smallest * 0.5) == 0
    assert float(smallest * 0.5) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is meant")
def test_freed_memory_is_not_asked_for_again() -> None:
    """Up to 12 MB, 50 times. A page that was given back is a fault when it is used again."""
    kept, not_kept = (
        int(subprocess.run([sys.executable, "-c", PROGRAM.format(kept=kept)], capture_output=True, check=True).stdout)
        for kept in (True, False)
    )
    assert kept < 100
    assert kept < not_kept
