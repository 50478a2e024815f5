"""The `model` section of autoencoders: layers, loss, corruption and regularisation."""

import math
from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, model_validator

from fcnet.config.fields import LARGEST, Named, Positive, Section
from fcnet.config.layers import (
    Activation,
    AutoencoderInit,
    DefaultInit,
    Elementwises,
    OneElementwise,
    PlainActivation,
    per_layer,
)
from fcnet.families.common.spec import EncoderSpec, ModelSection, Size, named_sizes

_Weight = Annotated[float, Field(gt=0, le=LARGEST)]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Corrupted = Annotated[_Share, Field(description="probability that a pixel is corrupted")]

# --- denoising ----------------------------------------------------------------------------------------------------


class GaussianNoise(Section):
    """N(0, std^2) added to each pixel; values outside [0, 1] are not clipped."""

    name: Literal["gaussian"] = "gaussian"
    std: _Weight = Field(0.3, description="standard deviation, with pixels in [0, 1]")


class MaskingNoise(Section):
    """A share of the pixels set to 0 (Vincent et al. 2010)."""

    name: Literal["masking"] = "masking"
    share: _Corrupted = 0.25


class SaltAndPepper(Section):
    """A share of the pixels set to 0 or 1 with equal probability (Vincent et al. 2010)."""

    name: Literal["salt_and_pepper"] = "salt_and_pepper"
    share: _Corrupted = 0.25


CorruptionSpec = GaussianNoise | MaskingNoise | SaltAndPepper
Corruption = Annotated[CorruptionSpec, Named()]

# --- sparse codes -------------------------------------------------------------------------------------------------


class KLSparsity(Section):
    """weight * sum over code units of KL(target, mean activation over the batch), for sigmoid codes (Ng 2011)."""

    name: Literal["kl"] = "kl"
    target: _Share = Field(0.05, description="target of each unit's mean activation")
    weight: _Weight = Field(1.0, description="weight of the penalty; the loss is summed over the pixels")


class L1Sparsity(Section):
    """weight * sum of the code's absolute values, averaged over images."""

    name: Literal["l1"] = "l1"
    weight: _Weight = Field(0.1, description="weight of the penalty; the loss is summed over the pixels")


class KSparse(Section):
    """Only the k largest values of each code are kept; the others become 0 (Makhzani and Frey 2013)."""

    name: Literal["k_sparse"] = "k_sparse"
    k: Positive = Field(25, description="number of values kept")


Sparsity = Annotated[KLSparsity | L1Sparsity | KSparse, Named()]

# --- other kinds --------------------------------------------------------------------------------------------------


class Contractive(Section):
    """weight * squared Frobenius norm of the encoder's Jacobian, averaged over images (Rifai et al. 2011)."""

    weight: _Weight = Field(0.1, description="weight of the penalty; the loss is summed over the pixels")
    probes: Positive = Field(
        1,
        description="random vectors per image that estimate the norm for an encoder of several layers (Hutchinson); "
        "for one layer, the norm is exact",
    )


class StandardPrior(Section):
    """N(0, 1)."""

    name: Literal["standard"] = "standard"


class VampPrior(Section):
    """The mean of the codes' distributions for inputs that are trained like weights (Tomczak and Welling 2018)."""

    name: Literal["vamp"] = "vamp"
    pseudo_inputs: Positive = Field(
        500, description="number of these inputs: images, or values of the stochastic layer before the code"
    )


Prior = Annotated[StandardPrior | VampPrior, Named()]


class Variational(Section):
    """A code drawn from a Gaussian that the encoder describes, kept near N(0, 1) (Kingma and Welling 2014)."""

    beta: Annotated[float, Field(ge=0, le=LARGEST)] = Field(
        1.0,
        description="weight of the KL divergence (Higgins et al. 2017); with 1, the loss is the negative ELBO in nats"
        " (up to a constant if `loss` is squared)",
    )
    samples: Positive = Field(
        1,
        description="codes drawn per image in training; with several, the loss is the importance-weighted bound (Burda"
        " et al. 2015)",
    )
    likelihood_samples: Positive = Field(
        50,
        description="codes drawn per image when eval estimates the likelihood, which requires binarise or a squared"
        " loss",
    )
    stochastic: Annotated[list[Positive], Len(1)] | None = Field(
        None,
        description="layers of `hidden`, by number from 1, that are drawn from Gaussians, each described by the layers"
        " since the one before (Burda et al. 2015); the last must be the code, which is the only one by default",
    )
    prior: Prior = Field(StandardPrior(), description="distribution of the codes: standard or vamp")


