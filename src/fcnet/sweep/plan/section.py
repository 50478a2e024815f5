"""The schema of a sweep file: every key with its type, default, bounds and one description."""

from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Field, Tag, model_validator

from fcnet.config.fields import Positive, Section, by_type
from fcnet.sweep.plan.search import Search
from fcnet.system.paths import PathText

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Seeds = Annotated[
    Annotated[Positive, Tag("|number")] | Annotated[list[Seed], Len(1), Tag("|seeds")],
    by_type({"|number": int, "|seeds": list}, "should be a number of seeds, or a list of them"),
]
Fuse = Annotated[
    Annotated[Literal["auto", "off"], Tag("|word")] | Annotated[int, Field(ge=2, le=4096), Tag("|number")],
    by_type({"|word": str, "|number": int}, "should be auto, off, or a number of nets of at least 2", ("auto", "off")),
]
Workers = Annotated[
    Annotated[Literal["auto"], Tag("|word")] | Annotated[Positive, Tag("|number")],
    by_type({"|word": str, "|number": int}, "should be auto, or a whole number of at least 1", ("auto",)),
]
Base = Annotated[
    Annotated[PathText, Tag("|file")] | Annotated[dict[str, Any], Tag("|mapping")],
    by_type({"|file": str, "|mapping": dict}, "should be a config file, or the settings themselves, as a mapping"),
]
Axes = Annotated[dict[str, Annotated[list[Any], Len(1)]], Len(1)]
Combinations = Annotated[list[dict[str, Any]], Len(1)]  # named here: in the class below, `list` is a key


class Sweep(Section):
    """Many runs that differ in some settings."""

    base: Base = Field(
        description="what the runs share: a config file, its path relative to this file; or the settings themselves"
    )
    grid: Axes | None = Field(
        None, description="values of dotted keys, such as train.optimizer.lr: [1e-3, 3e-4]; every combination is a run"
    )
    list: Combinations | None = Field(
        None,
        description="settings of single runs, each a mapping of dotted keys, {} for the base as it is; each is combined"
        " with the grid",
    )
    seeds: Seeds | None = Field(
        None, description="seeds of each combination: a number n for 0 to n - 1, or a list; by default that of the base"
    )
    search: Search | None = Field(None, description="settings that Optuna chooses, in place of `grid` and `list`")
    workers: Workers = Field(
        "auto", description="processes on each host; auto for one per core, or as many as fit the memory of its GPUs"
    )
    retries: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="how often a run that fails is tried again; one that diverges is not, as it would do so again"
    )
    fuse: Fuse = Field(
        "auto",
        description="runs that are trained together, as one computation: auto where that is faster, off, or how many",
    )
    plots: bool = Field(
        False,
        description="draw the curves of each run, as fcnet train does; fcnet plot and fcnet compare draw them too",
    )
    dead_after: Annotated[float, Field(ge=1, le=86400)] = Field(
        60.0, description="seconds without a sign of life after which a worker on another host counts as dead"
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        for key in ("grid", "list"):
            if key in self.model_fields_set and getattr(self, key) is None:
                raise ValueError(f"{key}: is empty; write what the runs differ in below it, indented, or remove it")
        return self

    @model_validator(mode="after")
    def _one_way_to_choose(self) -> Self:
        if self.search is not None and (self.grid or self.list):
            raise ValueError("search: chooses the settings itself; remove `grid` and `list`, or `search`")
        if self.search is not None and self.seeds is not None:
            raise ValueError("seeds: a search trains each of its settings once; set `seed` in the base instead")
        return self


def values(settings: Sweep) -> dict[str, Any]:
    """Return the settings that a sweep file gives, as plain values."""
    return settings.model_dump(exclude_unset=True)
