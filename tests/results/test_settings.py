"""Settings are read quickly, and exactly as every config is."""

import contextlib
from pathlib import Path

import pytest

from fcnet import schema
from fcnet.config import yaml_lines
from fcnet.errors import ConfigError
from fcnet.results import settings
from helpers.command_line import ROOT
from helpers.seeds import chance

CONFIGS = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name != "sweeps")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_of_runs_and_of_people_are_read_as_by_the_ordinary_reader(path: Path, tmp_path: Path) -> None:
    resolved = tmp_path / "config.yaml"
    resolved.write_text(schema.dump(schema.load(path)))
    for file in (resolved, path):
        assert settings.read(file) == settings.flat(yaml_lines.read(file).values)


def test_the_settings_of_a_resolved_config_are_read_line_by_line(tmp_path: Path) -> None:
    text = schema.dump(schema.load(ROOT / "configs/mnist.yaml"))
    assert settings._by_lines(text) == settings.flat(yaml_lines.parse(text, "").values)


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1, c: {d: [1, 2]}}\ne: 'x: y'\n",
        "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
        "a:\n  - 1\n  - {b: 2}\n",
        "a: |\n  b: 1\n",
        "a: >-\n  b\n  c: 1\n",
        "a: 'two\n  lines: 1'\n",
        "a: [1,\n  2]\nb: {c: 1,\n  d: 2}\n",
        "a:\nb: ~\n",
        "# words\na: 1  # one\n",
        "a: 1e-3\nb: 1.0e-08\nc: .5\nd: 010\ne: -1\nf: 1.\ng: '1'\nh: yes\ni: true\n",
        "a:\n    b: 1\n    c:\n      d: 2\n    e: 3\n",
        "---\na: 1\n",
        "a: '数字 ✓'\n",
        "",
    ],
)
def test_other_forms_are_read_as_by_the_ordinary_reader(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert settings.read(path) == settings.flat(yaml_lines.read(path).values)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a:\n  b: 1\n  b: 2\n",
        "a:\n  b: 1\na:\n  c: 2\n",
        "a:\n  b: 1\n c: 2\n",
        "a: &x 1\nb: *x\n",
        "a: !!python/object:os.system 1\n",
        "a: [1\n",
        "- 1\n",
        "a: 1\n  b: 2\n",
        "a: \x00\n",
        "a: " + "[" * 100 + "]" * 100,
    ],
)
def test_what_is_wrong_has_the_ordinary_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        settings.read(path)
    assert str(path) in error.value.problems[0]


def test_damaged_texts_are_read_alike_by_both_readers(tmp_path: Path) -> None:
    """Bytes of a config are changed at random: both readers find the same settings, or both refuse."""
    generator = chance("damaged texts")
    whole = schema.dump(schema.load(ROOT / "configs/digits.yaml"))
    path = tmp_path / "config.yaml"
    for _ in range(200):
        at = generator.randrange(len(whole))
        text = whole[:at] + generator.choice(" \n:-[]{}'\"#&*!|>a0\t") + whole[at + generator.randrange(2) :]
        path.write_text(text)
        layer = None
        with contextlib.suppress(ConfigError):
            layer = yaml_lines.read(path)
        if layer is None or layer.problems:
            with pytest.raises(ConfigError):
                print(text, settings.read(path))
        else:
            assert settings.read(path) == settings.flat(layer.values), text


def test_a_section_is_nested_again() -> None:
    found = {"model.kind": "fcnet", "model.init.name": "he", "seed": 1}
    assert settings.nested(found, "model") == {"kind": "fcnet", "init": {"name": "he"}}
