"""The config's `train` section: optimisers, learning-rate schedules, and how a net is trained by gradients."""

from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, ValidationInfo, field_validator, model_validator

from fcnet.config.fields import LARGEST, Fraction, Named, Positive, Section


class AdamSettings(Section):
    """What Adam and AdamW share."""

    name: str
    lr: float = Field(1e-3, gt=0, le=LARGEST, description="learning rate at its peak")
    betas: Annotated[list[Fraction], Len(2, 2)] = Field(
        [0.9, 0.999], description="decay of the averages of the gradient and of its square"
    )
    eps: float = Field(1e-8, gt=0, le=LARGEST, description="added to the denominator")


class Adam(AdamSettings):
    """Kingma and Ba 2015. No weight decay of its own: see `train.l2`, or AdamW."""

    name: Literal["adam"] = "adam"


class AdamW(AdamSettings):
    """Loshchilov and Hutter 2019: Adam with decoupled weight decay."""

    name: Literal["adamw"] = "adamw"
    weight_decay: float = Field(
        0.01, ge=0, le=LARGEST, description="decoupled: weight matrices (not biases) shrink by lr * weight_decay a step"
    )


class SGD(Section):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    lr: float = Field(0.1, gt=0, le=LARGEST, description="learning rate at its peak")
    momentum: Fraction = Field(0.0, description="share of the last update kept")
    nesterov: bool = Field(False, description="Nesterov's momentum; needs momentum > 0")

    @model_validator(mode="after")
    def _nesterov_moves(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise ValueError("`nesterov` needs `momentum` above 0; for example momentum: 0.9")
        return self


Optimizer = Annotated[Adam | AdamW | SGD, Named(default="adam")]


class Warmed(Section):
    """What all schedules but one_cycle share."""

    name: str
    warmup_epochs: float = Field(0.0, ge=0, le=1e6, description="epochs in which the rate first rises linearly from 0")


class Constant(Warmed):
    """The same learning rate throughout."""

    name: Literal["constant"] = "constant"


class StepDecay(Warmed):
    """The rate times gamma every so many epochs."""

    name: Literal["step"] = "step"
    every_epochs: Positive = Field(10, description="epochs between two decays")
    gamma: float = Field(0.1, gt=0, le=1, description="factor of each decay")


class Cosine(Warmed):
    """Half a cosine from the rate down to `final` times it."""

    name: Literal["cosine"] = "cosine"
    final: float = Field(0.0, ge=0, le=1, description="the last rate, as a share of lr")


class OneCycle(Section):
    """Smith and Topin 2018: up along half a cosine, then down along another."""

    name: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(0.3, gt=0, lt=1, description="share of all steps in which the rate rises")
    start: float = Field(0.04, gt=0, le=1, description="the first rate, as a share of lr")
    final: float = Field(4e-6, ge=0, le=1, description="the last rate, as a share of lr")


Schedule = Annotated[Constant | StepDecay | Cosine | OneCycle, Named(default="constant")]


class Train(Section):
    """How the net is trained by gradients, in mini-batches."""

    stages: Annotated[list[Positive], Len(1)] | None = Field(
        None,
        description="of an autoencoder: epochs in which each layer is trained alone, on the codes of those below; then "
        "come the `epochs` of the whole net",
    )
    epochs: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        10, description="passes over the training images; 0 only behind `stages`"
    )
    batch_size: Positive = Field(100, description="images per step; the last batch of an epoch may be smaller")
    optimizer: Optimizer = Field(Adam(), description="adam, adamw or sgd, and its settings")
    schedule: Schedule = Field(Constant(), description="course of the learning rate over the steps")
    l2: float = Field(
        0.0,
        ge=0,
        le=LARGEST,
        description="lambda of the slides' structural risk: (lambda/2) * sum of squared weights, in the loss",
    )
    label_smoothing: Fraction = Field(0.0, description="share of each target spread evenly over all classes")
    clip_grad_norm: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None, description="longest gradient (norm over all parameters); a longer one is scaled down to it"
    )
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="bf16 multiplies matrices in bfloat16; weights stay fp32, and so do the outputs of plain nets",
    )
    log_every: Positive = Field(100, description="steps between two lines of the log")
    save_every: Annotated[float, Field(ge=0, le=LARGEST)] | None = Field(
        None,
        description="seconds between two checkpoints, 0 for one after each step; without it 10, or more where saving"
        " would take over a fiftieth of the time",
    )

    @field_validator("epochs")
    @classmethod
    def _some_epochs(cls, value: int, info: ValidationInfo) -> int:
        if value == 0 and not info.data.get("stages"):
            raise ValueError("is 0; should be a whole number of at least 1 (0 only behind `stages`)")
        return value
