"""Training in closed form: the output weights of an extreme learning machine, ``solve`` -> problem -> chunk.

The counterpart of ``GradientTraining``, with the same interface (``Trainable``). It prints nothing and knows no paths.
"""

import math
from collections.abc import Generator
from typing import Any

import torch
from torch import nn

from fcnet.data.splits import Splits
from fcnet.families.elm.config import ELMModel, PseudoInverse, Solve
from fcnet.families.elm.model import ELM
from fcnet.families.elm.solve import solution
from fcnet.families.elm.solve.least_squares import Answer
from fcnet.families.elm.solve.problems import stages
from fcnet.families.elm.solve.seen_images import SeenImages
from fcnet.families.elm.solve.solution import Problem
from fcnet.families.elm.solve.sums import CHUNK, DTYPES, StageSums, chunks
from fcnet.training.evaluate import best_scale, predict
from fcnet.training.metrics import Metrics
from fcnet.training.records import Begin, EpochRecord, Record, StageRecord, Start, Tick

Trail = Generator[Record, None, None]


def solve(solving: "ClosedFormTraining") -> Trail:
    """Solve to the end, from the current step on.

    Yields:
        a ``Start``, a ``Tick`` after each chunk of rows, a ``StageRecord`` after each set of output weights, and an
        ``EpochRecord`` at the end. At each of them ``solving.state()`` is complete.

    Raises:
        DivergedError: hidden outputs are not finite.
        ConfigError, DataError, ResourceError: the equations cannot be solved with these settings, or in this memory.
    """
    yield Start(solving.step_name, solving.epochs)
    while not solving.all_solved:
        yield from solving.add_rows()
        yield from solving.solve_stage()
    if not solving.finished:
        yield solving.conclude()


