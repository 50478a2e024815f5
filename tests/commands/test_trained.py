"""From a config or a run to device, data and model."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fcnet.commands.read import choose_device
from fcnet.commands.trained import locate
from fcnet.errors import ConfigError
from fcnet.families.fcnet.config import FCNetModel
from helpers.command_line import Run
from helpers.tiny import tiny_config, write_config


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match="device: is 'cuda'; this machine has no CUDA device"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ConfigError, match="this machine has only cuda:0 to cuda:1"):
        choose_device("cuda:2")


def test_a_model_is_found_in_its_run_beside_its_config_or_with_one(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    run = Path("checkpoints/tiny")
    assert locate(run).path == run / "model.pth"
    assert locate(run / "model.pth").run == run
    assert locate(None).run == Path("checkpoints/tiny-2")
    bare = Path("bare.pth")
    bare.write_bytes((run / "model.pth").read_bytes())
    spec = locate(bare, tiny / "tiny.yaml").settings.model
    assert isinstance(spec, FCNetModel)
    assert spec.hidden == [8]
    with pytest.raises(ConfigError, match="a model file alone does not describe its model"):
        locate(bare)
    with pytest.raises(ConfigError, match="is not a run directory"):
        locate(tiny)
    with pytest.raises(ConfigError, match="there is no such run directory or model file"):
        locate(Path("nowhere"))


def test_deskewed_images_are_deskewed_wherever_they_are_looked_at(fcnet: Run, tiny: Path) -> None:
    """Training, eval of a folder, and predict give the same figures; light images are refused."""
    values = tiny_config(tiny)
    values["data"]["deskew"] = True
    path = write_config(tiny / "upright.yaml", values)
    assert fcnet("train", "-c", path, "--out", "run").code == 0
    evaluated = json.loads(fcnet("eval", "run", "--json").out)
    test = values["data"]["test"]
    again = json.loads(fcnet("eval", "run", "--json", "--images", test["images"], "--labels", test["labels"]).out)
    assert again["confusion"] == evaluated["confusion"]
    predicted = json.loads(fcnet("predict", "run", test["images"], "--json").out)["predictions"]
    counts = Counter(one["predicted"] for one in predicted)
    assert [counts[name] for name in evaluated["classes"]] == np.sum(evaluated["confusion"], 0).tolist()
    assert (
        evaluated["loss"]
        != json.loads(
            fcnet(
                "eval",
                "run/model.pth",
                "--config",
                write_config(tiny / "aslant.yaml", values | {"data": values["data"] | {"deskew": False}}),
                "--json",
            ).out
        )["loss"]
    )
    for part in ("train", "test"):
        for file in Path(values["data"][part]["images"]).rglob("*.png"):
            Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
    for words in (
        ("train", "-c", path, "--out", "light"),
        ("eval", "run", "--images", test["images"], "--labels", test["labels"]),
    ):
        outcome = fcnet(*words)
        assert outcome.code == 3
        assert "images have a light background" in outcome.errors[0]
    assert not Path("light").exists()
    outcome = fcnet("predict", "run", test["images"])
    assert outcome.code == 0
    assert "have a light background" in outcome.err
