"""The house: rooms stay small, and one place exits. Which room may import which is import-linter's: ``make check``."""

import ast
import re
from pathlib import Path

import pytest

import fcnet

SOURCE = Path(fcnet.__file__).parent
MODULES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))
ROOMS = sorted({str(Path(module).parent) for module in MODULES})

TESTS = Path(__file__).parent
FOLDERS = sorted({str(path.parent.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")})

LINES = 320  # of a module
BODY = 50  # lines of a function
FILES = 10  # of a folder, beside its front door


@pytest.mark.parametrize("module", MODULES)
def test_modules_fit_their_limit(module: str) -> None:
    assert len((SOURCE / module).read_text().splitlines()) <= LINES


@pytest.mark.parametrize("module", MODULES)
def test_functions_fit_their_limit(module: str) -> None:
    tree = ast.parse((SOURCE / module).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    assert [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= BODY] == []


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_fit_their_limit(room: str) -> None:
    files = [path for path in (SOURCE / room).glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= FILES


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_of_tests_fit_their_limit(folder: str) -> None:
    assert len(list((TESTS / folder).glob("test_*.py"))) <= FILES


def test_only_the_command_line_exits() -> None:
    # signals: while other packages are imported, which do not stand an exception
    allowed = {"cli/main.py", "system/signals.py"}
    exits = {module for module in MODULES if re.search(r"sys\.exit|os\._exit", (SOURCE / module).read_text())}
    assert exits <= allowed


def test_only_the_command_line_writes_to_streams() -> None:
    writers = {module for module in MODULES if re.search(r"streams\.(write|tell)\(", (SOURCE / module).read_text())}
    assert {module.split("/")[0] for module in writers} == {"cli"}
