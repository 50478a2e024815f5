"""Shared fixtures: the command line in-process, and a tiny data set of PNGs. Nothing is downloaded."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis import is_hypothesis_test
from torch import Tensor

from fcnet.cli.main import main
from fcnet.system import streams
from fcnet.system.threads import limits
from helpers import processes, seeds
from helpers.command_line import Outcome, Run
from helpers.tiny import pictures, tiny_config, write_config, write_numbered

Values = dict[str, Any] | None

LONG_LIMIT = 3000  # seconds that a test marked long may take


def pytest_configure() -> None:
    """One seed for all processes of the run: those of pytest-xdist are started with this environment.

    And one way to multiply, that of commands, which differs in the last bits from what MKL does unasked.
    """
    seeds.draw()
    os.environ.setdefault(*limits.MKL)


def pytest_report_header() -> str:
    return seeds.told()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(seeds.told())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked long are given time, and the examples of Hypothesis come from the run's seed."""
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(LONG_LIMIT))
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            hypothesis.seed(seeds.seed())(item.obj)


@pytest.fixture(scope="session", autouse=True)
def heeded_signals() -> None:
    """HUP and INT end a process again, also where the tests were started by nohup or behind a shell's ``&``.

    fcnet leaves ignored what is ignored when it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """What a test has launched ends with it."""
    yield
    processes.end_all()


@pytest.fixture
def fcnet(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``fcnet WORDS`` in an empty folder; no traceback may show."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        streams.prepare()  # as the script does
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Outcome(code, out, err)

    return run


@pytest.fixture(scope="session")
def tiny_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 training and 21 test images in the course's layout; copied for each test that asks for ``tiny``."""
    root = tmp_path_factory.mktemp("master") / "tiny"
    write_numbered(root / "train", *pictures(60, 0))
    write_numbered(root / "test", *pictures(21, 1))
    return root


@pytest.fixture
def tiny(tiny_master: Path, tmp_path: Path) -> Path:
    """A folder of one's own to change: train/, train.txt, test/, test.txt and tiny.yaml, a config that learns it."""
    assert {path.name for path in tiny_master.iterdir()} == {"train", "train.txt", "test", "test.txt"}, "used in place"
    root = tmp_path / "tiny"
    shutil.copytree(tiny_master, root)
    write_config(root / "tiny.yaml", tiny_config(root))
    return root


@pytest.fixture(scope="session")
def mnist_files() -> Path:
    """The folder of the four official MNIST files, from $FCNET_MNIST."""
    folder = os.environ.get("FCNET_MNIST")
    if not folder:
        pytest.skip("FCNET_MNIST is not set; it names the folder of the four official MNIST files")
    assert Path(folder).is_dir(), f"FCNET_MNIST={folder} is no folder"
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def mnist(mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MNIST written once as an image folder, by the command."""
    root = tmp_path_factory.mktemp("mnist") / "mnist"
    shutil.copytree(mnist_files, root / "MNIST" / "raw")
    assert main(["data", "mnist", "--out", str(root)]) == 0
    return root


# --- autoencoders -------------------------------------------------------------------------------------------------


@pytest.fixture
def x() -> Tensor:
    """Images (20, 12) in [0, 1]."""
    return torch.rand(20, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def auto(tiny: Path) -> Callable[..., Path]:
    """Writes a config of an autoencoder on the tiny data."""

    def write(name: str = "auto", train: Values = None, data: Values = None, **model: object) -> Path:
        values = tiny_config(tiny)
        values["model"] = {"kind": "autoencoder", "hidden": [8, 3], "activation": "sigmoid"} | model
        values["train"] = {"epochs": 3, "batch_size": 16} | (train or {})
        values["data"] |= data or {}
        return write_config(tiny / f"{name}.yaml", values)

    return write
