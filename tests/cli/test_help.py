"""Pages of help: commands in groups, nothing cut, as wide as the terminal."""

import re

import pytest

from fcnet.cli.help import groups, page
from helpers.command_line import COMMANDS, GROUPS, Run


def test_commands_are_in_groups(fcnet: Run) -> None:
    lines = fcnet("--help").out.splitlines()
    titles = [line[:-1] for line in lines if re.fullmatch(r"[A-Z][a-z ]+:", line)]
    assert titles == [*groups.GROUPS, "Options"]
    assert lines[lines.index("Train:") + 1].split()[:2] == ["train", "Train"]


def test_a_command_of_no_group_is_shown_too() -> None:
    assert groups.grouped(["train", "zork", "report"]) == {
        "Train": ["train"],
        "Look": ["report"],
        "More commands": ["zork"],
    }


@pytest.mark.parametrize("columns", [50, 80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS, *GROUPS])
def test_pages_fit_and_have_no_noise(fcnet: Run, monkeypatch: pytest.MonkeyPatch, command: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = fcnet(*command.split(), "--help").out
    shown = text.partition("\nExample")[0]  # commands to copy are not broken
    assert max(map(len, shown.splitlines())) <= min(columns, page.WIDEST)
    assert not re.search(r"<[a-z]+[>|\[]|\]\.\.\.\]\.\.\.|list\[|TEXT", shown)
    examples = text.removeprefix(shown).splitlines()
    assert max(map(len, examples), default=0) <= 98


def test_what_a_command_does_is_said_in_full_on_one_line(fcnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = fcnet("--help").out.splitlines()
    for name in dict.fromkeys(command.split()[0] for command in COMMANDS):
        text = fcnet(name, "--help").out.split("\n\n")[1].rstrip(".")
        assert any(line.split(maxsplit=1) == [name, text] for line in lines), (name, text)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_shows_its_commands(fcnet: Run, group: str) -> None:
    outcome = fcnet(group)
    assert outcome.code == 0
    assert outcome.out == fcnet(group, "--help").out
