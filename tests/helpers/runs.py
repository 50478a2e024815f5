"""Trainings that are stopped, and what tells whether two runs ended in the same."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fcnet.rundir import checkpoints, tensor_files
from fcnet.training.loop import GradientTraining
from helpers.crash import contents

WORDS = ("train", "-c", "tiny/tiny.yaml")


def states(run: str | Path) -> list[str]:
    """Hashes of all tensors and numbers of the newest checkpoint: weights, optimiser, generators, sums."""
    found = checkpoints.Checkpointer(Path(run)).newest()
    assert found is not None
    state = found[1]
    for timed in (state, state["training"], *(state[key] for key in ("last", "best") if state[key])):
        timed.pop("seconds")
    for changing in ("metrics_bytes", "machine", "config"):
        state.pop(changing)
    return [str(found[0].name), hashlib.sha256(tensor_files.encode(state)).hexdigest()]


def same(run: str | Path, other: str | Path) -> bool:
    """Whether two runs ended in the same metrics, weights, figures and training state."""
    return contents(Path(run)) == contents(Path(other)) and states(run) == states(other)


def plan_signals(patched: pytest.MonkeyPatch, n: int, *numbers: int, every: bool = False) -> None:
    """Send this process signals during the n-th step from now on, once or each time so many steps later."""
    left = n
    advance = getattr(GradientTraining.advance, "inner", GradientTraining.advance)

    def advanced(self: GradientTraining, *batch: Any) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            for number in numbers:
                os.kill(os.getpid(), number)
            left = n if every else 0
        return advance(self, *batch)

    advanced.inner = advance  # type: ignore[attr-defined]
    patched.setattr(GradientTraining, "advance", advanced)


def sealed(path: Path, data: bytes, schema: int = 2) -> None:
    """Write a checkpoint's file with the seal that makes it count."""
    path.write_bytes(data)
    seal = {"schema": schema, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(seal))
