"""From a config or a run to device, data and model."""

from pathlib import Path

import pytest
import torch
from conftest import Run

from fcnet import loading
from fcnet.errors import ConfigError


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert loading.choose_device("auto") == loading.choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match="device: is 'cuda'; of CUDA devices this machine has none"):
        loading.choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert loading.choose_device("auto") == torch.device("cuda")
    assert loading.choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ConfigError, match=r"has 2 \(cuda:0 to cuda:1\)"):
        loading.choose_device("cuda:2")


def test_a_model_is_found_in_its_run_beside_its_config_or_with_one(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    run = Path("checkpoints/tiny")
    assert loading.locate(run).path == run / "model.pth"
    assert loading.locate(run / "model.pth").run == run
    assert loading.locate(None).run == Path("checkpoints/tiny-2")
    bare = Path("bare.pth")
    bare.write_bytes((run / "model.pth").read_bytes())
    assert loading.locate(bare, tiny / "tiny.yaml").settings.model.hidden == [8]
    with pytest.raises(ConfigError, match="a model file alone does not tell its net"):
        loading.locate(bare)
    with pytest.raises(ConfigError, match="is no run directory"):
        loading.locate(tiny)
    with pytest.raises(ConfigError, match="there is no such run directory or model file"):
        loading.locate(Path("nowhere"))
