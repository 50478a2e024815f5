"""The commands' words; test_main.py has their help, errors and exit codes."""

from pathlib import Path

import pytest

from fcnet.cli import train
from fcnet.cli.main import _with_values
from helpers.command_line import Run

WORDS = ("train", "-c", "tiny/tiny.yaml")


def test_words_of_resume_that_do_not_go_together(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--out", "run").code == 0
    for words, message in (
        (["--resume", ""], "--resume, --out: the name is empty (an unset variable?)"),
        (["--out", ""], "--resume, --out: the name is empty (an unset variable?)"),
        (["--resume", "run", "--out", "run"], "--out, --resume RUN: give only one of the two"),
        (["--out", "run", "--resume", "--overwrite"], "--overwrite: needs --out DIR, the run to replace, and cannot"),
        (["--force"], "--force: needs --resume or --overwrite"),
        (
            ["--out", "tiny", "--resume"],
            "--out tiny: is not a run directory: contains .fcnet-cache, test, test.txt, ",
        ),
        (["--out", "tiny/tiny.yaml", "--resume"], "--out tiny/tiny.yaml: is a file; name a run directory"),
        (["--resume", "tiny/tiny.yaml"], "--resume tiny/tiny.yaml: is a file; name a run directory"),
    ):
        outcome = fcnet(*WORDS, *words)
        assert outcome.code == 2, words
        assert outcome.errors[0].startswith(message)


@pytest.mark.parametrize(
    ("words", "run"),
    [
        (["--resume"], None),
        (["--resume", "-c", "x.yaml"], None),
        (["--resume", "seed=1"], None),
        (["--resume", "train.optimizer.lr=3e-4"], None),
        (["--resume", "run"], "run"),
        (["--resume", "runs/lr=0.1"], "runs/lr=0.1"),
        (["--resume=run"], "run"),
        (["--resume", ""], ""),
    ],
)
def test_resume_takes_the_next_word_where_it_can_be_a_run(words: list[str], run: str | None) -> None:
    taken = _with_values([*words])
    expected = [f"--resume={train.NEWEST}", *words[1:]] if run is None else words
    assert taken == expected


def test_the_newest_run_has_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="null byte"):
        (tmp_path / train.NEWEST).touch()
