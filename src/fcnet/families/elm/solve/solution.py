"""Output weights from sums over rows: apply the solver of a config, choose precision and ridge, check the limits."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError, ResourceError
from fcnet.families.elm.config import Lasso, PseudoInverse, RidgeSolver, Solve, SquaredHinge
from fcnet.families.elm.solve import least_squares
from fcnet.families.elm.solve.gram import Gram, Rows
from fcnet.families.elm.solve.least_squares import Answer, NotDefiniteError, Spectrum
from fcnet.families.elm.solve.problems import Stage
from fcnet.system.memory import SHARE, memory

# A solution loses about log10(condition number) digits; at least two digits must remain correct.
COARSE = 1e-2

PROBED = 512  # units whose condition number is estimated beforehand

ROWS = 2000  # images processed together when a ridge is chosen

GIB = 2**30


@dataclass(frozen=True, eq=False)
class Problem:
    """A stage with its classes and their weights.

    Attributes:
        stage: the least-squares problem.
        classes: number of classes.
        weights: of an image of each class (C,), float64; None if all are equal.
    """

    stage: Stage
    classes: int
    weights: Tensor | None

    def rows(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return hidden outputs (B, M) and targets (B, C) of pixels (B, D) and labels (B,)."""
        x = self.stage.inputs(pixels)
        t = functional.one_hot(labels, self.classes).to(x.dtype) if self.stage.classifies else x
        return self.stage.hidden(x), t

    def counts(self, labels: Tensor) -> Tensor | None:
        """Return the weight of each image (B,); None if all are equal."""
        return self.weights[labels] if self.weights is not None and self.stage.classifies else None


def class_weights(settings: Solve, labels: Tensor, classes: tuple[str, ...]) -> Tensor | None:
    """Return the weight of an image of each class (C,), on the device of the labels; None if all are equal.

    Raises:
        ConfigError: a name is not a class.
    """
    wanted = settings.class_weights
    if wanted is None:
        return None
    if wanted == "balanced":
        counts = torch.bincount(labels, minlength=len(classes)).double()
        return len(labels) / (len(classes) * counts.clamp_min(1))
    unknown = sorted(wanted.keys() - set(classes))
    if unknown:
        raise ConfigError(
            f"solve.class_weights: {', '.join(unknown[:5])}: no such class; the classes are {', '.join(classes[:20])}"
        )
    return torch.tensor([wanted.get(name, 1.0) for name in classes], dtype=torch.float64, device=labels.device)


def check_memory(stage: Stage, settings: Solve, images: int) -> None:
    """Raise ResourceError if a solution needs more memory than the machine or the GPU has."""
    if stage.solver is None:
        return
    m, size = stage.units, 4 if settings.precision == "fp32" else 8
    match stage.solver:
        case PseudoInverse():  # H, its U, and working memory
            matrices, needed = f"{images:,} x {m:,}", 3 * images * m
        case RidgeSolver(ridge=list()):  # sums, matrix, eigenvectors, and two matrices of working memory
            matrices, needed = f"{m:,} x {m:,}", 5 * m * m
        case _:  # sums, matrix, factor
            matrices, needed = f"{m:,} x {m:,}", 3 * m * m
    device = stage.hidden.weight.device
    has = _memory(device)
    if needed * size > has:
        raise ResourceError(
            f"model.hidden: is {m:,}; the {stage.solver.name} solution works on matrices of {matrices} numbers and"
            f" needs {needed * size:,} bytes ({needed * size / GIB:.1f} GiB), but {device} has {has / GIB:.1f} GiB;"
            " choose fewer units" + (", or solve.solver ridge" if stage.solver.name == "pinv" else "")
        )


def _memory(device: torch.device) -> int:
    """Return the bytes of memory that a device has."""
    return torch.cuda.mem_get_info(device)[1] if device.type == "cuda" else memory()


