"""The config's `model` section of autoencoders: what is built, corrupted, regularised and compared."""

import math
from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, model_validator

from fcnet.config.fields import LARGEST, Named, Positive, Section
from fcnet.config.layers import (
    Activation,
    Activations,
    AutoencoderInit,
    DefaultInit,
    OneActivation,
    PlainActivation,
    per_layer,
)
from fcnet.families.common.spec import EncoderSpec, ModelSection, Size, named_sizes

_Weight = Annotated[float, Field(gt=0, le=LARGEST)]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Corrupted = Annotated[_Share, Field(description="of the pixels, each by chance")]

# --- denoising ----------------------------------------------------------------------------------------------------


class GaussianNoise(Section):
    """N(0, std^2) added to each pixel; what leaves [0, 1] stays outside."""

    name: Literal["gaussian"] = "gaussian"
    std: _Weight = Field(0.3, description="standard deviation, where pixels are in [0, 1]")


class MaskingNoise(Section):
    """A share of the pixels set to 0 (Vincent et al. 2010)."""

    name: Literal["masking"] = "masking"
    share: _Corrupted = 0.25


class SaltAndPepper(Section):
    """A share of the pixels set to 0 or to 1, as likely as each other (Vincent et al. 2010)."""

    name: Literal["salt_and_pepper"] = "salt_and_pepper"
    share: _Corrupted = 0.25


CorruptionSpec = GaussianNoise | MaskingNoise | SaltAndPepper
Corruption = Annotated[CorruptionSpec, Named()]

# --- sparse codes -------------------------------------------------------------------------------------------------


class KLSparsity(Section):
    """weight * sum over code units of KL(target, mean activation over the batch), for sigmoid codes (Ng 2011)."""

    name: Literal["kl"] = "kl"
    target: _Share = Field(0.05, description="mean activation that each unit is drawn to")
    weight: _Weight = Field(1.0, description="of the penalty, beside a loss summed over the pixels")


class L1Sparsity(Section):
    """weight * sum of the code's absolute values, mean over images."""

    name: Literal["l1"] = "l1"
    weight: _Weight = Field(0.1, description="of the penalty, beside a loss summed over the pixels")


class KSparse(Section):
    """Of each code only the k largest values are kept, the others are 0 (Makhzani and Frey 2013)."""

    name: Literal["k_sparse"] = "k_sparse"
    k: Positive = Field(25, description="values kept")


Sparsity = Annotated[KLSparsity | L1Sparsity | KSparse, Named()]

# --- other kinds --------------------------------------------------------------------------------------------------


class Contractive(Section):
    """weight * squared Frobenius norm of the encoder's Jacobian, mean over images (Rifai et al. 2011)."""

    weight: _Weight = Field(0.1, description="of the penalty, beside a loss summed over the pixels")
    probes: Positive = Field(
        1,
        description="random vectors per image that estimate the norm of an encoder of several layers (Hutchinson); of "
        "one layer it is exact",
    )


class Variational(Section):
    """A code drawn from a Gaussian that the encoder describes, kept near N(0, 1) (Kingma and Welling 2014)."""

    beta: Annotated[float, Field(ge=0, le=LARGEST)] = Field(
        1.0,
        description="weight of the KL divergence (Higgins et al. 2017); with 1 the loss is the negative ELBO in nats,"
        " but for a constant where it is squared",
    )
    samples: Positive = Field(
        1,
        description="codes drawn per image in training; several make the importance-weighted bound (Burda et al. 2015)",
    )
    likelihood_samples: Positive = Field(
        50,
        description="codes drawn per image where eval estimates its likelihood; pixels have one with binarise or a"
        " squared loss",
    )


