"""The sums of one problem over the training images, added chunk by chunk."""

from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.errors import DivergedError
from fcnet.families.elm.config import PseudoInverse, Solve
from fcnet.families.elm.hidden_maps import Inputs
from fcnet.families.elm.solve import solution
from fcnet.families.elm.solve.gram import Gram, Rows
from fcnet.families.elm.solve.seen_images import SeenImages
from fcnet.families.elm.solve.solution import Problem
from fcnet.system.device import Stopwatch

CHUNK = 2000  # rows added together: 8 MB of hidden outputs for 1000 units in float32

DTYPES = {"fp32": torch.float32, "fp64": torch.float64}
PRECISIONS = {dtype: name for name, dtype in DTYPES.items()}


def chunks(rows: int, size: int) -> int:
    """Return the number of chunks of a size that so many rows make."""
    return -(-rows // size)


class StageSums:
    """The state of a problem's sums between two chunks of rows.

    Args:
        problem: the problem.
        train: the training images.
        settings: the config's ``solve``.
        seed: of the hidden map; None if it is already drawn.
        chunk: rows added together.

    Attributes:
        sums: of the rows so far; None before the first row.
        left: positions (n,) of the images that are not added yet.
        seen: the images that are added.
        precision: of the sums, fp32 or fp64; "" before the first row.
        why: the reason for the precision.
        watch: the seconds spent on map, gram and solve.
    """

    def __init__(
        self,
        problem: Problem,
        train: ImageFolder,
        settings: Solve,
        seed: tuple[int, ...] | None,
        chunk: int = CHUNK,
    ) -> None:
        self.problem, self.train, self._settings, self._seed, self._chunk = problem, train, settings, seed, chunk
        self.watch = Stopwatch(("map", "gram", "solve"), train.labels.device)
        self.begin()

    def begin(self, precision: str = "", why: str = "") -> None:
        """Go to the first row; the precision is chosen there if it is not given."""
        self.precision, self.why = precision, why
        self.sums: Gram | Rows | None = None
        self.seen = SeenImages(self.train)
        self.left = torch.arange(len(self.train))

    @property
    def chunks(self) -> int:
        """Return the number of chunks that are left."""
        return chunks(len(self.left), self._chunk)

    @torch.no_grad()
    def add_rows(self) -> Generator[None, None, None]:
        """Draw the map, and add the remaining rows; yields after each chunk."""
        if self.problem.stage.solver is None:
            self._draw()
            return
        sums, left, size = self._sums(), self.left, self._chunk
        if not len(left):
            return
        for first, (pixels, labels) in zip(range(0, len(left), size), self.train.batches(size, left), strict=True):
            with self.watch.timing("map"):
                h, t = self.problem.rows(pixels, labels)
            with self.watch.timing("gram"):
                sums.add(h, t, self.problem.counts(labels))
            self.seen.add(left[first : first + size])
            self.left = left[first + size :]
            yield

    def _sums(self) -> Gram | Rows:
        """Return the sums; before the first row, draw the map and choose the precision."""
        if self.sums is None:
            self._draw()
            with self.watch.timing("map"):
                if not self.precision:
                    some = self._inputs(torch.arange(min(self._chunk, len(self.train))))
                    dtype, self.why = solution.precision(self._settings, self.problem.stage, some, len(self.train))
                    self.precision = PRECISIONS[dtype]
                self.sums = self._empty()
        return self.sums

    def _draw(self) -> None:
        """Draw the map, if it is not drawn yet."""
        stage = self.problem.stage
        if self._seed is not None:
            with self.watch.timing("map"):
                size = self.train.size if stage.pixels else None
                labels = self.train.labels.cpu()
                stage.draw(Inputs(self._inputs, stage.inputs_width, labels, self.problem.classes, size), self._seed)
            self._seed = None

    def _empty(self) -> Gram | Rows:
        stage, dtype = self.problem.stage, DTYPES[self.precision]
        if isinstance(stage.solver, PseudoInverse):
            return Rows(dtype)
        outputs = self.problem.classes if stage.classifies else stage.inputs_width
        return Gram(stage.units, outputs, dtype, self.train.labels.device)

    def _inputs(self, rows: Tensor) -> Tensor:
        """Return the map's inputs (n, D) for the training images at some positions (n,)."""
        pixels, _ = next(iter(self.train.batches(len(rows), rows)))
        return self.problem.stage.inputs(pixels)

    def check(self) -> None:
        """Raise DivergedError if the sums are not finite."""
        if self.sums is not None and not self.sums.is_finite():
            raise self.not_finite("hidden outputs of the training images, or their products,")

    def not_finite(self, what: str) -> DivergedError:
        """Return the error for numbers that are not finite."""
        name = self.problem.stage.name
        return DivergedError(
            f"{name}: the {what} are not finite; use a larger solve.solver.ridge or, if the hidden layer has them,"
            " another model.activation or a smaller length in model.weights",
            facts={"stage": name},
        )

    def state(self, keep: bool) -> dict[str, Any]:
        """Return the state for a checkpoint; with the sums if ``keep`` is true."""
        drawn, stage = self._seed is None, self.problem.stage
        return {
            "drawn": drawn,
            # All other maps are part of the model.
            "map": dict(stage.hidden.state_dict()) if drawn and not stage.classifies and stage.solver else {},
            "sums": self.sums.state() if keep and isinstance(self.sums, Gram) else {},
            "seen": self.seen.state(),
            "precision": self.precision,
            "why": self.why,
            "timing": self.watch.seconds(),
        }

    def load_map(self, state: dict[str, Any]) -> None:
        """Load the map from the ``state`` of another object, if it was drawn; maps of the model are already loaded."""
        if state["map"]:
            self.problem.stage.hidden.load_state_dict(state["map"])
        if state["drawn"]:
            self._seed = None

    def load(self, state: dict[str, Any], seen: SeenImages, left: Tensor) -> None:
        """Load the sums of the ``seen`` images from the ``state`` of another object; the others are ``left``."""
        self.precision, self.why = str(state["precision"]), str(state["why"])
        sums = self._empty()
        if isinstance(sums, Gram):
            sums.load(state["sums"])
        self.sums, self.seen, self.left = sums, seen, left
        self.watch.load(state["timing"])
