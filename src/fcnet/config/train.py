"""The config's `train` section: optimisers, learning-rate schedules, and how a net is trained by gradients."""

from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, ValidationInfo, field_validator, model_validator

from fcnet.config.fields import LARGEST, Fraction, Named, Positive, Section
from fcnet.system.paths import PathText


class AdamSettings(Section):
    """The settings that Adam and AdamW share."""

    name: str
    lr: float = Field(1e-3, gt=0, le=LARGEST, description="peak learning rate")
    betas: Annotated[list[Fraction], Len(2, 2)] = Field(
        [0.9, 0.999], description="decay rates of the averages of the gradient and of its square"
    )
    eps: float = Field(1e-8, gt=0, le=LARGEST, description="constant added to the denominator")


class Adam(AdamSettings):
    """Kingma and Ba 2015. For weight decay see `train.l2`, or AdamW."""

    name: Literal["adam"] = "adam"


class AdamW(AdamSettings):
    """Loshchilov and Hutter 2019: Adam with decoupled weight decay."""

    name: Literal["adamw"] = "adamw"
    weight_decay: float = Field(
        0.01,
        ge=0,
        le=LARGEST,
        description="decoupled weight decay: weight matrices (not biases) shrink by lr * weight_decay per step",
    )


class SGD(Section):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    lr: float = Field(0.1, gt=0, le=LARGEST, description="peak learning rate")
    momentum: Fraction = Field(0.0, description="fraction of the last update that is kept")
    nesterov: bool = Field(False, description="use Nesterov's momentum; needs momentum > 0")

    @model_validator(mode="after")
    def _nesterov_moves(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise ValueError("`nesterov` needs `momentum` above 0; for example momentum: 0.9")
        return self


class Muon(Section):
    """Jordan 2024: momentum whose direction is orthogonalised, for weight matrices; Adam for all other parameters."""

    name: Literal["muon"] = "muon"
    lr: float = Field(0.02, gt=0, le=LARGEST, description="peak learning rate of the weight matrices")
    momentum: Fraction = Field(0.95, description="share of the running average of gradients that is kept")
    nesterov: bool = Field(True, description="look ahead with Nesterov's momentum")
    weight_decay: float = Field(
        0.0, ge=0, le=LARGEST, description="decoupled weight decay of the weight matrices, as in AdamW"
    )
    adam_lr: float = Field(
        1e-3, gt=0, le=LARGEST, description="peak learning rate of biases, factors and slopes, which Adam updates"
    )


Optimizer = Annotated[Adam | AdamW | SGD | Muon, Named(default="adam")]


class Warmed(Section):
    """The settings that all schedules except one_cycle share."""

    name: str
    warmup_epochs: float = Field(
        0.0, ge=0, le=1e6, description="epochs at the start in which the rate rises linearly from 0"
    )


class Constant(Warmed):
    """A constant learning rate."""

    name: Literal["constant"] = "constant"


class StepDecay(Warmed):
    """The rate is multiplied by gamma every `every_epochs` epochs."""

    name: Literal["step"] = "step"
    every_epochs: Positive = Field(10, description="epochs between two decays")
    gamma: float = Field(0.1, gt=0, le=1, description="factor per decay")


class Cosine(Warmed):
    """Half a cosine from lr down to `final` times lr."""

    name: Literal["cosine"] = "cosine"
    final: float = Field(0.0, ge=0, le=1, description="final rate, as a fraction of lr")


class Linear(Warmed):
    """A constant rate, then linearly down to `final` times lr."""

    name: Literal["linear"] = "linear"
    hold: float = Field(0.0, ge=0, lt=1, description="fraction of all steps before the rate falls")
    final: float = Field(0.0, ge=0, le=1, description="final rate, as a fraction of lr")


class OneCycle(Section):
    """Smith and Topin 2018: up along half a cosine, then down along another."""

    name: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(0.3, gt=0, lt=1, description="fraction of all steps in which the rate rises")
    start: float = Field(0.04, gt=0, le=1, description="initial rate, as a fraction of lr")
    final: float = Field(4e-6, ge=0, le=1, description="final rate, as a fraction of lr")


Schedule = Annotated[Constant | StepDecay | Cosine | Linear | OneCycle, Named(default="constant")]


class Average(Section):
    """A running average of the weights (Polyak and Juditsky 1992), which is evaluated and saved.

    After step t it keeps min(`decay`, (1 + t) / (10 + t)) of itself, so that it soon forgets the initial weights.
    """

    decay: Annotated[float, Field(gt=0, lt=1)] = Field(0.999, description="share of the average kept at each step")


class Teacher(Section):
    """Distillation (Hinton, Vinyals and Dean 2015): learn the probabilities of trained models too."""

    runs: Annotated[list[PathText], Len(1)] = Field(
        description="run directories of classifiers with the same classes; the mean of their probabilities is learned"
    )
    temperature: float = Field(
        4.0, gt=0, le=1000, description="divides the logits of both before their probabilities are compared"
    )
    weight: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9, description="share of the teacher in the loss; the rest is the cross-entropy with the labels"
    )


