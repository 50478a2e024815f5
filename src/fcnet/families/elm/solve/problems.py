"""What an extreme learning machine solves for, one after the other: encoders, machines, their combiner."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from fcnet.families.elm.config import (
    RBF,
    Autoencoder,
    DrawnLayer,
    ELMModel,
    HiddenActivation,
    RidgeSolver,
    Solver,
)
from fcnet.families.elm.hidden_maps import Drawn, HiddenMap, Inputs, fill
from fcnet.families.elm.model import ELM, Encoded, Machine
from fcnet.families.elm.weights import PlainWeights, Weights


@dataclass(frozen=True, eq=False)
class Stage:
    """One least-squares problem H beta = T.

    Attributes:
        name: for people.
        hidden: the map that makes H of its inputs; drawn when the stage begins.
        inputs: of the map (B, D'), from pixels (B, D), by what the stages before have found.
        ways: to draw the map.
        width: of radial basis functions, where it is given.
        pixels: whether the inputs are the pixels themselves.
        classifies: T tells the classes; else it is the map's inputs.
        solver: how beta is found; None where the map is all that is wanted.
        put: takes beta (M, C).
    """

    name: str
    hidden: Drawn
    inputs: Callable[[Tensor], Tensor]
    ways: list[Weights]
    width: float | None
    pixels: bool
    classifies: bool
    solver: Solver | None
    put: Callable[[Tensor], None]

    @property
    def units(self) -> int:
        """Columns of H, M."""
        return self.hidden.units

    @property
    def inputs_width(self) -> int:
        """Columns of the map's inputs, D'."""
        return self.hidden.inputs

    def draw(self, inputs: Inputs, seed: tuple[int, ...]) -> None:
        """Draw the map."""
        fill(self.hidden, self.ways, self.width, inputs, seed)


def stages(model: ELM, spec: ELMModel, solver: Solver) -> list[Stage]:
    """The problems whose solutions fill a net, in order."""
    found = []
    for number, (layer, one) in enumerate(zip(model.encoders, spec.encoders, strict=True)):
        if isinstance(layer, Encoded) and isinstance(one, Autoencoder):
            found.append(_encoder(model, number, layer, one))
        elif isinstance(layer, HiddenMap) and isinstance(one, DrawnLayer):
            found.append(_drawn(model, number, layer, one))
    pixels = not spec.encoders
    ways = spec.all_weights
    shared = [ways] if spec.combiner is None else [[way] for way in ways]
    for machine, own in zip(model.machines, shared, strict=True):
        assert isinstance(machine, Machine)
        name = "hidden layer" if spec.combiner is None else f"machine {own[0].name}"
        found.append(_machine(name, machine, lambda x: model.encoders(x), own, spec.activation, solver, pixels))
    if spec.combiner is not None and model.combiner is not None:
        combiner = spec.combiner
        ways = [combiner.weights]
        found.append(
            _machine("combiner", model.combiner, model.machine_outputs, ways, combiner.activation, solver, False)
        )
    return found


def _machine(
    name: str,
    machine: Machine,
    inputs: Callable[[Tensor], Tensor],
    ways: list[Weights],
    activation: HiddenActivation,
    solver: Solver,
    pixels: bool,
) -> Stage:
    def put(beta: Tensor) -> None:
        machine.readout.weight.copy_(beta.T)

    return Stage(name, machine.hidden, inputs, ways, _width(activation), pixels, True, solver, put)


def _width(activation: HiddenActivation) -> float | None:
    """The width of radial basis functions, where it is given."""
    return activation.width if isinstance(activation, RBF) else None


def _drawn(model: ELM, number: int, layer: HiddenMap, spec: DrawnLayer) -> Stage:
    """A layer that is drawn, and no more."""

    def put(beta: Tensor) -> None:
        raise AssertionError(beta.shape)

    name, before, width = f"drawn layer {number + 1}", model.encoders[:number], _width(spec.activation)
    return Stage(name, layer, before, spec.all_weights, width, number == 0, False, None, put)


def _encoder(model: ELM, number: int, layer: Encoded, spec: Autoencoder) -> Stage:
    """An ELM autoencoder: an orthogonal random layer whose output weights, which return its input, make ``layer``."""
    before = model.encoders[:number]
    hidden = HiddenMap(layer.weight.shape[1], spec.hidden, spec.activation).to(layer.weight.device)

    def put(beta: Tensor) -> None:
        layer.weight.copy_(beta)

    ways: list[Weights] = [
        PlainWeights(name="orthogonal", length=0.0, bias=math.sqrt(3 / spec.hidden))
    ]  # biases of length 1
    solver = RidgeSolver(ridge=spec.ridge)
    return Stage(f"encoder {number + 1}", hidden, before, ways, None, number == 0, False, solver, put)
