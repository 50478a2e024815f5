"""The benchmark's goals for fcnet: each measurement, its highest acceptable value, and how to compute it.

Imported by scripts/bench/page.py; does nothing by itself.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import Section, Spread, cell, differences, ratios, spread, values

STATED_MB = 600.0  # as docs/data.md states for a million images

ENOUGH = 0.98  # accuracy that configs/mnist-fast.yaml must reach

Sections = dict[str, Section]

LABELS = {
    "fcnet": "fcnet",
    "fcnet fp32": "fcnet, fp32",
    "fcnet bf16": "fcnet, bf16",
    "jax": "JAX, one compiled scan per epoch",
    "pytorch": "PyTorch, plain",
    "pytorch fp32": "PyTorch, plain, fp32",
    "pytorch bf16": "PyTorch, plain, autocast to bf16",
    "keras": "Keras 3 on JAX",
    "sklearn": "scikit-learn, MLPClassifier",
    "course": "the course's program",
    "matmuls fp32": "floor: the five matrix products, fp32",
    "matmuls bf16": "floor: the five matrix products, bf16",
    "mnist-fast": "fcnet, `configs/mnist-fast.yaml`",
}


class UnmeasuredError(Exception):
    """A measurement is missing; the text says why."""


class MissedError(Exception):
    """A goal was missed, whatever its number; the text says how."""


@dataclass(frozen=True)
class Goal:
    """A measurement, its goal, and how to compute it.

    Attributes:
        figure: what is measured.
        bound: the highest acceptable value.
        unit: appended to the numbers.
        measure: computes it from all sections. Raises UnmeasuredError or MissedError.
        below: whether the value must be below the bound, not equal to it.
        shown: the bound in words, if a number is less clear.
    """

    figure: str
    bound: float
    unit: str
    measure: Callable[[Sections], Spread]
    below: bool = False
    shown: str = ""

    def row(self, sections: Sections) -> list[str]:
        """Return the row of the table of goals."""
        goal = f"{'<' if self.below else '≤'} {self.shown or f'{self.bound:g}{self.unit}'}"
        try:
            found = self.measure(sections)
        except UnmeasuredError as error:
            return [self.figure, goal, f"not measured: {error}", "-"]
        except MissedError as error:
            return [self.figure, goal, str(error), "missed"]
        return [self.figure, goal, spread(found, self.unit), self.verdict(found.middle)]

    def verdict(self, value: float) -> str:
        """Return whether a value is good enough, or by how much it is not."""
        if value < self.bound or (value == self.bound and not self.below):
            return "yes"
        over = 100 * (value / self.bound - 1)
        return f"missed by {over:.0f} %" if over >= 10 else f"missed by {over:.1f} %"


def _required(sections: Sections, name: str, *wanted: str) -> Section:
    """Return a section in which all the given programs ran. Raises UnmeasuredError if there is none."""
    if name not in sections:
        raise UnmeasuredError("no GPU was available" if name == "gpu" else f"the section {name} was not run")
    for program in wanted:
        if not any(program in row for row in sections[name]["rounds"]):
            why = sections[name]["left_out"].get(program, "did not run")
            raise UnmeasuredError(f"{LABELS.get(program, program)}: {why}")
    return sections[name]


def _together(combine: Callable[..., list[float]], name: str, a: str, b: str) -> Callable[[Sections], Spread]:
    """Return a measure of the ratios or differences of two programs of a section."""

    def measure(sections: Sections, figure: str = "seconds") -> Spread:
        found = combine(_required(sections, name, a, b), a, b, figure)
        if not found:
            raise UnmeasuredError("no round has both")
        return Spread.of(found)

    return measure


def _alone(name: str, program: str, figure: str = "seconds", factor: float = 1.0) -> Callable[[Sections], Spread]:
    """Return a measure of one program's result, times a factor for its unit."""
    return lambda sections: Spread.of(
        [factor * value for value in values(_required(sections, name, program), program, figure)]
    )


