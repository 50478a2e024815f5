"""Words that a shell has left as they were pasted are named, unless a file has that name."""

from pathlib import Path

import pytest

from helpers.command_line import Run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["eval", "#", "loss,", "accuracy"],
            "'# loss, accuracy': is a comment in bash, but not in this shell; leave out",
        ),
        (["eval", "#loss"], "'#loss': is a comment in bash"),
        (["train", "x.yaml", "\\"], "write the command on one line"),
        (["train", "x.yaml", "^"], "write the command on one line"),
        (["train", "–config", "x.yaml"], "begins with a long dash (–), which an editor has inserted; write --config"),
        (["train", "—config", "x.yaml"], "write --config"),
        (["train", "−c", "x.yaml"], "write -c"),
        (["train", "－－config", "x.yaml"], "write --config"),
        (["train", "x.yaml", "model='{kind:", "elm}'"], "' is not a quote in this shell"),
        (["train", "x.yaml", "model='{kind: elm}'"], "' is not a quote in this shell"),
        (["predict", "run", "'scans/*.jpg'"], "' is not a quote in this shell"),
        (["predict", "run", "“scans/*.jpg”"], "has a typographic quote (“)"),
        (["train", "x.yaml", "model=‘{kind:"], "has a typographic quote (‘)"),
        (["train", "x.yaml", "“model.hidden=[3]”"], "has a typographic quote (“)"),
        (["train", "x.yaml", '"seed=3"'], "has quotes that this shell did not remove"),
        (["train", "x.yaml", "seed＝3"], "has a full-width equals sign (＝); write ="),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_was_pasted_is_named(fcnet: Run, words: list[str], told: str) -> None:
    outcome = fcnet(*words)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert told in outcome.errors[0]


@pytest.mark.parametrize(
    "word", ["data.classes=['0', '1', '2']", "data.classes=[l’eau, b, c]", "train.optimizer='adam'"]
)
def test_yaml_s_own_quotes_are_none_of_a_shell(fcnet: Run, tiny: Path, word: str) -> None:
    assert fcnet("config", "check", "tiny/tiny.yaml", word).code == 0


@pytest.mark.parametrize("name", ["#1.png", "–.png", "“a”.png"])
def test_a_file_may_be_named_so(fcnet: Run, tiny: Path, name: str) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1").code == 0
    Path(name).write_bytes(Path("tiny/test/0.png").read_bytes())
    assert fcnet("predict", "checkpoints/tiny", name).code == 0
