"""The `search` section of a sweep file: what Optuna varies, and how it chooses."""

from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Field, model_validator

from fcnet.config.fields import LARGEST, Positive, Section

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]


class Choices(Section):
    """One of several values."""

    choices: Annotated[list[Any], Len(1)] = Field(description="values to choose from, of any type that the key takes")


class Range(Section):
    """A number between two others."""

    low: int | float = Field(description="least value")
    high: int | float = Field(description="largest value; with integers at both ends, integers are tried")
    log: bool = Field(False, description="choose evenly by the logarithm; for rates")
    step: int | float | None = Field(None, description="distance between two values")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low: is {self.low}, above high, {self.high}; exchange them")
        if self.log and self.low <= 0:
            raise ValueError(f"low: is {self.low}; with log it should be above 0")
        if self.log and self.step is not None:
            raise ValueError("log, step: choose one of the two")
        return self


class Search(Section):
    """A search by Optuna."""

    trials: Positive = Field(description="runs in all")
    parameters: Annotated[dict[str, Choices | Range], Len(1)] = Field(
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