def precision(settings: Solve, stage: Stage, inputs: Tensor, images: int) -> tuple[torch.dtype, str]:
    """Return the precision of a problem, and the reason.

    Args:
        settings: the config's ``solve``.
        stage: with its map.
        inputs: of the map (n, D), for some images.
        images: number of images in all.
    """
    if settings.precision != "auto":
        return (torch.float32 if settings.precision == "fp32" else torch.float64), "as set"
    if isinstance(stage.solver, PseudoInverse):
        return torch.float64, "its cutoff is set by rounding"
    match stage.solver:
        case RidgeSolver(ridge=list(ridges)):
            least = min(ridges)
        case RidgeSolver(ridge=float(ridge)) | SquaredHinge(ridge=ridge):
            least = ridge
        case _:
            least = 0.0
    h = stage.hidden(inputs)[:, :PROBED].double()
    if not h.isfinite().all():
        return torch.float64, "hidden outputs are not finite"
    values = torch.linalg.eigvalsh(h.T @ h * (images / len(h))).clamp_min(0)
    largest = float(values[-1]) * stage.units / h.shape[1]
    condition = (largest + least) / max(float(values[0]) + least, torch.finfo(torch.float64).tiny)
    if too_coarse(condition, torch.float32):
        return torch.float64, f"condition number at least {condition:.0e}"
    return torch.float32, f"condition number about {condition:.0e}"


def too_coarse(condition: float | None, dtype: torch.dtype) -> bool:
    """Return whether float32 leaves fewer than two digits of a solution correct."""
    return dtype == torch.float32 and condition is not None and condition * torch.finfo(dtype).eps > COARSE


def find(problem: Problem, sums: Gram | Rows, splits: Splits, auto: bool) -> Generator[None, None, Answer]:
    """Solve a problem; yields regularly, where it can be paused.

    With ``auto``, the precision may still be raised: the condition number is infinite if float32 gives no solution.

    Raises:
        ConfigError: the equations cannot be solved with these settings.
    """
    solver = problem.stage.solver
    match solver:
        case RidgeSolver(ridge=float(penalty)) | SquaredHinge(ridge=penalty) if isinstance(sums, Gram):
            try:
                if isinstance(solver, RidgeSolver):
                    return least_squares.ridge(sums, penalty)
                slope = Slope(problem, splits.train, sums.a.dtype)
                return (yield from least_squares.squared_hinge(sums, slope, penalty, solver.steps, solver.tolerance))
            except NotDefiniteError:
                if auto and sums.a.dtype == torch.float32:
                    return Answer(sums.b, math.inf)
                raise too_small(problem, sums, penalty) from None
        case RidgeSolver(ridge=list(penalties), choose=choose) if isinstance(sums, Gram):
            return (yield from by_path(problem, sums, sorted(penalties), choose, splits))
        case PseudoInverse(cutoff=cutoff) if isinstance(sums, Rows):
            return least_squares.pseudo_inverse(*sums.whole(), cutoff)
        case Lasso() as lasso if isinstance(sums, Gram):
            return (yield from least_squares.lasso(sums, lasso.l1, lasso.tolerance, lasso.steps))
    raise AssertionError(solver)


def too_small(problem: Problem, gram: Gram, penalty: float) -> ConfigError:
    """Return the error for a ridge with which H^T H + ridge I cannot be factorised."""
    enough = 10 * torch.finfo(gram.a.dtype).eps * float(gram.a.diagonal().sum())
    finer = "solve.precision=fp64, " if gram.a.dtype == torch.float32 else ""
    return ConfigError(
        f"solve.solver.ridge: is {penalty:g}; with {problem.stage.units} units and {gram.n} images, rounding errors"
        f" are larger, so H^T H + ridge I cannot be factorised; use about {enough:.0e} or more, fewer units,"
        f" {finer}or solve.solver=pinv"
    )