def _memory(sections: Sections) -> Spread:
    """Return the peak memory above that of a process that only imports torch."""
    section = _required(sections, "small", "two epochs", "import torch")
    found = differences(section, "two epochs", "import torch", "peak_mb")
    if not found:
        raise UnmeasuredError("this system does not report a process's peak memory")
    return Spread.of(found)


def _speed_ratios(section: Section, a: str, b: str, _: str) -> list[float]:
    """Return the images per second of one program over those of another."""
    return ratios(section, a, b, "images_per_s")


def _large_memory(sections: Sections) -> Spread:
    """Return the peak memory of the mapped training above that of a process that only imports torch."""
    section = _required(sections, "large", "mapped", "import torch")
    return Spread.of(differences(section, "mapped", "import torch", "peak_mb"))


def _bf16_accuracy(sections: Sections) -> Spread:
    """Return the accuracy difference of bf16 and fp32 in points: mean over the seeds, and range of single seeds."""
    section = _required(sections, "accuracy", "fcnet bf16", "fcnet fp32")
    points = [100 * x for x in differences(section, "fcnet bf16", "fcnet fp32", "accuracy")]
    return Spread(abs(statistics.mean(points)), min(points), max(points))


def _fast(sections: Sections) -> Spread:
    """Return the seconds of training of configs/mnist-fast.yaml; it counts only if every seed reaches the accuracy."""
    section = _required(sections, "accuracy", "mnist-fast")
    reached = values(section, "mnist-fast", "accuracy")
    if min(reached) < ENOUGH:
        short = sum(one < ENOUGH for one in reached)
        taken = cell(values(section, "mnist-fast"), " s")
        raise MissedError(
            f"{short} of {len(reached)} seeds do not reach it (lowest: {100 * min(reached):.2f} %); {taken}"
        )
    return Spread.of(values(section, "mnist-fast"))


GOALS = [
    Goal("an epoch in fp32, over JAX's", 0.95, "", _together(ratios, "epoch", "fcnet fp32", "jax")),
    Goal("an epoch in bf16, over JAX's in fp32", 0.6, "", _together(ratios, "epoch", "fcnet bf16", "jax")),
    Goal("accuracy of bf16 against fp32, mean over seeds (range of single seeds)", 0.1, " points", _bf16_accuracy),
    Goal(
        "an epoch in fp32, over its five products", 1.25, "", _together(ratios, "epoch", "fcnet fp32", "matmuls fp32")
    ),
    Goal(
        "the whole job, over the course's program",
        1 / 15,
        "",
        _together(ratios, "job", "fcnet", "course"),
        shown="1/15",
    ),
    Goal("the whole job, over JAX's", 1.0, "", _together(ratios, "job", "fcnet", "jax"), below=True),
    Goal("seconds of training to 98 % on the test images", 4.0, " s", _fast, below=True),
    Goal("decoding the 70,000 PNGs", 3.0, " s", _together(differences, "small", "cold", "warm")),
    Goal("evaluating the 10,000 test images", 0.1, " s", _alone("small", "evaluation")),
    Goal("`fcnet --help`", 0.25, " s", _alone("small", "help")),
    Goal(
        "`configs/digits.yaml`, whole process, minus `import torch`",
        1.5,
        " s",
        _together(differences, "small", "digits", "import torch"),
    ),
    Goal("peak memory above `import torch`", 250.0, " MB", _memory),
    Goal(
        "a million images: seconds per image, mapped over resident",
        1.25,
        "",
        _together(_speed_ratios, "large", "resident", "mapped"),
        shown="1.25 (images/s within 20 %)",
    ),
    Goal("the same: peak memory of mapped, above `import torch`", STATED_MB, " MB", _large_memory),
    Goal("an epoch on a GPU, persistent", 9.0, " ms", _alone("gpu", "persistent", "epoch", 1000)),
    Goal("the same as a CUDA graph", 30.0, " ms", _alone("gpu", "graph", "epoch", 1000)),
    Goal(
        "ten epochs with tests on a GPU, after start-up",
        0.25,
        " s",
        _alone("gpu", "persistent", "ten_epochs"),
    ),
    Goal(
        "the whole command on a GPU, minus `import torch`",
        2.5,
        " s",
        _together(differences, "gpu", "command", "import torch"),
    ),
]
