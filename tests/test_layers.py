"""The architecture: a module imports only from strictly lower layers, and stays readable in size."""

import ast
import re
from pathlib import Path

import pytest

import fcnet

SOURCE = Path(fcnet.__file__).parent

# docs/design.md shows the same table.
LAYERS = {
    0: ["errors", "sections", "metrics", "objective", "guard", "narrow", "process", "gram", "backprop"],
    1: [
        *(
            "streams",
            "signals",
            "yamlfile",
            "images",
            "model_schema",
            "files",
            "gradients",
            "mapped",
            "holdout",
            "solvers",
        ),
        "weights_schema",
    ],
    2: ["checkpoint", "data_schema", "elm_schema", "autoencoder_schema", "batches", "models", "local"],
    3: ["schema", "maps", "checkpointer", "autoencoders"],
    4: ["config", "folder", "optim", "elm", "plots", "ownership", "reconstruct"],
    5: ["ahead", "cache", "overview", "autoplots", "families", "stages", "runfiles"],
    6: ["data", "sources", "rundir"],
    7: ["audit", "evaluation", "journal", "console", "seen", "answers", "log"],
    8: ["train", "summing", "loading", "resuming", "session"],
    9: ["solving", "inspection", "stacking", "pretrained"],
    10: ["coding"],
    11: ["autodrawing", "tables"],
    12: ["drawing"],
    13: ["runs"],
    14: ["commands"],
    15: ["cli"],
    16: ["__main__"],
}
LAYER = {module: layer for layer, modules in LAYERS.items() for module in modules}
MODULES = sorted(path.stem for path in SOURCE.glob("*.py") if path.stem != "__init__")


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((SOURCE / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "fcnet":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fcnet."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("fcnet.")}
    return found & set(MODULES)


def test_every_module_has_a_layer() -> None:
    assert sorted(LAYER) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    upwards = {other: LAYER[other] for other in imported(module) if LAYER[other] >= LAYER[module]}
    assert upwards == {}


@pytest.mark.parametrize("module", MODULES)
def test_modules_fit_their_limit(module: str) -> None:
    assert len((SOURCE / f"{module}.py").read_text().splitlines()) <= 320


def test_only_the_command_line_exits() -> None:
    for module in MODULES:
        text = (SOURCE / f"{module}.py").read_text()
        # ahead: its child; signals: while other packages are imported, which do not stand an exception
        assert module in ("cli", "signals", "ahead") or not re.search(r"sys\.exit|os\._exit", text), module