class Slope:
    """The rows of a problem, for solvers that iterate over them several times.

    Hidden outputs are kept after the first pass if they take no more than a quarter of the memory.

    Args:
        problem: the problem.
        train: the training images.
        dtype: of the sums.
        chunk: images processed together.
        memory: bytes that the device has; found out by default.
    """

    def __init__(
        self, problem: Problem, train: ImageFolder, dtype: torch.dtype, chunk: int = ROWS, memory: int | None = None
    ) -> None:
        self._problem, self._train, self._dtype, self._chunk = problem, train, dtype, chunk
        needed = len(train) * problem.stage.units * torch.float32.itemsize
        self._keeps = needed * SHARE <= (_memory(train.labels.device) if memory is None else memory)
        self._kept: list[tuple[Tensor, Tensor]] = []

    def __call__(self, beta: Tensor) -> Generator[None, None, tuple[Tensor, float]]:
        """Return the sums H^T V (M, C) and |V|^2, with V by how much outputs miss targets; yields after each chunk."""
        sums, missed = torch.zeros_like(beta), torch.zeros((), dtype=torch.float64, device=beta.device)
        classes = torch.arange(self._problem.classes, device=beta.device)
        for hidden, labels in self._rows():
            h = hidden.to(self._dtype)
            v = least_squares.beyond(h @ beta, (labels[:, None] == classes).to(h.dtype))
            counts = self._problem.counts(labels)
            weighed = v if counts is None else v * counts.to(h.dtype)[:, None]
            sums.addmm_(h.T, weighed)
            missed += (weighed * v).double().sum()
            yield
        return sums, float(missed)

    def _rows(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield hidden outputs (B, M) and labels (B,), chunk by chunk."""
        if self._kept:
            yield from self._kept
            return
        kept = []
        for pixels, labels in self._train.batches(self._chunk):
            hidden = self._problem.stage.hidden(self._problem.stage.inputs(pixels))
            if self._keeps:
                kept.append((hidden, labels.clone()))
            yield hidden, labels
        self._kept = kept


def by_path(
    problem: Problem, gram: Gram, penalties: list[float], choose: str | None, splits: Splits
) -> Generator[None, None, Answer]:
    """Choose the best of several ridges: by accuracy on the validation images, or by PRESS on the training images."""
    choose = choose or ("press" if splits.validation is None else "validation")
    split = splits.train if choose == "press" else splits.validation
    if split is None:
        raise ConfigError(
            "solve.solver.choose: is 'validation', but there are no validation images; set data.validation, or choose"
            " press"
        )
    spectrum = Spectrum.of(gram)
    yield
    errors = torch.zeros(len(penalties), dtype=torch.float64, device=gram.a.device)
    hits = torch.zeros_like(errors)
    for pixels, labels in split.batches(ROWS):
        h, t = (one.to(gram.a.dtype) for one in problem.rows(pixels, labels))
        counts = problem.counts(labels)
        if choose == "press":
            outputs = least_squares.left_out(spectrum, h, t, penalties, counts)  # (P, B, C)
        else:
            rotated = h @ spectrum.vectors
            outputs = torch.stack([rotated @ spectrum.rotated(penalty) for penalty in penalties])
        squares = (outputs - t).double().square().sum(2)
        errors += (squares if counts is None else squares * counts).sum(1)
        hits += (outputs.argmax(2) == labels).sum(1)
        yield
    accuracies, losses = (hits / len(split)).tolist(), (errors / len(split)).nan_to_num(float("inf")).tolist()
    order = sorted(range(len(penalties)), key=lambda i: losses[i] if choose == "press" else (-accuracies[i], losses[i]))
    best = order[0]
    rows = zip(penalties, accuracies, losses, strict=True)
    path = [
        {"ridge": ridge, "accuracy": accuracy, "squared_error": loss if loss < float("inf") else None}
        for ridge, accuracy, loss in rows
    ]
    solved = spectrum.solve(penalties[best])
    more = {"ridge": penalties[best], "chosen_by": choose, "path": path, "at_the_end": best in (0, len(path) - 1)}
    return Answer(solved.beta, solved.condition, more)
