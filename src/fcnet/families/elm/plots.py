"""Figures of extreme learning machines: ridge paths, and the first layer's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fcnet.families.common import pictures
from fcnet.families.common.family import Trained
from fcnet.families.elm.weights import LocalWeights
from fcnet.plots import compare, curves

if TYPE_CHECKING:  # what imports matplotlib first is ``style``
    from matplotlib.figure import Figure


def ridge_paths(curve: curves.Curve) -> dict[str, Figure]:
    """Return a figure of the ridges that were tried for each hidden layer that has several."""
    last = {file_name(stage): stage for stage in (record["facts"] for record in curve.of("stage"))}  # of each
    name = curves.run_name(curve.name)
    paths = {file: stage for file, stage in last.items() if "path" in stage}
    return {file: compare.ridge_path(stage, f"{name}, {stage['stage']}") for file, stage in paths.items()}


def file_name(stage: dict[str, Any]) -> str:
    """Return ``ridge`` for the hidden layer's path, ``ridge-machine-ciw`` for that of a machine."""
    name = str(stage["stage"])
    return "ridge" if name == "hidden layer" else "ridge-" + name.replace(" ", "-")


def weights(trained: Trained, name: str) -> dict[str, Figure]:
    """Return the weights of the first layer as images; of local fields its filters."""
    drawn = trained.settings.model.weights
    if isinstance(drawn, LocalWeights):
        return pictures.weights(trained, name, "the first layer", (drawn.side, drawn.side), "filters")
    return pictures.weights(trained, name, "the first layer")
