"""The `search` section of a sweep file: what Optuna varies, and how it chooses."""

import json
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from fcnet.config.fields import LARGEST, Positive, Section, by_type
from fcnet.sweep.plan import database

EXACT = 2**53  # the largest whole number up to which a database, which keeps them as floats, keeps all exactly

Number = Annotated[
    Annotated[int, Field(ge=-EXACT, le=EXACT), Tag("|whole")]
    | Annotated[float, Field(ge=-LARGEST, le=LARGEST), Tag("|real")],
    by_type({"|whole": int, "|real": float}, "should be a number"),
]


class Choices(Section):
    """One of several values."""

    choices: Annotated[list[Any], Len(1)] = Field(description="values to choose from, of any type that the key takes")

    @field_validator("choices")
    @classmethod
    def _differ(cls, values: list[Any]) -> list[Any]:
        """Refuse a value that is named twice."""
        seen: set[str] = set()
        for text in (json.dumps(value, sort_keys=True, default=str) for value in values):
            if "NaN" in text or "Infinity" in text:
                raise ValueError(f"names {text}, which is not a finite number; remove it")
            if text in seen:
                raise ValueError(f"names {text} twice; name it once")
            seen.add(text)
        return values


class Range(Section):
    """A number between two others."""

    low: Number = Field(description="least value")
    high: Number = Field(description="largest value; with integers at both ends, integers are tried")
    log: bool = Field(False, description="choose evenly by the logarithm; for rates")
    step: Number | None = Field(None, description="distance between two values")

    @property
    def whole(self) -> bool:
        """Return whether integers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low: is {self.low}, above high, {self.high}; exchange them")
        if self.log and self.low <= 0:
            raise ValueError(f"low: is {self.low}; with log it should be above 0")
        if self.log and self.step is not None:
            raise ValueError("step: is not possible with log; remove one of the two")
        return self

    @model_validator(mode="after")
    def _in_steps(self) -> Self:
        if self.step is None:
            return self
        if self.step <= 0:
            raise ValueError(f"step: is {self.step}; should be above 0")
        if self.whole and not isinstance(self.step, int):
            raise ValueError(f"step: is {self.step}; between integers it should be one; or write low: {self.low}.0")
        # As written: 0.3 is three times 0.1, which binary fractions deny.
        low, high, step = (Fraction(str(number)) for number in (self.low, self.high, self.step))
        if (high - low) % step:
            last = float(high - (high - low) % step)
            raise ValueError(
                f"high: is {self.high}, which steps of {self.step} from {self.low} do not meet; set it to"
                f" {int(last) if self.whole else last}, or change the step"
            )
        return self


def _kind(value: Any) -> str | None:
    if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value):
        return "|choices"
    return "|range" if isinstance(value, dict | Range) else None


Parameter = Annotated[
    Annotated[Choices, Tag("|choices")] | Annotated[Range, Tag("|range")],
    Discriminator(
        _kind,
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
        repr=False,  # it may have a password
        description="where the trials are kept: by default an SQLite file in the sweep directory, for one host; for"
        " several hosts postgresql://USER@HOST/DATABASE, its password in ~/.pgpass or PGPASSWORD",
    )

    @field_validator("storage")
    @classmethod
    def _known(cls, storage: str | None) -> str | None:
        """Refuse what is not the address of a PostgreSQL database, without repeating it: it may have a password."""
        if storage is not None:
            database.check(storage)
        return storage
