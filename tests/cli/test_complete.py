"""Completion of shells: what it offers, in the shells themselves, and that it is quick."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fcnet import schema
from fcnet.cli.help import complete

HEAVY = "{'torch', 'numpy', 'matplotlib', 'fcnet.schema', 'fcnet.config.load'}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two runs, a sweep and a config."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    for run in ("checkpoints/mnist", "checkpoints/elm-digits", "runs/width/lr-1"):
        Path(run).mkdir(parents=True)
        Path(run, "config.yaml").touch()
    Path("checkpoints/plots").mkdir()
    Path("mine.yaml").touch()
    Path("notes.txt").touch()
    return tmp_path


def names(found: list[tuple[str, str]]) -> list[str]:
    return [word for word, _ in found]


def test_runs_and_configs() -> None:
    assert complete.runs("") == ["elm-digits", "mnist"]
    assert complete.runs("checkpoints/m") == ["checkpoints/mnist"]
    assert complete.runs("runs/") == ["runs/width"]
    assert complete.run_or_file("m") == ["mnist", "mine.yaml"]
    assert names(complete.configs("m")) == ["mine.yaml", "mnist", "mnist-deep", "mnist-fast"]
    assert "elm/rf-ciw" in names(complete.configs("elm/"))


def test_settings_and_their_values() -> None:
    assert {"train.epochs=", "train.optimizer="} <= set(names(complete.settings("train.")))
    assert set(complete.keys()) <= schema.keys()
    assert names(complete.settings("train.optimizer=ad")) == ["train.optimizer=adam", "train.optimizer=adamw"]
    assert names(complete.settings("model.batch_n")) == [
        *("model.batch_norm=", "model.batch_norm=true", "model.batch_norm=false")
    ]
    assert names(complete.config_or_setting("see")) == ["seed=", "seed=0"]
    assert complete.settings("zork") == []


def test_bash_takes_the_equals_sign_as_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for words, found in (
        ("fcnet train model.activation =", ["sigmoid", "tanh", "relu"]),
        ("fcnet train model.activation = ta", ["tanh"]),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        last = words.split()[-1]
        assert names(complete.config_or_setting(last))[:3] == found


def asked(shell: str, line: str, folder: Path) -> str:
    """What fcnet answers to a shell that completes a line, whose last word is not complete."""
    words = line.split(" ")
    environment = os.environ | {
        "_FCNET_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
    }
    command = [sys.executable, "-m", "fcnet"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_is_answered(here: Path, shell: str) -> None:
    assert "compare" in asked(shell, "fcnet co", here)
    answer = asked(shell, "fcnet train -c mn", here)
    assert "mnist-fast" in answer
    assert "digits" not in answer.replace("mnist", "").split("\n")[0]
    assert "--overwrite" in asked(shell, "fcnet train --ov", here)
    assert "elm-digits" in asked(shell, "fcnet plot el", here)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_of_a_shell_is_shown(shell: str, here: Path) -> None:
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "fcnet", "--show-completion", shell]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "_FCNET_COMPLETE" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
def test_in_bash_itself(here: Path) -> None:
    """The script that fcnet gives, sourced by bash, which asks for completions of a line."""
    script = f"""
fcnet() {{ {sys.executable} -m fcnet "$@"; }}
export -f fcnet
mkdir bin; printf '#!/bin/sh\\nexec {sys.executable} -m fcnet "$@"\\n' >bin/fcnet; chmod +x bin/fcnet
unset -f fcnet; PATH=$PWD/bin:$PATH
eval "$(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 fcnet --show-completion bash)"
COMP_WORDS=(fcnet train digits train.epo); COMP_CWORD=3
$(complete -p fcnet | sed 's/.*-F \\([^ ]*\\).*/\\1/') fcnet
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=here, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["train.epochs=", "train.epochs=10"], done.stderr


def test_nothing_slow_is_imported(here: Path) -> None:
    code = (
        "import os, sys\n"
        "from fcnet.cli.main import main\n"
        "try: main([])\n"
        f"finally: sys.stdout.flush(); os._exit(bool({HEAVY} & set(sys.modules)))"
    )
    environment = os.environ | {
        "_FCNET_COMPLETE": "complete_bash",
        "COMP_WORDS": "fcnet train train.ep",
        "COMP_CWORD": "2",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
