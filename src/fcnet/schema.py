"""The schema of a config: every key with its type, default, bounds and one description.

The descriptions here and in ``model_schema`` are the only ones: ``fcnet config schema`` and docs/config.md are made
from them. Nothing here imports torch, so that a config is checked in an instant.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, Tag, model_validator

from fcnet.config import explain
from fcnet.config import load as loading
from fcnet.config.data import Data
from fcnet.config.devices import DEVICES
from fcnet.config.fields import Section, by_kind
from fcnet.config.train import Train
from fcnet.config.yaml_lines import Layer
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.elm.config import ELMModel, RidgeSolver, Solve
from fcnet.families.fcnet.config import FCNetModel

# Which section tells how a kind of model is trained.
TRAINED_BY = {"fcnet": "train", "elm": "solve", "autoencoder": "train"}

Model = Annotated[
    Annotated[FCNetModel, Tag("|fcnet")]
    | Annotated[ELMModel, Tag("|elm")]
    | Annotated[AutoencoderModel, Tag("|autoencoder")],
    by_kind({kind: f"|{kind}" for kind in TRAINED_BY}, default="fcnet"),
]


def _data_or_extends(schema: dict[str, Any]) -> None:
    """In one file, `data` may be missing where `extends` brings it."""
    schema["anyOf"] = [{"required": [key]} for key in (*schema.pop("required"), "extends")]


class Config(Section):
    """One run: data, model and training."""

    model_config = ConfigDict(json_schema_extra=_data_or_extends)

    extends: str | None = Field(
        None, exclude=True, description="another config that this one starts from, relative to this file"
    )
    data: Data = Field(description="where the images come from")
    model: Model = Field(FCNetModel(), description="the net")
    train: Train = Field(Train(), description="how an fcnet or an autoencoder is trained, by gradients")
    solve: Solve = Field(Solve(), description="how the output weights of an elm are found, in closed form")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="of the initial weights, the order of the images, dropout and noise"
    )
    device: Annotated[str, Field(pattern=f"^({DEVICES})$")] = Field(
        "auto", description="auto (CUDA where there is one, else the CPU), cpu, cuda or cuda:N"
    )

    @model_validator(mode="after")
    def _elm_fits_its_data(self) -> Self:
        solver = self.solve.solver
        if isinstance(solver, RidgeSolver) and solver.choose == "validation" and self.data.validation is None:
            raise ValueError("solve.solver.choose: is validation, but no images are held out; give data.validation")
        if isinstance(self.model, ELMModel) and (problem := self.model.misfit(self.data.image_size)):
            raise ValueError(f"model.{problem}")
        return self

    @model_validator(mode="after")
    def _autoencoder_fits(self) -> Self:
        model, train = self.model, self.train
        if not isinstance(model, AutoencoderModel):
            if train.stages is not None:
                raise ValueError(f"train.stages: is for autoencoders, and model.kind is {model.kind}; take it out")
            if self.data.normal_classes is not None:
                raise ValueError(
                    f"data.normal_classes: is for autoencoders, and model.kind is {model.kind}; take it out, or choose"
                    " kind: autoencoder"
                )
            if self.data.classes is not None and len(self.data.classes) < 2:
                raise ValueError(
                    f"data.classes: lists one class, {self.data.classes[0]!r}; a classifier needs two or more"
                )
            return self
        if train.label_smoothing:
            raise ValueError("train.label_smoothing: an autoencoder looks at no labels; take it out")
        if train.stages is not None:
            if len(train.stages) != len(model.hidden):
                raise ValueError(
                    f"train.stages: lists {len(train.stages)}, and model.hidden {len(model.hidden)} layers; give the"
                    " epochs of each layer"
                )
            if problem := model.unstackable:
                raise ValueError(f"train.stages: {problem}")
        return self

    @model_validator(mode="after")
    def _one_way_to_train(self) -> Self:
        own = TRAINED_BY[self.model.kind]
        for other in sorted(set(TRAINED_BY.values()) - {own}):
            if other in self.model_fields_set:
                raise ValueError(
                    f"model.kind: is {self.model.kind}, which `{own}` is for; take `{other}` out, or give {other}: null"
                    " where another file brings it"
                )
        return self


def load(path: Path, overrides: Sequence[str] = (), needed: bool = False) -> Config:
    """Read, merge and check a config, as ``fcnet.config.load.load`` does."""
    return loading.load(Config, path, overrides, needed)


def check(layers: Sequence[Layer]) -> Config:
    """Merge layers, the last one wins, and validate. Raises ConfigError with one line per mistake."""
    return loading.check(Config, layers)


def keys() -> set[str]:
    """Dotted places of all keys, but those in lists."""
    return explain.keys(Config)


def dump(config: Config) -> str:
    """The resolved config as YAML that ``load`` reads back to the same config."""
    others = set(TRAINED_BY.values()) - {TRAINED_BY[config.model.kind]}
    return loading.dump(config.model_dump(exclude_none=True, exclude=others))
