"""The schema of a config: every key with its type, default, bounds and one description.

The descriptions here and in the sections' modules are the only ones: ``fcnet config schema`` and docs/config.md are
generated from them. Nothing here imports torch, so that checking a config is fast.
"""

import functools
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import ConfigDict, Field, Tag, field_validator, model_validator

from fcnet import families
from fcnet.config import explain
from fcnet.config import load as loading
from fcnet.config.data import Data
from fcnet.config.fields import Named, Positive, Section, by_type
from fcnet.config.names import DEVICES, WRITTEN
from fcnet.config.train import Train
from fcnet.config.yaml_lines import Layer
from fcnet.families.common.spec import ModelSection
from fcnet.families.elm.config import Solve

# The section that configures the training of each kind of model.
TRAINED_BY = {families.kind_of(family): family.spec.section for family in families.FAMILIES}
DEFAULT_KIND = families.kind_of(families.FAMILIES[0])

# Where a run is trained and what is written about it, not what is trained.
ELSEWHERE = ("device", "threads", *WRITTEN)

# What a run does not depend on, except in its last bits: where and how it is computed, kept and logged.
INCIDENTAL = frozenset(
    {
        *ELSEWHERE,
        *("data.cache", "data.memory", "train.log_every", "train.save_every", "train.step"),
    }
)

if TYPE_CHECKING:
    Model = ModelSection
else:
    _SECTIONS = functools.reduce(operator.or_, (family.spec for family in families.FAMILIES))
    Model = Annotated[_SECTIONS, Named(default=DEFAULT_KIND, key="kind")]

Threads = Annotated[
    Annotated[Literal["auto"], Tag("|word")] | Annotated[Positive, Tag("|number")],
    by_type({"|word": str, "|number": int}, "should be auto, or a whole number of at least 1", ("auto",)),
]


def _data_or_extends(schema: dict[str, Any]) -> None:
    """Let `data` be missing from a file that has `extends`."""
    schema["anyOf"] = [{"required": [key]} for key in (*schema.pop("required"), "extends")]


class Config(Section):
    """One run: data, model and training."""

    model_config = ConfigDict(json_schema_extra=_data_or_extends)

    extends: str | None = Field(
        None, exclude=True, description="config file to inherit settings from; its path is relative to this file"
    )
    data: Data = Field(description="where the images come from")
    model: Model = Field(families.default(), description="the model")
    train: Train = Field(Train(), description="gradient training of an fcnet or an autoencoder")
    solve: Solve = Field(Solve(), description="closed-form solution for the output weights of an elm")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="random seed of the initial weights, the image order, augmentation, dropout and noise"
    )
    device: Annotated[str, Field(pattern=f"^({DEVICES})$")] = Field(
        "auto", description="auto (CUDA if available, else the CPU), cpu, cuda or cuda:N"
    )
    threads: Threads = Field(
        "auto",
        description="CPU threads: a number, at most as many as the process may use (by its cores, its control group's"
        " quota and OMP_NUM_THREADS); or auto: all, or as many as are fastest now if the bits of the results are equal",
    )
    plots: bool | None = Field(
        None,
        description="draw the curves when a training has ended; null: yes, and in a sweep if it has `plots: true`;"
        " false saves half a second of each run, and fcnet plot draws them at any time",
    )
    report: bool | None = Field(
        None, description="write report.html at the end: fcnet train into the run, fcnet sweep run into the sweep"
    )
    log: Annotated[list[Literal["csv", "text", "tensorboard"]], Len(1)] | None = Field(
        None,
        description="further logs in the run directory: csv (metrics.csv, a row per epoch), text (log.txt, lines to"
        " follow and search), tensorboard (tensorboard/; needs the extra tensorboard)",
    )

    @field_validator("log")
    @classmethod
    def _logs_once(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and len(set(value)) < len(value):
            raise ValueError(f"names {next(one for one in value if value.count(one) > 1)} twice; name each log once")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        families.of(self.model).check(self)
        return self

    @model_validator(mode="after")
    def _stops_by_validation(self) -> Self:
        if self.train.early_stop is not None and self.data.validation is None:
            raise ValueError(
                "train.early_stop: needs validation images; hold some out with data.validation: 0.1, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_train(self) -> Self:
        own = TRAINED_BY[self.model.kind]
        for other in sorted(set(TRAINED_BY.values()) - {own}):
            if other in self.model_fields_set:
                raise ValueError(
                    f"model.kind: is {self.model.kind}, which is configured by `{own}`; remove `{other}`, or write"
                    f" {other}: null if an inherited file sets it"
                )
        return self


def load(path: Path, overrides: Sequence[str] = (), needed: bool = False) -> Config:
    """Read, merge and check a config, as ``fcnet.config.load.load`` does."""
    return loading.load(Config, path, overrides, needed)


def check(layers: Sequence[Layer], needed: bool = False) -> Config:
    """Merge layers (the last one wins) and validate. Raises ConfigError with one line per mistake."""
    return loading.check(Config, layers, needed)


def keys() -> set[str]:
    """Return the dotted paths of all keys, except those in lists."""
    return explain.keys(Config)


def named_keys() -> frozenset[str]:
    """Return the keys (without their sections) that accept a word for the ``name`` of a section."""
    return explain.named_keys(Config)


def values(config: Config) -> dict[str, Any]:
    """Return all settings of the resolved config that matter, as plain values."""
    others = set(TRAINED_BY.values()) - {TRAINED_BY[config.model.kind]}
    return config.model_dump(exclude_none=True, exclude=others)


def dump(config: Config) -> str:
    """Return the resolved config as YAML that ``load`` reads back to the same config."""
    return loading.dump(values(config))