class AutoencoderModel(ModelSection):
    """An encoder and a decoder, its mirror image, that reconstruct their input: r = g(h(x))."""

    classifies = False
    drawn = ("loss",)

    kind: Literal["autoencoder"]
    hidden: Annotated[list[Annotated[int, Field(ge=1, le=10_000_000)]], Len(1)] = Field(
        [500, 32],
        description="units of the encoder's layers; the last layer is the code. The decoder has them in reverse order",
    )
    activation: Elementwises = Field(
        PlainActivation(name="relu"),
        description="activation of all layers except code and output: one for all, or a list with one per layer before"
        " the code",
    )
    code_activation: OneElementwise = Field(PlainActivation(name="identity"), description="activation of the code")
    output: Literal["sigmoid", "identity"] = Field(
        "sigmoid", description="activation of the decoder's last layer; cross_entropy needs sigmoid"
    )
    loss: Literal["squared", "cross_entropy"] = Field(
        "squared", description="loss of a pixel; summed over the pixels of an image, averaged over images"
    )
    binarise: bool = Field(
        False,
        description="draw each pixel as 0 or 1, anew each time, with its value as the probability of 1 (dynamic"
        " binarisation); needs cross_entropy",
    )
    tied: bool = Field(False, description="tie weights: the decoder's weights are the encoder's, transposed")
    batch_norm: bool = Field(
        False, description="batch normalisation before each activation except those of code and output"
    )
    init: AutoencoderInit = Field(
        DefaultInit(),
        description="initialisation of the weights, named as in torch.nn.init; or run, from another run",
    )
    corruption: Corruption | None = Field(
        None, description="denoising: what corrupts the input; the target is the clean image"
    )
    sparse: Sparsity | None = Field(None, description="sparse codes: kl, l1 or k_sparse")
    contractive: Contractive | None = Field(None, description="contractive: a code that changes little with its input")
    variational: Variational | None = Field(None, description="variational: a code with a distribution")

    @property
    def code(self) -> int:
        """Return the number of values of a code, K."""
        return self.hidden[-1]

    @property
    def activations(self) -> list[Activation]:
        """Return the activation of each layer before the code; a layer that is drawn from a Gaussian has none."""
        found = per_layer(self.activation, len(self.hidden) - 1)
        for number in self.stochastic[:-1]:
            found[number - 1] = PlainActivation(name="identity")
        return found

    @property
    def stochastic(self) -> list[int]:
        """Return the layers, from 1, that are drawn from Gaussians in a variational net: the code, and any before."""
        given = None if self.variational is None else self.variational.stochastic
        return [len(self.hidden)] if given is None else given

    @property
    def prior(self) -> StandardPrior | VampPrior | None:
        """Return the distribution of a variational net's codes."""
        return None if self.variational is None else self.variational.prior

    @property
    def has_likelihood(self) -> bool:
        """Return whether the decoder defines a distribution of the pixels; cross-entropy does not for grey pixels."""
        return self.variational is not None and (self.binarise or self.loss == "squared")

    @property
    def unit(self) -> str:
        """Return the unit of an image's loss."""
        return "nats" if self.loss == "cross_entropy" else "squared error"

    @property
    def encoder(self) -> EncoderSpec:
        """Return the layers with which a classifier can be initialised."""
        problem = ""
        if self.batch_norm:
            problem = "its code has no batch_norm, but every hidden layer would; train both without it"
        elif isinstance(self.sparse, KSparse):
            problem = "its code is k_sparse, which no hidden layer can be; choose another autoencoder"
        elif len(self.stochastic) > 1:
            problem = f"its layer {self.stochastic[0]} is drawn, which no hidden layer is; choose another autoencoder"
        return EncoderSpec(self.hidden, [*self.activations, self.code_activation], problem)

    def layer_sizes(self, size: Size, classes: int) -> list[str]:  # noqa: ARG002
        """Return the units of each layer, from the pixels through the code to the pixels."""
        pixels = math.prod(size)
        return named_sizes(pixels, [*self.hidden, *self.hidden[-2::-1]], pixels)

    def warning(self, pixels: int) -> str | None:
        """Return why it may learn to copy images with so many pixels; None if something prevents that."""
        kept = (self.corruption, self.sparse, self.contractive, self.variational)
        if min(self.hidden) < pixels or any(one is not None for one in kept):
            return None
        return (
            f"model.hidden: is {self.hidden}, nowhere narrower than the {pixels} pixels, and nothing else prevents the"
            " net from learning to copy its input; choose a narrower code, or corruption, sparse, contractive or"
            " variational"
        )

    @property
    def unstackable(self) -> str | None:
        """Return why layer-wise training is not possible; None if it is."""
        if self.variational is not None:
            return "a `variational` code must be trained with the whole net; remove train.stages"
        others = [one.name for one in self.activations if one.name != "sigmoid"]
        if self.loss == "cross_entropy" and others:
            return (
                f"`loss` cross_entropy needs targets in [0, 1], but in layer-wise training they include outputs of"
                f" `activation` {others[0]}; choose sigmoid, or loss squared"
            )
        return None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden) - 1:
            raise ValueError(
                f"`activation` lists {len(self.activation)} activations, but there are {len(self.hidden) - 1} layers"
                " before the code; give one per layer, or a single one for all"
            )
        if self.loss == "cross_entropy" and self.output != "sigmoid":
            raise ValueError("`loss` cross_entropy needs `output` sigmoid, for values in [0, 1]; or choose squared")
        if self.binarise and self.loss != "cross_entropy":
            raise ValueError("`binarise` makes pixels 0 or 1, which needs `loss` cross_entropy; choose it")
        if isinstance(self.sparse, KSparse) and self.sparse.k > self.code:
            raise ValueError(
                f"`sparse` keeps {self.sparse.k} values, but the code has {self.code}; choose k up to {self.code}"
            )
        if isinstance(self.sparse, KLSparsity) and self.code_activation.name != "sigmoid":
            raise ValueError(
                f"`sparse` kl needs activations in [0, 1], but `code_activation` is {self.code_activation.name}; choose"
                " sigmoid, or sparse l1"
            )
        if self.contractive is not None and self.batch_norm and len(self.hidden) > 1:
            raise ValueError(
                "`contractive` treats each image by itself, but `batch_norm` depends on the whole batch; choose one"
            )
        if self.variational is not None:
            self._check_variational(self.variational)
        return self

    def _check_variational(self, variational: Variational) -> None:
        others = {"tied": self.tied, "sparse": self.sparse is not None, "contractive": self.contractive is not None}
        if any(others.values()):
            found = next(name for name, given in others.items() if given)
            raise ValueError(f"`variational` and `{found}` cannot be combined; choose one")
        if self.code_activation.name != "identity":
            raise ValueError("`variational` codes are Gaussian: `code_activation` must be identity")
        if variational.samples > 1 and variational.beta != 1:
            raise ValueError("`variational`: with several samples, the loss is a likelihood bound, which needs beta: 1")
        if variational.stochastic is not None:
            self._check_stochastic(variational.stochastic)

    def _check_stochastic(self, numbers: list[int]) -> None:
        last = len(self.hidden)
        if numbers != sorted(set(numbers)) or numbers[-1] != last:
            raise ValueError(
                f"`variational`: `stochastic` is {numbers}, but should list layers of `hidden` in rising order, to"
                f" the code, layer {last}; for example {sorted({max(last // 2, 1), last})}"
            )
        if not isinstance(self.activation, list):
            return
        for number in numbers[:-1]:
            if (name := self.activation[number - 1].name) != "identity":
                raise ValueError(
                    f"`activation` of layer {number} is {name}, but that layer is `stochastic`: its values are drawn"
                    " from Gaussians; write identity"
                )
