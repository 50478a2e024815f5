"""How many workers a host has: by its cores, its memory, and its GPUs as the driver's program lists them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fcnet import schema
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from fcnet.schema import Config
from fcnet.sweep.work import slots as module
from fcnet.sweep.work.slots import GIB, Slot, slots

Install = Callable[[str], None]


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests themselves may run with one thread."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def config(**changes: Any) -> Config:
    values = {"data": {"source": "digits", "root": "data/digits", "image_size": [28, 28]}, "model": {"hidden": [500]}}
    return schema.check([Layer("test", values | changes)])


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program in place of nvidia-smi that prints a table of GPUs."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def program(table: str) -> None:
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{table}\nEND\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return program


TWO = "0, GPU-aaaa, 80000\n1, GPU-bbbb, 2000"


def test_a_cpu_has_a_worker_for_each_core_and_no_more_than_there_is_work() -> None:
    assert slots(config(device="cpu"), None, 100, cores=6) == [Slot(number, 1) for number in range(1, 7)]
    assert slots(config(device="cpu"), None, 2, cores=6) == [Slot(1, 3), Slot(2, 3)]
    assert slots(config(device="cpu"), 3, 100, cores=6) == [Slot(1, 2), Slot(2, 2), Slot(3, 2)]
    assert slots(config(device="cpu"), 4, 100, cores=2) == [Slot(number, 1) for number in range(1, 5)]


def test_a_number_of_threads_is_each_worker_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert slots(config(device="cpu", threads=2), None, 100, cores=5) == [Slot(1, 2), Slot(2, 2)]
    with pytest.raises(ConfigError, match="threads: is 8; this host may use 5 cores"):
        slots(config(device="cpu", threads=8), None, 100, cores=5)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of a process, not of the host
    assert slots(config(device="cpu"), 2, 100, cores=6) == [Slot(1, 1), Slot(2, 1)]


def test_nets_that_need_much_memory_have_fewer_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "memory", lambda: 8 * GIB)
    wide = config(device="cpu", model={"hidden": [8000, 8000]})
    # 784 * 8000 + 8000 * 8000 + 8000 * 10 weights of 4 bytes, 12 of each, are 3.1 GiB
    assert 3.1 < module.needs(wide) / GIB < 3.3
    assert len(slots(wide, None, 100, cores=16)) == 1
    assert len(slots(config(device="cpu"), None, 100, cores=16)) == 13  # of half a GiB and a little more


def test_a_closed_form_needs_its_equations() -> None:
    elm = config(model={"kind": "elm", "hidden": 8000}, device="cpu")
    assert module.needs(elm) > 4 * 8 * 8000**2


def test_gpus_have_as_many_workers_as_fit(install: Install) -> None:
    install(TWO)
    found = slots(config(), None, 100, cores=16)
    assert [slot.gpu for slot in found] == ["0", "1", "0", "1", "0", "0"], "four on the large one, two on the other"
    assert {slot.threads for slot in found} == {2}
    assert [slot.gpu for slot in slots(config(device="cuda:1"), None, 100, cores=16)] == ["1"] * 2
    assert [slot.gpu for slot in slots(config(), 3, 100, cores=16)] == ["0", "1", "0"]
    assert [slot.gpu for slot in slots(config(), None, 1, cores=16)] == ["0"]


def test_only_visible_gpus_are_used(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bbbb")
    assert [slot.gpu for slot in slots(config(), None, 100, cores=16)] == ["GPU-bbbb"] * 2
    assert slots(config(), 1, 1, cores=4)[0].environment({"A": "1"}) == {
        "A": "1", "OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "GPU-bbbb"
    }  # fmt: skip
    for hidden in ("", "-1", "7"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert module.gpus() == []
    assert [slot.gpu for slot in slots(config(), None, 2, cores=2)] == [None, None]


@pytest.mark.parametrize("table", ["", "No devices were found", "0, GPU-aaaa", "x, y, [N/A]"])
def test_a_driver_without_gpus(install: Install, table: str) -> None:
    install(table)
    free = [gpu.free for gpu in module.gpus()]
    assert free in ([], [module.CONTEXT])
    if not free:
        with pytest.raises(ConfigError, match="this machine has no such CUDA device"):
            slots(config(device="cuda"), None, 1, cores=2)
