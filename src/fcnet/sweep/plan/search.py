"""The `search` section of a sweep file: what Optuna varies, and how it chooses."""

from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Discriminator, Field, Tag, model_validator

from fcnet.config.fields import Positive, Section, by_type

Number = Annotated[
    Annotated[int, Tag("|whole")] | Annotated[float, Tag("|real")],
    by_type({"|whole": int, "|real": float}, "should be a number"),
]


class Choices(Section):
    """One of several values."""

    choices: Annotated[list[Any], Len(1)] = Field(description="values to choose from, of any type that the key takes")


class Range(Section):
    """A number between two others."""

    low: Number = Field(description="least value")
    high: Number = Field(description="largest value; with integers at both ends, integers are tried")
    log: bool = Field(False, description="choose evenly by the logarithm; for rates")
    step: Number | None = Field(None, description="distance between two values")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low: is {self.low}, above high, {self.high}; exchange them")
        if self.log and self.low <= 0:
            raise ValueError(f"low: is {self.low}; with log it should be above 0")
        if self.log and self.step is not None:
            raise ValueError("step: is not possible with log; remove one of the two")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step: is {self.step}; should be above 0")
        return self


def _choose(value: Any) -> str | None:
    """Return the tag of the kind of parameter that a value is."""
    if isinstance(value, dict):
        return "|choices" if "choices" in value else "|range"
    return "|choices" if isinstance(value, Choices) else "|range" if isinstance(value, Range) else None


Parameter = Annotated[
    Annotated[Choices, Tag("|choices")] | Annotated[Range, Tag("|range")],
    Discriminator(
        _choose,
        custom_error_type="unknown_kind",
        custom_error_message="should be {choices: [...]}, or {low: ..., high: ...}",
    ),
]


class Search(Section):
    """A search by Optuna."""

    trials: Positive = Field(description="runs in all")
    parameters: Annotated[dict[str, Parameter], Len(1)] = Field(
        description="what is varied: dotted keys of a config, each with `choices`, or with `low` and `high`"
    )
    sampler: Literal["tpe", "random"] = Field("tpe", description="how settings are chosen")
    pruner: Literal["none", "median", "hyperband"] = Field(
        "median", description="which runs are ended early, by their validation metrics after each epoch"
    )
    metric: Literal["accuracy", "loss"] = Field("accuracy", description="of the validation images, in the best epoch")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of the sampler")
    storage: str | None = Field(
        None,
        description="where the trials are kept: by default an SQLite file in the sweep directory, for one host; for"
        " several hosts postgresql://USER:PASSWORD@HOST/DATABASE",
    )
