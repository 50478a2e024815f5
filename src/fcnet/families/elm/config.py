"""The config's sections of extreme learning machines: how hidden weights are drawn and output weights found."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Field, Tag, model_validator

from fcnet.config.fields import LARGEST, ClassName, Named, Positive, Section, by_type
from fcnet.config.layers import Activation, OneActivation, PlainActivation
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
        None, description="in units of the inputs; without it the median distance between the centres"
    )


HiddenActivation = Activation | RBF
_HiddenActivation = Annotated[Activation | RBF, Named()]
_SIGMOID = PlainActivation(name="sigmoid")


def _listed(weights: Weights | list[Weights]) -> list[Weights]:
    return list(weights) if isinstance(weights, list) else [weights]


class Autoencoder(Section):
    """An ELM autoencoder (Kasun et al. 2013): an orthogonal random layer whose output weights return its input."""

    kind: Literal["autoencoder"] = "autoencoder"
    hidden: Units = Field(700, description="units, the width of what the next layer sees")
    activation: OneActivation = Field(_SIGMOID, description="of the random layer, and of the layer made of its weights")
    ridge: _Penalty = Field(1e-1, description="penalty of its output weights, which become the layer's weights")


class DrawnLayer(Section):
    """A hidden layer that is drawn, before another one."""

    kind: Literal["drawn"]
    hidden: Units = Field(1000, description="units, the width of what the next layer sees")
    activation: _HiddenActivation = Field(_SIGMOID, description="of its units")
    weights: WeightsOrList = Field(
        PlainWeights(name="gaussian"), description="how its weights are drawn; each of a list gets an equal share"
    )

    @property
    def all_weights(self) -> list[Weights]:
        """The ways to draw, one or more."""
        return _listed(self.weights)


Encoder = Annotated[Autoencoder | DrawnLayer, Named(default="autoencoder", key="kind")]


class Combiner(Section):
    """A second, small ELM on the outputs of several (McDonnell et al. 2015, section 2.6)."""

    hidden: Units = Field(500, description="units of the second ELM")
    activation: _HiddenActivation = Field(_SIGMOID, description="of its hidden units")
    weights: OneWeights = Field(ComputedWeights(), description="how its hidden weights are drawn; no rf, no lrf")


class ELMModel(ModelSection):
    """An extreme learning machine: a hidden layer that is drawn, and output weights in closed form."""

    section = "solve"
    in_order = False

    kind: Literal["elm"]
    hidden: Units = Field(1000, description="units of the hidden layer, M")
    activation: _HiddenActivation = Field(_SIGMOID, description="of the hidden units: any of an fcnet's, or rbf")
    weights: WeightsOrList = Field(
        PlainWeights(name="gaussian"),
        description="how hidden weights are drawn; of a list each gets an equal share of the units, or with `combiner` "
        "a whole ELM of its own",
    )
    encoders: list[Encoder] = Field(
        [],
        description="layers before the hidden one: ELM autoencoders (ML-ELM), or drawn as the hidden one is",
    )
    combiner: Combiner | None = Field(None, description="a second ELM on the outputs of those that `weights` lists")

    @property
    def all_weights(self) -> list[Weights]:
        """The ways to draw, one or more."""
        return _listed(self.weights)

    @property
    def _ways(self) -> list[Weights]:
        """Those, and the ways to draw layers before."""
        before = (way for one in self.encoders if isinstance(one, DrawnLayer) for way in one.all_weights)
        return [*self.all_weights, *before]

    @property
    def grows(self) -> bool:
        """Return whether images can be added: if the hidden map depends on no earlier solution."""
        return not self.encoders and self.combiner is None

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer; of several machines side by side, ``2x500``."""
        inner: list[int | str] = [one.hidden for one in self.encoders]
        if self.combiner is None:
            inner.append(self.hidden)
        else:
            inner += [f"{len(self.all_weights)}x{self.hidden}", self.combiner.hidden]
        return named_sizes(math.prod(size), inner, classes)

    def series(self, settings: Any) -> tuple[str, int]:
        """Return how the hidden layer is made and solved for, and its units."""
        ways = "+".join(way.name for way in self.all_weights)
        behind = "".join(f"{one.hidden}-" for one in self.encoders)
        combined = "" if self.combiner is None else f", {self.combiner.hidden} to combine"
        after = "" if isinstance(self.weights, LocalWeights) else f", {self.activation.name}"
        before = behind and f"behind {behind[:-1]}: "
        return f"{before}{ways}{after}{combined}, {settings.solve.solver.name}", self.hidden

    def misfit(self, size: Sequence[int]) -> str | None:
        """Why images of a size (height, width) do not fit the net, key first, where they do not."""
        for way in self._ways:
            if isinstance(way, FieldWeights) and (problem := way.misfit(size)):
                return f"weights: {problem}"
        return self.weights.misfit(size, self.hidden) if isinstance(self.weights, LocalWeights) else None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.combiner is not None and not isinstance(self.weights, list):
            raise ValueError("`combiner` combines several ELMs; list two or more in `weights`, such as [rf-ciw, rf-c]")
        if self.combiner is not None and isinstance(self.combiner.weights, FieldWeights):
            raise ValueError("the combiner's inputs are no pixels; choose weights without rf, such as ciw")
        behind = [one.all_weights for one in self.encoders[1:] if isinstance(one, DrawnLayer)]
        behind += [self.all_weights] if self.encoders else []
        if any(isinstance(way, FieldWeights) for ways in behind for way in ways):
            raise ValueError("behind `encoders` there are no pixels; choose weights without rf, such as c")
        self._check_local()
        if self.combiner is None and self.hidden < len(self.all_weights):
            raise ValueError(f"`hidden` is {self.hidden}, too few for {len(self.all_weights)} kinds of `weights`")
        return self

    def _check_local(self) -> None:
        """Raise ValueError where `lrf` is not all that a net is drawn by, or is given an activation."""
        combined = [] if self.combiner is None else [self.combiner.weights]
        if not any(isinstance(way, LocalWeights) for way in (*self._ways, *combined)):
            return
        if self.encoders or self.combiner or len(self.all_weights) > 1:
            raise ValueError("`lrf` makes a whole hidden layer, right behind the pixels; give `weights: lrf` alone")
        if "activation" in self.model_fields_set and self.activation != _SIGMOID:
            raise ValueError(
                f"`activation`: is {self.activation.name}, and units of `lrf` have none but the root of the sum of"
                " squares; take it out, or give activation: null where another file brings it"
            )