class EarlyStop(Section):
    """Stop if the validation images show no gain for some epochs.

    An epoch is a gain if its validation accuracy is higher than that of the last gain by more than `min_gain`; if
    `min_gain` is 0, an equal accuracy with a lower loss is one too. Of an autoencoder, the validation loss counts.
    """

    patience: Positive = Field(description="epochs without a gain after which training stops")
    min_gain: Annotated[float, Field(ge=0, le=LARGEST)] = Field(
        0.0,
        description="what a gain has to exceed: a share of the validation images, such as 0.001; of an autoencoder, a"
        " difference of losses",
    )


class Train(Section):
    """Gradient training, in mini-batches."""

    stages: Annotated[list[Positive], Len(1)] | None = Field(
        None,
        description="epochs of layer-wise training of an autoencoder, one number per layer: each is trained alone, on"
        " the codes of those below, before the `epochs` of the whole net",
    )
    epochs: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        10, description="passes over the training images; 0 only with `stages`"
    )
    batch_size: Positive = Field(100, description="images per step; the last batch of an epoch may be smaller")
    optimizer: Optimizer = Field(Adam(), description="adam, adamw, sgd or muon, and its settings")
    schedule: Schedule = Field(Constant(), description="learning-rate schedule")
    l2: float = Field(
        0.0,
        ge=0,
        le=LARGEST,
        description="lambda of the slides' structural risk: adds (lambda/2) * sum of squared weights to the loss",
    )
    label_smoothing: Fraction = Field(0.0, description="fraction of each target that is spread evenly over all classes")
    confidence_penalty: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None, description="subtracts so many times the entropy of the outputs from the loss (Pereyra et al. 2017)"
    )
    max_norm: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None,
        description="largest norm of the weights into a unit, which are scaled down to it after each step (Srivastava"
        " et al. 2014)",
    )
    average: Average | None = Field(
        None,
        description="evaluate and save a running average of the weights; those after the last step are kept in"
        " unaveraged.pth",
    )
    teacher: Teacher | None = Field(None, description="learn from trained models beside the labels")
    clip_grad_norm: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None, description="maximum norm of the gradient over all parameters; a larger gradient is scaled down to it"
    )
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="bf16 multiplies matrices in bfloat16; weights stay fp32, and so do the outputs of plain nets",
    )
    step: Literal["auto", "eager", "graph", "persistent"] = Field(
        "auto",
        description="how steps are computed on a GPU: one after the other (eager), many as a CUDA graph, or all by one"
        " kernel (persistent, for one hidden layer); auto takes the fastest that agrees with eager on the run's images",
    )
    early_stop: EarlyStop | None = Field(
        None,
        description="stop before the last epoch if validation no longer improves; needs `data.validation`, and no"
        " `stages`",
    )
    log_every: Positive = Field(100, description="steps between two log lines")
    save_every: Annotated[float, Field(ge=0, le=LARGEST)] | None = Field(
        None,
        description="seconds between two checkpoints, 0 for one after each step; by default 10, or more if saving would"
        " take more than 2 % of the time",
    )

    @field_validator("epochs")
    @classmethod
    def _some_epochs(cls, value: int, info: ValidationInfo) -> int:
        if value == 0 and not info.data.get("stages"):
            raise ValueError("is 0; should be a whole number of at least 1 (0 only with `stages`)")
        return value