class AutoencoderModel(ModelSection):
    """An encoder and a decoder, its mirror image, that return their input: r = g(h(x))."""

    classifies = False
    drawn = ("loss",)

    kind: Literal["autoencoder"]
    hidden: Annotated[list[Annotated[int, Field(ge=1, le=10_000_000)]], Len(1)] = Field(
        [500, 32], description="units of the encoder's layers; the last is the code. The decoder has them in reverse"
    )
    activation: Activations = Field(
        PlainActivation(name="relu"),
        description="of all layers but the code and the output: one, or a list with one per layer before the code",
    )
    code_activation: OneActivation = Field(PlainActivation(name="identity"), description="of the code")
    output: Literal["sigmoid", "identity"] = Field(
        "sigmoid", description="what makes pixels of the decoder's last layer; cross_entropy needs sigmoid"
    )
    loss: Literal["squared", "cross_entropy"] = Field(
        "squared", description="of a pixel; summed over the pixels of an image, mean over images"
    )
    binarise: bool = Field(
        False,
        description="each time that an image is looked at, pixels are drawn to be 0 or 1 with their value as the chance"
        " (dynamic binarisation); needs cross_entropy",
    )
    tied: bool = Field(
        False, description="the decoder's weights are the encoder's, transposed: one parameter, used twice"
    )
    batch_norm: bool = Field(
        False, description="batch normalisation before each activation but the code's and the output's"
    )
    init: AutoencoderInit = Field(
        DefaultInit(), description="initialisation, named as in torch.nn.init; or run, what another run has learned"
    )
    corruption: Corruption | None = Field(
        None, description="denoising: what corrupts the input; the target is the clean image"
    )
    sparse: Sparsity | None = Field(None, description="sparse codes: kl, l1 or k_sparse")
    contractive: Contractive | None = Field(None, description="a code that changes little with its input")
    variational: Variational | None = Field(None, description="a code with a distribution: the variational autoencoder")

    @property
    def code(self) -> int:
        """Values of a code, K."""
        return self.hidden[-1]

    @property
    def activations(self) -> list[Activation]:
        """Of each layer before the code."""
        return per_layer(self.activation, len(self.hidden) - 1)

    @property
    def has_likelihood(self) -> bool:
        """Whether the decoder gives a distribution of the pixels compared; cross-entropy is none of grey ones."""
        return self.variational is not None and (self.binarise or self.loss == "squared")

    @property
    def unit(self) -> str:
        """Of the loss of an image."""
        return "nats" if self.loss == "cross_entropy" else "squared error"

    @property
    def encoder(self) -> EncoderSpec:
        """Return the layers that a classifier can begin with."""
        problem = ""
        if self.batch_norm:
            problem = "batch_norm: its code has none, and each hidden layer would; train both without it"
        elif isinstance(self.sparse, KSparse):
            problem = "its code keeps some values alone, which a layer of a net does not; choose another autoencoder"
        return EncoderSpec(self.hidden, [*self.activations, self.code_activation], problem)

    def layer_sizes(self, size: Size, classes: int) -> list[str]:  # noqa: ARG002
        """Return the units of each layer, from the pixels through the code to the pixels."""
        pixels = math.prod(size)
        return named_sizes(pixels, [*self.hidden, *self.hidden[-2::-1]], pixels)

    def warning(self, pixels: int) -> str | None:
        """Return why it may learn to copy images of so many pixels, if nothing keeps it from that."""
        kept = (self.corruption, self.sparse, self.contractive, self.variational)
        if min(self.hidden) < pixels or any(one is not None for one in kept):
            return None
        return (
            f"model.hidden: is {self.hidden}, nowhere narrower than the {pixels} pixels, and nothing else keeps the net"
            " from copying its input, which would teach it nothing; choose a narrower code, or corruption, sparse,"
            " contractive or variational"
        )

    @property
    def unstackable(self) -> str | None:
        """Why its layers cannot be trained one by one, where they cannot."""
        if self.variational is not None:
            return "a `variational` code is trained with the whole net; take them out"
        others = [one.name for one in self.activations if one.name != "sigmoid"]
        if self.loss == "cross_entropy" and others:
            return (
                f"`loss` cross_entropy compares with chances, and `activation` {others[0]}, which the layer above gives"
                " back, is none; choose sigmoid, or loss squared"
            )
        return None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden) - 1:
            raise ValueError(
                f"`activation` lists {len(self.activation)} and there are {len(self.hidden) - 1} layers before the"
                " code; give one for each, or a single one for all"
            )
        if self.loss == "cross_entropy" and self.output != "sigmoid":
            raise ValueError("`loss` cross_entropy needs `output` sigmoid, whose values are chances; or choose squared")
        if self.binarise and self.loss != "cross_entropy":
            raise ValueError("`binarise` makes pixels of 0 and 1, which `loss` cross_entropy is for; choose it")
        if isinstance(self.sparse, KSparse) and self.sparse.k > self.code:
            raise ValueError(f"`sparse` keeps {self.sparse.k} values and the code has {self.code}; choose k up to that")
        if isinstance(self.sparse, KLSparsity) and self.code_activation.name != "sigmoid":
            raise ValueError(
                f"`sparse` kl compares mean activations with chances, and `code_activation` is"
                f" {self.code_activation.name}; choose sigmoid, or sparse l1"
            )
        if self.contractive is not None and self.batch_norm and len(self.hidden) > 1:
            raise ValueError("`contractive` looks at one image at a time, `batch_norm` at a whole batch; choose one")
        if self.variational is not None:
            self._check_variational(self.variational)
        return self

    def _check_variational(self, variational: Variational) -> None:
        others = {"tied": self.tied, "sparse": self.sparse is not None, "contractive": self.contractive is not None}
        if any(others.values()):
            found = next(name for name, given in others.items() if given)
            raise ValueError(f"`variational` and `{found}`: a code with a distribution has no such form; choose one")
        if self.code_activation.name != "identity":
            raise ValueError("`variational` codes are Gaussian: `code_activation` has to be identity")
        if variational.samples > 1 and variational.beta != 1:
            raise ValueError("`variational`: several samples make a bound of the likelihood, which needs beta: 1")
