"""The house: rooms stay small, and one place exits. Which room may import which is import-linter's: ``make check``."""

import ast
import re
import sys
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


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports, as paths without suffix."""
    found = set()
    for node in ast.walk(ast.parse((SOURCE / module).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fcnet"):
            whole = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {name.removeprefix("fcnet").lstrip(".").replace(".", "/") for name in whole}
    return {name for name in found if f"{name}.py" in MODULES}


def front_door(room: str) -> ast.Module:
    """The ``__init__`` of a room."""
    return ast.parse((SOURCE / room / "__init__.py").read_text())


def door(room: str) -> list[str] | None:
    """What the front door of a room names; None if it names nothing, as those of families."""
    assignments = [node for node in front_door(room).body if isinstance(node, ast.Assign)]
    lists = [one.value for one in assignments if ast.unparse(one.targets[0]) == "__all__"]
    return ast.literal_eval(lists[0]) if lists else None


@pytest.mark.parametrize("module", MODULES)
def test_rooms_are_entered_by_their_front_doors(module: str) -> None:
    """A module uses of another room only what its ``__all__`` names."""
    for name in imported(module):
        room = str(Path(name).parent)
        if room == "." or Path(module).is_relative_to(room) or (named := door(room)) is None:
            continue
        assert Path(name).name in named, f"{module} imports {name}"


def test_every_room_says_what_is_in_it() -> None:
    assert [room for room in ROOMS if not ast.get_docstring(front_door(room))] == []


@pytest.mark.parametrize("folder", ["tests/helpers", "scripts"])
def test_no_program_hides_a_module_of_python(folder: str) -> None:
    """A program finds what lies beside it first: a file html.py there is what all packages get for ``import html``."""
    beside = {path.parent / path.stem for path in (TESTS.parent / folder).rglob("*.py")}
    assert len(beside) > 10
    assert [path for path in sorted(beside) if path.name in sys.stdlib_module_names] == []


def test_no_module_of_tests_overwrites_its_marks() -> None:
    twice = [
        path.name
        for path in TESTS.rglob("test_*.py")
        if len(re.findall(r"^pytestmark = ", path.read_text(), re.MULTILINE)) > 1
    ]
    assert twice == []
