"""The part of YAML that configs are written in."""

import os
from pathlib import Path

import pytest

from fcnet.config import yaml_lines
from fcnet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("12", 12),
        ("-7", -7),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("'1e-3'", "1e-3"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("[500, 1e2]", [500, 100.0]),
        ("{name: sgd}", {"name": "sgd"}),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = yaml_lines.scalar(text, "test")
    assert found == value
    assert type(found) is type(value)


def test_infinity_and_nan_are_numbers() -> None:
    low, high, nan = yaml_lines.scalar("[-.inf, .inf, .nan]", "test")
    assert (low, high) == (float("-inf"), float("inf"))
    assert nan != nan


def test_dump_reads_back() -> None:
    values = {
        "words": ["1e-3", "true", "null", "", "~", "no", "0", " x", "a: b", "#c", "é中", "- d", "[", "1.5", ".nan"],
        "numbers": [1, -2, 1e-3, 1e300, 0.1, 5e-324],
        "rest": {"yes": True, "none": None, "empty": [], "deep": {"a": {"b": 1}}},
    }
    assert yaml_lines.parse(yaml_lines.dump(values), "test").values == values


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\n", 3, "expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", 2, "cannot start any token"),
        ("a: 1\nb: &x 2\n", 2, "anchors"),
        ("a: 1\nb: *x\n", 2, "anchors"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("- 1\n- 2\n", 1, "not a list"),
        ("word\n", 1, "not a single value"),
        ("a: 1\nb: \x01\n", 2, "control character"),
        ("a: " + "[" * 30 + "]" * 30, 1, "deeper than 20"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        yaml_lines.read(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{line}: ")
    assert words in problem


def test_tags_and_doubled_keys_are_reported_together() -> None:
    layer = yaml_lines.parse("a: !!python/object/apply:os.system [true]\nb: 1\nb: 2\n1: x\n1: y\n", "f")
    assert [line for line, _ in layer.problems] == [1, 3, 5]
    assert " the tag !!python/object/apply:os.system is not supported" in layer.problems[0][1]
    assert "b: given twice" in layer.problems[1][1]
    assert layer.values["b"] == 1


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError, match=r"x\.yaml:2: not UTF-8"):
        yaml_lines.read(path)
    path.write_bytes(b"#" * (yaml_lines.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="more than"):
        yaml_lines.read(path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert yaml_lines.read(path).values == {"a": 1, "b": 2}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(40 << 30)
    for path, word in (
        (tmp_path / "pipe", "is a pipe, not a file"),
        (Path("/dev/zero"), "is a device, not a file"),
        (tmp_path / "large.yaml", "has 42,949,672,960 bytes, more than 1,048,576"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(ConfigError, match=word):
            yaml_lines.read(path)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
def test_a_stream_that_was_opened_for_the_process_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"seed: 3\n")
    os.close(writer)
    assert yaml_lines.read(Path(f"/dev/fd/{reader}")).values == {"seed": 3}
    os.close(reader)
