"""The config sections of extreme learning machines: how hidden weights are drawn and output weights are found."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Field, Tag, model_validator

from fcnet.config.fields import LARGEST, ClassName, Named, Positive, Section, by_type
from fcnet.config.layers import Elementwise, OneElementwise, PlainActivation
from fcnet.families.common.spec import ModelSection, Size, named_sizes
from fcnet.families.elm.weights import (
    ComputedWeights,
    FieldWeights,
    LocalWeights,
    OneWeights,
    PlainWeights,
    Weights,
    WeightsOrList,
)

Units = Annotated[int, Field(ge=1, le=10_000_000)]
_Penalty = Annotated[float, Field(gt=0, le=LARGEST)]

# --- the hidden layer ---------------------------------------------------------------------------------------------


class RBF(Section):
    """Gaussian radial basis: exp(-|x - w|^2 / (2 width^2)); a unit's weights w are its centre."""

    name: Literal["rbf"] = "rbf"
    width: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None, description="width, in units of the inputs; default: the median distance between the centres"
    )


HiddenActivation = Elementwise | RBF
_HiddenActivation = Annotated[Elementwise | RBF, Named()]
_SIGMOID = PlainActivation(name="sigmoid")


def _listed(weights: Weights | list[Weights]) -> list[Weights]:
    return list(weights) if isinstance(weights, list) else [weights]


class Autoencoder(Section):
    """An ELM autoencoder (Kasun et al. 2013): an orthogonal random layer whose output weights return its input."""

    kind: Literal["autoencoder"] = "autoencoder"
    hidden: Units = Field(700, description="number of units, which is the number of inputs of the next layer")
    activation: OneElementwise = Field(
        _SIGMOID, description="activation of the random layer, and of the layer built from its output weights"
    )
    ridge: _Penalty = Field(1e-1, description="penalty on its output weights, which become the layer's weights")


class DrawnLayer(Section):
    """A random hidden layer before another one."""

    kind: Literal["drawn"]
    hidden: Units = Field(1000, description="number of units, which is the number of inputs of the next layer")
    activation: _HiddenActivation = Field(_SIGMOID, description="activation of its units")
    weights: WeightsOrList = Field(
        PlainWeights(name="gaussian"),
        description="how its weights are drawn; each entry of a list gets an equal share of the units",
    )

    @property
    def all_weights(self) -> list[Weights]:
        """Return the ways to draw, one or more."""
        return _listed(self.weights)


Encoder = Annotated[Autoencoder | DrawnLayer, Named(default="autoencoder", key="kind")]


class Combiner(Section):
    """A second, small ELM on the outputs of several (McDonnell et al. 2015, section 2.6)."""

    hidden: Units = Field(500, description="hidden units of the second ELM")
    activation: _HiddenActivation = Field(_SIGMOID, description="activation of its hidden units")
    weights: OneWeights = Field(ComputedWeights(), description="how its hidden weights are drawn; not rf or lrf")


