"""The documentation is true: commands exist, configs load, links resolve, generated pages are fresh."""

import json
import pkgutil
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
import yaml

from fcnet import schema
from fcnet.config import yaml_lines
from fcnet.config.names import KNOWN_SETS
from fcnet.errors import FcnetError
from fcnet.schema import Config
from fcnet.sweep.plan import load as sweeps
from helpers.command_line import COMMANDS, GROUPS, ROOT, Run

PAGES = [
    *sorted(ROOT.glob("README*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "checkpoints/README.md",
    ROOT / "scripts/slurm/README.md",
]
FILES = sorted((ROOT / "configs").rglob("*.yaml"))
SWEEPS = [path for path in FILES if path.parent == ROOT / "configs/sweeps"]
CONFIGS = [path for path in FILES if path not in SWEEPS]


def commands(page: Path) -> list[list[str]]:
    """The words of each fcnet command in the page's code blocks."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [re.match(r"^\s*(?:\$ )?(?:for .*; do |nohup |[A-Z_]+=\S+ )*fcnet (.*)", line) for line in lines]
    return [shlex.split(re.split(r" #| \|\| |; done| > ", match[1])[0], posix=True) for match in found if match]


def anchors(page: Path) -> set[str]:
    """What a link may name after ``#``: headings, in any script, as GitHub writes them, and ``<a id="...">``."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings} | {
        *re.findall(r'<a id="([^"]+)"></a>', text)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(fcnet: Run, page: Path) -> None:
    for words in commands(page):
        name = " ".join(words[:2] if words[0] in GROUPS else words[:1])
        if name.startswith("--"):
            continue
        assert name in COMMANDS or (words[:1] == ["data"] and words[1] in KNOWN_SETS), words
        text = fcnet(*name.split(), "--help").out
        for word in words:
            if word.startswith("-"):
                assert word.partition("=")[0] in text, (words, word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_overrides_and_configs_in_commands_are_good(page: Path) -> None:
    for words in commands(page):
        named = [word for flag, word in pairwise(words) if flag in ("-c", "--config") and "/" not in word]
        files = [ROOT / word for word in words if word.startswith("configs/")]
        files += [ROOT / f"configs/{name}.yaml" for name in named if not name.endswith(".yaml")]
        overrides = [word for word in words if re.match(r"^[a-z_.]+=", word) and "$" not in word]
        assert all(file.is_file() for file in files), words
        if overrides and files and files[0] in SWEEPS:
            sweeps.from_file(files[0], overrides)
        elif words[:2] == ["sweep", "run"] and overrides:
            sweeps.from_words(files[0], overrides)
        elif overrides:
            schema.load(files[0] if files else ROOT / "configs/mnist.yaml", overrides)  # else a run's own config


def test_every_command_is_in_the_readme_or_in_the_examples() -> None:
    text = "".join((ROOT / page).read_text() for page in ("README.md", "docs/commands.md"))
    assert [command for command in COMMANDS if f"fcnet {command}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve_inside_the_repository(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert not target.startswith("http"), target
        path = (page.parent / target).resolve()
        assert path.exists(), target
        assert path.is_relative_to(ROOT), target
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
        assert anchor in anchors(page.parent / target if target else page), (target, anchor)


def test_files_named_in_the_pages_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"`((?:src|scripts|tests|configs|docs)/[\w./-]+\.\w+)`", page.read_text()):
            assert (ROOT / name).is_file(), (page.name, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_of_the_code_in_the_pages_exist(page: Path) -> None:
    """``fcnet.room.module.Name`` in running text, and calls such as ``fcnet.train(...)``."""
    for name in re.findall(r"`(fcnet(?:\.\w+)+)\b", page.read_text()):
        assert pkgutil.resolve_name(name) is not None, name


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_load_and_fit_the_json_schema(path: Path) -> None:
    schema.load(path)
    jsonschema.validate(yaml.safe_load(path.read_text()) | yaml_lines.read(path).values, Config.model_json_schema())


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.name)
def test_sweep_files_load_and_fit_their_json_schema(fcnet: Run, path: Path) -> None:
    assert f"a sweep of {len(sweeps.from_file(path).runs)} runs" in fcnet("config", "check", path).out
    jsonschema.validate(yaml_lines.read(path).values, json.loads(fcnet("config", "schema", "--sweep").out))


def test_there_are_configs_and_sweep_files() -> None:
    assert len(CONFIGS) > 50
    assert len(SWEEPS) >= 2


def test_the_json_schema_refuses_what_the_loader_refuses() -> None:
    json_schema = Config.model_json_schema()
    for bad in (
        {},
        {"data": {"sorce": "mnist"}},
        {"data": {"source": "mnist", "root": "x"}, "train": {"optimizer": "adm"}},
        {"data": {"source": "mnist", "root": "x"}, "model": {"hidden": [0]}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, json_schema)
        with pytest.raises(FcnetError):
            schema.check([yaml_lines.parse(json.dumps(bad), "x")])


def test_the_tests_of_the_promises_exist() -> None:
    """docs/reliability.md names a test for each promise, and those marked long are."""
    text = (ROOT / "docs/reliability.md").read_text()
    source = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", text)
    assert len(names) > 50
    assert [name for name in names if f"def {name}(" not in source] == []
    for name in re.findall(r"`(test_\w+)` \(\*long\*\)", text):
        assert re.search(rf"@pytest\.mark\.long\ndef {name}\(", source), name
    for row in re.findall(r"^\| .*", text, re.MULTILINE):
        assert re.match(r"\| (what \| test|--- \| ---) \|$", row) or "`test_" in row, row


def test_the_config_reference_is_fresh() -> None:
    script = ROOT / "scripts/config_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_exit_codes_are_those_of_the_code() -> None:
    codes = re.findall(
        r"^\| (\d+) \| ", (ROOT / "docs/design.md").read_text().partition("## Exit codes")[2], re.MULTILINE
    )
    from fcnet.system.signals import INTERRUPTED

    expected = {0, 1, INTERRUPTED} | {kind.exit_code for kind in FcnetError.__subclasses__()}
    assert {int(code) for code in codes} == expected


def test_the_repository_names_no_machine() -> None:
    """No absolute paths of a machine, and the pages name the packages' licences and hosts nowhere."""
    for path in [*PAGES, *CONFIGS, ROOT / "Makefile", ROOT / "pyproject.toml"]:
        assert not re.search(r"/(home|root|Users|work)/|pypi\.org", path.read_text()), path.name


def test_the_library_example_runs(fcnet: Run) -> None:
    """As printed, in a folder with the configs."""
    Path("configs").symlink_to(ROOT / "configs")
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/commands.md").read_text(), re.DOTALL | re.MULTILINE)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert float(lines[0]) > 0.9
    assert lines[1].split() == ["model", "checkpoints/library/model.pth"]
    assert json.loads(lines[-1])["predictions"][0]["predicted"] == "0"
