"""Figures of extreme learning machines: ridge paths, and the first layer's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fcnet.families.common import pictures
from fcnet.families.common.family import Trained
from fcnet.families.elm.weights import LocalWeights
from fcnet.plots import canvas, compare, curves

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure


def ridge_paths(curve: curves.Curve) -> dict[str, Figure]:
    """Return a figure of the ridges that were tried for each problem that has several."""
    last = {file_name(facts): facts for facts in (record["facts"] for record in curve.of("stage"))}  # of each problem
    name = canvas.run_name(curve.name)
    paths = {file: facts for file, facts in last.items() if "path" in facts}
    return {file: compare.ridge_path(facts, f"{name}, {facts['stage']}") for file, facts in paths.items()}


def file_name(facts: dict[str, Any]) -> str:
    """Return ``ridge`` for the hidden layer's path, ``ridge-machine-ciw`` for that of a machine."""
    name = str(facts["stage"])
    return "ridge" if name == "hidden layer" else "ridge-" + name.replace(" ", "-")


def weights(trained: Trained, name: str) -> dict[str, Figure]:
    """Return a figure of the first layer's weights as images; for local fields, of its filters."""
    drawn = trained.settings.model.weights
    if isinstance(drawn, LocalWeights):
        return pictures.weights(trained, name, "the first layer", (drawn.side, drawn.side), "filters")
    return pictures.weights(trained, name, "the first layer")
