"""The command line itself: usage, help, exit codes, start-up."""

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fcnet import __version__
from fcnet.cli.main import main
from fcnet.commands import train
from helpers.command_line import COMMANDS, Run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(fcnet: Run, command: str) -> None:
    outcome = fcnet(*command.split(), "--help")
    assert outcome.code == 0
    assert re.search(f"Examples?: fcnet {command}", " ".join(outcome.out.split()))


def test_help_lists_the_commands_and_is_what_no_words_show(fcnet: Run) -> None:
    outcome = fcnet("--help")
    assert outcome.code == 0
    assert all(command.split()[0] in outcome.out for command in COMMANDS)
    assert fcnet().out == outcome.out


def test_version(fcnet: Run) -> None:
    assert fcnet("--version").out == f"fcnet {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["trian"],
        ["train"],
        ["train", "--config"],
        ["train", "--confg", "x"],
        ["eval", "--split", "tests"],
        ["eval", "--labels", "x"],
        ["eval", "--images", "x", "--split", "test"],
        ["predict", "run"],
        ["predict", "run", "image", "--json", "--csv"],
        ["data", "imagenet"],
        ["config", "show"],
        ["plot", "--format", "bmp"],
        ["train", "--config", "x.yaml", "--seed", "one"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_2(fcnet: Run, tmp_path: Path, words: list[str]) -> None:
    outcome = fcnet(*words)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith("fcnet: error: ")
    assert list(tmp_path.iterdir()) == []


def test_device_and_seed_are_overrides(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--device", "tpu", "--seed", "-1")
    assert outcome.code == 2
    assert [error.split(": ")[:2] for error in outcome.errors] == [["command line", "device"], ["command line", "seed"]]
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--seed", 5, "seed=4").code == 0
    assert "seed: 5" in Path("checkpoints/tiny/config.yaml").read_text()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), 6, "x: the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 6, "x: permission denied"),
        (MemoryError(), 6, "memory: not enough"),
        (KeyboardInterrupt(), 130, "fcnet: interrupted"),
    ],
)
def test_what_the_machine_refuses(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(train, "run_train", fail)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == code
    assert words in outcome.err


def test_a_gpu_without_memory(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(train, "run_train", fail)
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 6


def test_a_bug_keeps_its_traceback(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(train, "run_train", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["train", "-c", str(tiny / "tiny.yaml")])


def test_debug_shows_the_traceback_of_an_expected_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--debug", "eval"], ["eval", "--debug"]):
        assert main(words) == 2
        assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        *(["--help"], ["train", "--help"], ["train", "-c", "no.yaml"], ["config", "schema"], ["help"], ["list"]),
        *(["train", "--lr", "1"], ["trian"], ["train", "no.yaml", "seed"], ["train", "--resume"], ["predict"]),
        *(["train", "--resume", "no"], ["eval", "–config"], ["data", "a"]),
    ],
    ids=" ".join,
)
def test_help_and_config_errors_do_not_import_torch(words: list[str], tmp_path: Path) -> None:
    heavy = "{'torch', 'numpy', 'PIL', 'matplotlib', 'sklearn'}"
    code = f"import sys; from fcnet.cli.main import main; main({words!r}); sys.exit(bool({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_starting_imports_no_more_than_the_parser_needs() -> None:
    """What answers wrong words is imported where they are wrong."""
    slow = {"pydantic", "yaml", "fcnet.config.load", "fcnet.schema"}
    code = f"import sys; import fcnet.cli.main; sys.exit(bool({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_training_does_not_import_what_it_does_not_need(tiny: Path) -> None:
    """torch's compiler, scikit-learn and torchvision take longer to import than a small net takes to train."""
    code = (
        "import sys; from fcnet.cli.main import main; assert main(['train', '-c', 'tiny/tiny.yaml']) == 0;"
        "sys.exit(' '.join({'torch._dynamo', 'sklearn', 'torchvision', 'matplotlib.pyplot'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tiny.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["-m", "fcnet"], ["-c", "from fcnet.cli.main import entry; entry()"]])
def test_the_two_ways_in(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0
    if words[0] == "-m":
        done = subprocess.run(
            [sys.executable, *words, "eval"], capture_output=True, text=True, cwd=tmp_path, timeout=120
        )
        assert done.returncode == 2
        assert done.stderr.startswith("fcnet: error: checkpoints: contains no run yet")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("delay", [0.7, 1.0, 1.3])
def test_ctrl_c_while_other_packages_are_imported_is_130(tiny: Path, delay: float) -> None:
    import signal
    import time

    process = subprocess.Popen(
        [sys.executable, "-m", "fcnet", "plot", "nowhere"], cwd=tiny.parent, stderr=subprocess.PIPE, text=True
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in (130, 2)  # 2: it was faster, and there is no such run


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of the address space")
@pytest.mark.parametrize("megabytes", [400, 2500])
def test_little_address_space_is_told(tiny: Path, megabytes: int) -> None:
    line = f"ulimit -v {megabytes * 1024}; exec {sys.executable} -m fcnet train -c tiny/tiny.yaml"
    done = subprocess.run(["bash", "-c", line], cwd=tiny.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 6, done.stderr
    assert done.stderr.splitlines()[-1].startswith("fcnet: error: memory: this process may use ")
    assert "(ulimit -v)" in done.stderr