class ELMModel(ModelSection):
    """An extreme learning machine: a random hidden layer, and output weights in closed form."""

    section = "solve"
    in_order = False

    kind: Literal["elm"]
    standardise: bool = Field(
        False,
        description="scale each image to mean 0 and standard deviation 1 over its own pixels before the first layer, as"
        " the program of Kasun et al. does",
    )
    hidden: Units = Field(1000, description="units of the hidden layer, M")
    activation: _HiddenActivation = Field(
        _SIGMOID, description="activation of the hidden units: any of an fcnet but maxout, or rbf"
    )
    weights: WeightsOrList = Field(
        PlainWeights(name="gaussian"),
        description="how hidden weights are drawn; each entry of a list gets an equal share of the units or, with "
        "`combiner`, its own ELM",
    )
    encoders: list[Encoder] = Field(
        [],
        description="layers before the hidden layer: ELM autoencoders (ML-ELM), or further random layers",
    )
    combiner: Combiner | None = Field(
        None, description="a second ELM that combines the outputs of the ELMs that `weights` lists"
    )

    @property
    def all_weights(self) -> list[Weights]:
        """Return the ways to draw, one or more."""
        return _listed(self.weights)

    @property
    def _ways(self) -> list[Weights]:
        """Return the ways to draw the hidden layer and those before it."""
        before = (way for one in self.encoders if isinstance(one, DrawnLayer) for way in one.all_weights)
        return [*self.all_weights, *before]

    @property
    def grows(self) -> bool:
        """Return whether images can be added: only if the hidden map does not depend on an earlier solution."""
        return not self.encoders and self.combiner is None

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer; ``2x500`` for two machines side by side."""
        inner: list[int | str] = [one.hidden for one in self.encoders]
        if self.combiner is None:
            inner.append(self.hidden)
        else:
            inner += [f"{len(self.all_weights)}x{self.hidden}", self.combiner.hidden]
        return named_sizes(math.prod(size), inner, classes)

    def series(self, settings: Any) -> tuple[str, int]:
        """Return how the hidden layer is drawn and solved for, and its units."""
        ways = "+".join(way.name for way in self.all_weights)
        behind = "".join(f"{one.hidden}-" for one in self.encoders)
        combined = "" if self.combiner is None else f", {self.combiner.hidden} to combine"
        after = "" if isinstance(self.weights, LocalWeights) else f", {self.activation.name}"
        before = behind and f"behind {behind[:-1]}: "
        scaled = ", standardised" if self.standardise else ""
        return f"{before}{ways}{after}{combined}{scaled}, {settings.solve.solver.name}", self.hidden

    def misfit(self, size: Sequence[int]) -> str | None:
        """Return why images of a size (height, width) do not fit the net, key first; None if they do."""
        for way in self._ways:
            if isinstance(way, FieldWeights) and (problem := way.misfit(size)):
                return f"weights: {problem}"
        return self.weights.misfit(size, self.hidden) if isinstance(self.weights, LocalWeights) else None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.combiner is not None and not isinstance(self.weights, list):
            raise ValueError("`combiner` combines several ELMs; list at least two in `weights`, such as [rf-ciw, rf-c]")
        if self.combiner is not None and isinstance(self.combiner.weights, FieldWeights):
            raise ValueError("the combiner's inputs are not pixels; choose weights without rf, such as ciw")
        behind = [one.all_weights for one in self.encoders[1:] if isinstance(one, DrawnLayer)]
        behind += [self.all_weights] if self.encoders else []
        if any(isinstance(way, FieldWeights) for ways in behind for way in ways):
            raise ValueError("inputs after `encoders` are not pixels; choose weights without rf, such as c")
        self._check_local()
        if self.combiner is None and self.hidden < len(self.all_weights):
            raise ValueError(
                f"`hidden` is {self.hidden}, fewer than the {len(self.all_weights)} entries of `weights`; add units"
            )
        return self

    def _check_local(self) -> None:
        """Raise ValueError if `lrf` is combined with other layers or weights, or with an activation."""
        combined = [] if self.combiner is None else [self.combiner.weights]
        if not any(isinstance(way, LocalWeights) for way in (*self._ways, *combined)):
            return
        if self.encoders or self.combiner or len(self.all_weights) > 1:
            raise ValueError("`lrf` must be the only hidden layer, directly after the pixels; use `weights: lrf` alone")
        if "activation" in self.model_fields_set and self.activation != _SIGMOID:
            raise ValueError(
                f"`activation`: is {self.activation.name}, but units of `lrf` take none (they are roots of sums of"
                " squares); remove it, or set activation: null if it comes from another file"
            )


# --- output weights -----------------------------------------------------------------------------------------------


Ridges = Annotated[
    Annotated[_Penalty, Tag("|one")] | Annotated[Annotated[list[_Penalty], Len(2)], Tag("|several")],
    by_type({"|one": (int, float), "|several": list}, "should be a number above 0, or a list of at least two"),
]
ClassWeights = Annotated[
    Annotated[Literal["balanced"], Tag("|word")] | Annotated[dict[ClassName, _Penalty], Tag("|each")],
    by_type({"|word": str, "|each": dict}, "should be balanced, or a number for each class name"),
]


class RidgeSolver(Section):
    """The minimum of |H beta - T|^2 + ridge |beta|^2, by Cholesky; for several ridges the best one, by eigenvalues."""

    name: Literal["ridge"] = "ridge"
    ridge: Ridges = Field(
        1.0, description="penalty, 1/C of the slides; all values of a list are tried, with a single factorisation"
    )
    choose: Literal["validation", "press"] | None = Field(
        None,
        description="how to choose from a list: by accuracy on the validation images, or by the leave-one-out squared "
        "error of the training images (PRESS); default: validation if there are validation images, else press",
    )

    @model_validator(mode="after")
    def _chosen_of_several(self) -> Self:
        if self.choose is not None and not isinstance(self.ridge, list):
            raise ValueError("`choose` needs a list of ridges, such as ridge: [1e-2, 1, 100]")
        return self


class PseudoInverse(Section):
    """beta = H^+ T (Moore-Penrose), by singular values; keeps all of H in memory, so only for few units."""

    name: Literal["pinv"] = "pinv"
    cutoff: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="singular values below this share of the largest count as 0; default: float32's rounding error",
    )


class Lasso(Section):
    """The minimum of 1/2 |H beta - T|^2 + l1 |beta|_1: sparse output weights, by FISTA."""

    name: Literal["lasso"] = "lasso"
    l1: _Penalty = Field(10.0, description="penalty, 1/(2C) of the slides")
    tolerance: Annotated[float, Field(gt=0, lt=1)] = Field(
        1e-4, description="duality gap at which to stop, as a share of half the sum of squared targets"
    )
    steps: Positive = Field(20_000, description="maximum number of steps; the log says if that was not enough")


class SquaredHinge(Section):
    """The minimum of |V|^2 + ridge |beta|^2, with V = H beta - T, but 0 where outputs are beyond their targets."""

    name: Literal["squared-hinge"] = "squared-hinge"
    ridge: _Penalty = Field(0.1, description="penalty on the output weights")
    steps: Positive = Field(
        5,
        description="maximum number of steps, each a least-squares solution with the same factorisation; the first is "
        "the `ridge` solution, and with a small ridge, a few steps generalise better than the minimum",
    )
    tolerance: Annotated[float, Field(gt=0, lt=1)] = Field(
        1e-6, description="stop when a step lowers the minimised sum by less than this share"
    )


Solver = Annotated[RidgeSolver | PseudoInverse | Lasso | SquaredHinge, Named(default="ridge")]


class Solve(Section):
    """How the output weights of an elm are found: by least squares, with targets 0 and 1."""

    solver: Solver = Field(RidgeSolver(), description="ridge, pinv, lasso or squared-hinge, and its settings")
    class_weights: ClassWeights | None = Field(
        None,
        description="weight of an image of each class: balanced (all classes count equally), or a number per class "
        "name; 1 for classes that are not named",
    )
    precision: Literal["auto", "fp32", "fp64"] = Field(
        "auto",
        description="precision of H^T H and of the solution; auto takes fp64 unless the condition number allows fp32",
    )
    keep_gram: bool = Field(
        True, description="keep H^T H with the finished run, so that --resume can add images or use another solver"
    )
    save_every: Annotated[float, Field(ge=0, le=LARGEST)] | None = Field(
        None, description="seconds between two checkpoints, as in `train`"
    )