# --- output weights -----------------------------------------------------------------------------------------------


Ridges = Annotated[
    Annotated[_Penalty, Tag("|one")] | Annotated[Annotated[list[_Penalty], Len(2)], Tag("|several")],
    by_type({"|one": (int, float), "|several": list}, "should be a number above 0, or a list of several"),
]
ClassWeights = Annotated[
    Annotated[Literal["balanced"], Tag("|word")] | Annotated[dict[ClassName, _Penalty], Tag("|each")],
    by_type({"|word": str, "|each": dict}, "should be balanced, or a number for each class name"),
]


class RidgeSolver(Section):
    """The minimum of |H beta - T|^2 + ridge |beta|^2, by Cholesky; of several ridges, by eigenvalues, the best."""

    name: Literal["ridge"] = "ridge"
    ridge: Ridges = Field(1.0, description="penalty, 1/C of the slides; a list is tried whole, from one factorisation")
    choose: Literal["validation", "press"] | None = Field(
        None,
        description="how one of a list is chosen: by accuracy on the validation images, or by the squared error of "
        "each training image left out (PRESS); without it, by validation where there is some",
    )

    @model_validator(mode="after")
    def _chosen_of_several(self) -> Self:
        if self.choose is not None and not isinstance(self.ridge, list):
            raise ValueError("`choose` goes with a list of ridges, such as ridge: [1e-2, 1, 100]")
        return self


class PseudoInverse(Section):
    """beta = H^+ T (Moore-Penrose), by singular values; H is held whole, so for few units."""

    name: Literal["pinv"] = "pinv"
    cutoff: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="singular values below this share of the largest count as 0; without it what rounding to float32 "
        "makes of 0",
    )


class Lasso(Section):
    """The minimum of 1/2 |H beta - T|^2 + l1 |beta|_1: sparse output weights, by FISTA."""

    name: Literal["lasso"] = "lasso"
    l1: _Penalty = Field(10.0, description="penalty, 1/(2C) of the slides")
    tolerance: Annotated[float, Field(gt=0, lt=1)] = Field(
        1e-4, description="duality gap to end at, as a share of half the sum of squared targets"
    )
    steps: Positive = Field(20_000, description="most steps; the log tells where they did not do")


class SquaredHinge(Section):
    """The minimum of |V|^2 + ridge |beta|^2, where V is H beta - T, but 0 where outputs are beyond their targets."""

    name: Literal["squared-hinge"] = "squared-hinge"
    ridge: _Penalty = Field(0.1, description="penalty")
    steps: Positive = Field(
        5,
        description="most steps, each a least-squares solution with the same factorisation; the first is that of "
        "`ridge`, and a few of them generalise better than the minimum where the ridge is small",
    )
    tolerance: Annotated[float, Field(gt=0, lt=1)] = Field(
        1e-6, description="it ends where a step lowers the minimised sum by less than this share"
    )


Solver = Annotated[RidgeSolver | PseudoInverse | Lasso | SquaredHinge, Named(default="ridge")]


class Solve(Section):
    """How the output weights of an elm are found: targets 0 and 1, by least squares."""

    solver: Solver = Field(RidgeSolver(), description="ridge, pinv, lasso or squared-hinge, and its settings")
    class_weights: ClassWeights | None = Field(
        None,
        description="how much an image of each class counts: balanced (all classes alike), or a number per class name; "
        "1 for those that are not named",
    )
    precision: Literal["auto", "fp32", "fp64"] = Field(
        "auto", description="of H^T H and of the solution; auto takes fp64 unless the condition number allows fp32"
    )
    keep_gram: bool = Field(
        True, description="keep H^T H with the finished run, so that --resume can add images or change the solver"
    )
    save_every: Annotated[float, Field(ge=0, le=LARGEST)] | None = Field(
        None, description="seconds between two checkpoints, as in `train`"
    )
