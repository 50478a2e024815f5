"""The least-squares problems of an extreme learning machine, in order: encoders, machines, their combiner."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

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
        name: for users.
        hidden: the map from its inputs to H; drawn when the problem begins.
        inputs: computes the map's inputs (B, D') from pixels (B, D), with the solutions of earlier problems.
        ways: to draw the map.
        width: of radial basis functions, if it is given.
        pixels: whether the inputs are the pixels themselves.
        classifies: whether T are the classes; else T are the map's inputs.
        solver: how beta is found; None for a random layer that is not solved for.
        put: stores beta (M, C) in the model.
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
        """Return the number of columns of H, M."""
        return self.hidden.units

    @property
    def inputs_width(self) -> int:
        """Return the number of columns of the map's inputs, D'."""
        return self.hidden.inputs

    def draw(self, inputs: Inputs, seed: tuple[int, ...]) -> None:
        """Draw the map."""
        fill(self.hidden, self.ways, self.width, inputs, seed)


def stages(model: ELM, spec: ELMModel, solver: Solver) -> list[Stage]:
    """Return the problems whose solutions are a net's weights, in order."""
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
        found.append(_machine(name, machine, model.encoded, own, spec.activation, solver, pixels))
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
    """Return the width of radial basis functions; None if it is not given."""
    return activation.width if isinstance(activation, RBF) else None


def _drawn(model: ELM, number: int, layer: HiddenMap, spec: DrawnLayer) -> Stage:
    """Return the stage of a random layer that is not solved for."""

    def put(beta: Tensor) -> None:
        raise AssertionError(beta.shape)

    name, width = f"drawn layer {number + 1}", _width(spec.activation)
    before = partial(model.encoded, layers=number)
    return Stage(name, layer, before, spec.all_weights, width, number == 0, False, None, put)


def _encoder(model: ELM, number: int, layer: Encoded, spec: Autoencoder) -> Stage:
    """Return the problem of an ELM autoencoder: random orthogonal weights; its output weights become ``layer``'s."""
    before = partial(model.encoded, layers=number)
    hidden = HiddenMap(layer.weight.shape[1], spec.hidden, spec.activation).to(layer.weight.device)

    def put(beta: Tensor) -> None:
        layer.weight.copy_(beta)

    ways: list[Weights] = [
        PlainWeights(name="orthogonal", length=0.0, bias=math.sqrt(3 / spec.hidden))
    ]  # a bias vector of expected length 1
    solver = RidgeSolver(ridge=spec.ridge)
    return Stage(f"encoder {number + 1}", hidden, before, ways, None, number == 0, False, solver, put)
