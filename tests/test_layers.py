"""The architecture: a module imports only from strictly lower layers, and stays readable in size."""

import ast
import re
from pathlib import Path

import pytest

import fcnet

SOURCE = Path(fcnet.__file__).parent

TABLE = (Path(__file__).parent.parent / "docs/design.md").read_text()
LAYER = {module: int(layer) for layer, module in re.findall(r"^\| (-?[0-9]+) \| `(\w+)` \|", TABLE, re.M)}
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