class ClosedFormTraining:
    """The state of a closed-form training between two chunks of rows.

    Args:
        model: on the device of the labels.
        splits: the images.
        spec: the model's config.
        settings: the config's ``solve``.
        seed: of the hidden maps.
        chunk: rows added to the sums together.

    Attributes:
        epoch: number of the solution, from 1; increases each time that images are added.
        step: chunks of rows summed, and problems solved, in it.
        finished: whether the training is done.
        done: facts of the solved problems.
    """

    epochs = 1  # passes over the images

    def __init__(
        self, model: ELM, splits: Splits, spec: ELMModel, settings: Solve, seed: int, chunk: int = CHUNK
    ) -> None:
        self.model, self.splits, self.settings, self.seed, self._chunk = model, splits, settings, seed, chunk
        train = splits.train
        weights = solution.class_weights(settings, train.labels, train.classes)
        self._weights = [] if weights is None else weights.tolist()
        self._problems = [Problem(stage, len(train.classes), weights) for stage in stages(model, spec, settings.solver)]
        for problem in self._problems:
            solution.check_memory(problem.stage, settings, len(train))
        self.epoch, self.finished = 1, False
        self._begin()

    def _begin(self) -> None:
        """Go to the first chunk of the first problem."""
        self.step, self._stage, self.done, self._seconds = 0, 0, list[dict[str, Any]](), 0.0
        self._begin_stage()

    def _begin_stage(self, stage: int | None = None) -> None:
        """Go to the first chunk of the current problem, or of another one."""
        number = self._stage if stage is None else stage
        seed = (self.seed, number)
        self._summing = StageSums(self._problems[number], self.splits.train, self.settings, seed, self._chunk)

    @property
    def step_name(self) -> str:
        """Return how the solution is computed."""
        return f"closed form ({self.settings.solver.name}), {self.splits.train.labels.device.type}"

    @property
    def all_solved(self) -> bool:
        """Return whether all problems are solved."""
        return self._stage == len(self._problems)

    @property
    def save_every(self) -> float | None:
        """Return the seconds between two checkpoints; None if they are not set."""
        return self.settings.save_every

    @property
    def smaller(self) -> str:
        """Return the setting to reduce if memory runs out, and its value."""
        return f"model.hidden: the widest layer has {max(problem.stage.units for problem in self._problems)} units"

    def records(self) -> Trail:
        """Solve to the end, as ``solve`` does."""
        return solve(self)

    def place(self) -> str:
        """Describe the current step in words."""
        if self.all_solved:
            return "after the last stage"
        n = len(self.splits.train)
        return f"after {n - len(self._summing.left)} of {n} images of the {self._summing.problem.stage.name}"

    def _tick(self, stage: str = "") -> Tick:
        sums = sum(problem.stage.solver is not None for problem in self._problems[self._stage + 1 :])
        own = self._summing.chunks if self._summing.problem.stage.solver is not None else 0
        solutions = len(self._problems) - self._stage
        steps = self.step + own + sums * chunks(len(self.splits.train), self._chunk) + solutions
        return Tick(self.epoch, self.step, steps, stage)

    def add_rows(self) -> Trail:
        """Add the remaining rows to the sums of the current problem."""
        for _ in self._summing.add_rows():
            self.step += 1
            yield self._tick(self._summing.problem.stage.name)

    @torch.no_grad()
    def solve_stage(self) -> Trail:
        """Solve the current problem and go to the next; or restart it in float64 if float32 is too coarse."""
        summing = self._summing
        stage = summing.problem.stage
        if stage.solver is None:
            facts = {"stage": stage.name, "units": stage.units, "images": len(self.splits.train)}
            self.done.append(facts | {"map_s": round(summing.watch.seconds()["map"], 3)})
            self._next_stage()
            yield self._tick()
            return
        summing.check()
        assert summing.sums is not None
        yield Begin(f"{stage.name}: solution ({stage.solver.name}), {stage.units} units")
        asking = solution.find(summing.problem, summing.sums, self.splits, self.settings.precision == "auto")
        with summing.watch.timing("solve"):
            answer = yield from self._asked(asking)
        if self.settings.precision == "auto" and solution.too_coarse(answer.condition, DTYPES[summing.precision]):
            summing.begin("fp64", f"condition number {answer.condition:.1e}, too large for fp32")
            return
        beta = answer.beta.to(torch.float32)
        if not (beta.isfinite().all() and math.isfinite(answer.condition or 0.0)):
            raise summing.not_finite("output weights")
        stage.put(beta)
        self.done.append(self._facts_of(answer))
        self._next_stage()
        yield StageRecord(self.epoch, self.done[-1])

    def _next_stage(self) -> None:
        """Go to the next problem, if there is one; else keep the sums, to which images may be added."""
        self._seconds += sum(self._summing.watch.seconds().values())
        self._stage += 1
        self.step += 1  # so that what was solved is saved
        if not self.all_solved:
            self._begin_stage()

    def _asked(self, asking: Generator[None, None, Answer]) -> Generator[Record, None, Answer]:
        """Run the solver, yielding a ``Tick`` at each point where it can be paused."""
        while True:
            try:
                next(asking)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            yield self._tick()

    def _facts_of(self, answer: Answer) -> dict[str, Any]:
        """Return the facts of the current problem."""
        summing = self._summing
        return {
            "stage": summing.problem.stage.name,
            "units": summing.problem.stage.units,
            "images": len(summing.seen),
            "precision": summing.precision,
            "why": summing.why,
            "condition": answer.condition,
            **answer.facts,
            "nonzeros": int((answer.beta != 0).sum()),
            "weights": answer.beta.numel(),
            **{f"{name}_s": round(seconds, 3) for name, seconds in summing.watch.seconds().items()},
        }

    @torch.no_grad()
    def conclude(self) -> EpochRecord:
        """Scale the outputs to logits, and evaluate."""
        self.model.scale.fill_(1)
        outputs = {name: predict(self.model, split) for name, split in self.splits.items()}
        labels = {name: split.labels for name, split in self.splits.items()}
        calibrated = "validation" if "validation" in outputs else "train"
        self.model.scale.fill_(best_scale(outputs[calibrated], labels[calibrated]))
        found = {name: Metrics.of(self.model.scale * one, labels[name]) for name, one in outputs.items()}
        record = EpochRecord(self.epoch, found["train"], found.get("validation"), found.get("test"), self._seconds)
        self.epoch, self.step, self.finished = self.epoch + 1, 0, True
        return record

    @property
    def unaveraged(self) -> nn.Module:
        """Return the model, whose weights are not averaged."""
        return self.model

    def facts(self) -> dict[str, Any]:
        """Return further entries for result.json."""
        return {"solve": self.done}

    def check_now(self) -> None:
        """Raise DivergedError if the sums are not finite."""
        self._summing.check()

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, except the config and the images; not copies."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self._seconds,
            "finished": self.finished,
            "stage": self._stage,
            "done": list(self.done),
            "solver": self.settings.solver.model_dump_json(),
            "class_weights": self._weights,
            "model": dict(self.model.state_dict()),
            "summing": self._summing.state(not self.finished or (self.settings.keep_gram and len(self._problems) == 1)),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training with the same config; then add new images, and use another solver.

        If images or solver are new, the problems are solved again. A net with a single problem keeps its map and,
        unless the class weights have changed, its sums.

        Raises:
            DataError: images that were added to the sums are no longer among the training images.
            LookupError, TypeError, ValueError, RuntimeError, ArithmeticError: the state is not valid.
        """
        stage, finished, summing = int(state["stage"]), bool(state["finished"]), state["summing"]
        epoch, step, seconds = int(state["epoch"]), int(state["step"]), float(state["seconds"])
        known = 0 <= stage <= len(self._problems) and (not finished or stage == len(self._problems))
        if not (known and epoch >= 1 and step >= 0 and math.isfinite(seconds)):
            raise ValueError(f"stage {stage} of solution {epoch}, step {step}, {seconds} seconds")
        seen = SeenImages(self.splits.train)
        seen.load(summing["seen"])
        left = seen.left()
        self.model.load_state_dict(state["model"])
        self.epoch = epoch
        solved = stage == len(self._problems)
        single = len(self._problems) == 1
        again = solved and (len(left) > 0 or state["solver"] != self.settings.solver.model_dump_json())
        if again:
            self._begin()
            self.epoch = epoch + (not finished)  # checkpoints are distinguished by it
        else:
            self._stage, self.step, self._seconds, self.finished = stage, step, seconds, finished
            self.done = [dict(one) for one in state["done"]]
            self._begin_stage(min(stage, len(self._problems) - 1))
            if solved:
                self._summing.seen, self._summing.left = seen, left
        if single or not solved:
            self._summing.load_map(summing)
            as_before = state["class_weights"] == self._weights
            if summing["sums"] and as_before and not isinstance(self._problems[-1].stage.solver, PseudoInverse):
                self._summing.load(summing, seen, left)
