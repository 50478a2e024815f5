"""fcnet train, from the command line: what it writes, that it is the same twice, and how it fails."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image

from fcnet.data import dataset
from fcnet.errors import ResourceError
from fcnet.families.fcnet import model
from helpers.command_line import Run
from helpers.tiny import pictures, tiny_config, write_config, write_numbered


def result(run: str = "checkpoints/tiny") -> dict:
    return json.loads(Path(run, "result.json").read_text())


def test_a_run_directory_has_what_the_design_says(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "--config", "tiny/tiny.yaml", "plots=null")
    assert outcome.code == 0, outcome.err
    run = Path("checkpoints/tiny")
    assert sorted(path.name for path in run.iterdir()) == [
        "ckpt",
        "config.yaml",
        "environment.json",
        "metrics.jsonl",
        "model.pth",
        "plots",
        "result.json",
    ]
    assert sorted(path.name for path in (run / "plots").iterdir()) == ["accuracy.png", "loss.png"]
    environment = json.loads((run / "environment.json").read_text())
    assert environment["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert environment["data"]["train"]["n"] == 60
    assert len(environment["data"]["test"]["sha256"]) == 64
    kinds = [json.loads(line)["kind"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert kinds == ["step", "step", "step", "epoch"] * 3
    found = result()
    assert found["ended"] == "finished"
    assert found["epoch"] == 3
    assert found["test"]["n"] == 21
    state = torch.load(run / "model.pth", weights_only=True)
    assert list(state) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    lines = outcome.out.splitlines()
    assert lines[0].startswith("train: 60 images 6x6, 3 classes of 20 images")
    assert lines[2] == "training 36-8-3 (323 parameters) on cpu, seed 0, into checkpoints/tiny"
    assert lines[3].startswith("Epoch [1/3], Step [4/9], Loss: ")
    assert f"Accuracy of the network on the 21 test images: {100 * found['test']['accuracy']:.2f} %" == lines[-4]


def test_the_saved_config_reruns_to_the_same_weights_bit_for_bit(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "seed=7", "model.dropout=0.2").code == 0
    assert fcnet("train", "-c", "checkpoints/tiny/config.yaml", "--out", "again").code == 0
    first, second = (Path(run, "model.pth").read_bytes() for run in ("checkpoints/tiny", "again"))
    assert first == second
    assert Path("again/config.yaml").read_text() == Path("checkpoints/tiny/config.yaml").read_text()
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--seed", 8, "model.dropout=0.2").code == 0
    assert Path("checkpoints/tiny-2/model.pth").read_bytes() != first


def test_two_processes_give_the_same_bytes(tiny: Path) -> None:
    for _ in range(2):
        words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml"]
        subprocess.run(words, cwd=tiny.parent, check=True, capture_output=True, timeout=120)
    runs_ = tiny.parent / "checkpoints"
    assert (runs_ / "tiny/model.pth").read_bytes() == (runs_ / "tiny-2/model.pth").read_bytes()


def test_out_and_overwrite(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "mine").code == 0
    first = Path("mine/environment.json").read_text()
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "mine")
    assert outcome.code == 2
    assert "--out mine: already exists" in outcome.errors[0]
    assert Path("mine/environment.json").read_text() == first
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "mine", "--overwrite", "--seed", 1).code == 0
    assert "seed: 1" in Path("mine/config.yaml").read_text()
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--overwrite").code == 2
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "tiny", "--overwrite")
    assert outcome.code == 2
    assert (tiny / "train.txt").exists()


def test_the_best_epoch_by_validation_is_kept_and_the_test_set_never_chooses(fcnet: Run, tiny: Path) -> None:
    words = ["data.validation=0.2", "train.epochs=6", "train.optimizer.lr=0.01"]
    assert fcnet("train", "-c", "tiny/tiny.yaml", *words).code == 0
    records = [json.loads(line) for line in Path("checkpoints/tiny/metrics.jsonl").read_text().splitlines()]
    epochs = [record for record in records if record["kind"] == "epoch"]
    best = max(epochs, key=lambda r: (r["validation"]["accuracy"], -r["validation"]["loss"], -r["epoch"]))
    assert result()["best"]["epoch"] == best["epoch"]
    outcome = fcnet("eval", "checkpoints/tiny/best.pth", "--split", "validation", "--json")
    assert json.loads(outcome.out)["accuracy"] == best["validation"]["accuracy"]
    assert json.loads(outcome.out)["n"] == 12
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    assert not Path("checkpoints/tiny-2/best.pth").exists()


def test_divergence_is_exit_4_and_keeps_the_last_good_weights(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "train.optimizer.lr=1e38", "model.hidden=[8, 8]")
    assert outcome.code == 4
    assert len(outcome.errors) == 1
    assert "not finite; lower train.optimizer.lr" in outcome.errors[0]
    state = torch.load("checkpoints/tiny/model.pth", weights_only=True)
    assert all(tensor.isfinite().all() for tensor in state.values())
    assert result()["ended"] == "diverged"


def test_a_loss_that_overflows_after_the_last_step_is_a_divergence_too(fcnet: Run, tiny: Path) -> None:
    words = ["train.epochs=1", "train.batch_size=60", "train.optimizer={name: sgd}", "train.optimizer.lr=1e25"]
    for more in ([], ["data.test=null"]):
        outcome = fcnet("train", "-c", "tiny/tiny.yaml", *words, *more, "--out", f"run{len(more)}")
        assert outcome.code == 4
        assert "epoch 1, step 1 (lr 1e+25; 60 training images, numbers " in outcome.errors[0]
        found = json.loads(Path(f"run{len(more)}/result.json").read_text())
        assert found["ended"] == "diverged"
        state = torch.load(f"run{len(more)}/model.pth", weights_only=True)
        assert all(tensor.abs().max() < 10 for tensor in state.values())  # those of the start


def test_every_bad_split_is_reported_at_once(fcnet: Run, tiny: Path) -> None:
    (tiny / "train/7.png").write_bytes(b"")
    (tiny / "test/7.png").write_bytes(b"")
    assert [error.split(":")[0][-16:] for error in fcnet("train", "-c", "tiny/tiny.yaml").errors] == [
        "/tiny/train/7.png"[-16:],
        "/tiny/test/7.png"[-16:],
    ]
    (tiny / "train").rename(tiny / "gone")
    (tiny / "test.txt").unlink()
    assert len(fcnet("train", "-c", "tiny/tiny.yaml").errors) == 2


def test_an_impossible_validation_is_refused_before_decoding(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.validation=60")
    assert outcome.code == 2
    assert not (tiny / ".fcnet-cache").exists()


def test_a_failing_disk_names_the_file_and_keeps_the_first_error(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 6
    assert outcome.errors == [
        "checkpoints/tiny/config.yaml: the disk is full; free some space or choose another folder"
    ]


def test_batch_norm_refuses_a_batch_of_one(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "model.batch_norm=true", "train.batch_size=59")
    assert outcome.code == 2
    assert "train.batch_size: is 59; of 60 training images the last batch is one image" in outcome.errors[0]
    assert not Path("checkpoints").exists()


def test_a_net_too_large_for_the_machine_is_exit_6(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = model.build

    def no_memory(*asked: Any) -> Any:
        if torch.get_default_device().type == "meta":  # only counted, which needs no memory
            return build(*asked)
        raise RuntimeError(message)

    message = "[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
    monkeypatch.setattr(model, "build", no_memory)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "model.hidden=[1000000]")
    assert outcome.code == ResourceError.exit_code
    assert "model.hidden: [1000000] needs 0.1 GiB for 39,000,000 weights" in outcome.errors[0]
    message = "CUDA error: device busy"  # is no matter of memory, and must not be called so
    with pytest.raises(RuntimeError, match="device busy"):
        fcnet("train", "-c", "tiny/tiny.yaml")


@pytest.mark.parametrize(("batch", "n"), [(1000, 1), (60, 1), (1, 60)])
def test_batches_of_any_size(fcnet: Run, tiny: Path, batch: int, n: int) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", f"train.batch_size={batch}", "train.epochs=1").code == 0
    first = json.loads(Path("checkpoints/tiny/metrics.jsonl").read_text().splitlines()[0])
    assert first["steps"] == n


def test_without_a_test_set(fcnet: Run, tiny: Path) -> None:
    config = tiny_config(tiny)
    del config["data"]["test"]
    write_config(tiny / "tiny.yaml", config)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 0
    assert "Accuracy" not in outcome.out
    assert fcnet("eval").errors == ["split 'test': this config has no test images; choose train, or give --images"]
    assert fcnet("eval", "--split", "train").code == 0
    outcome = fcnet("eval", "--split", "validation")
    assert outcome.code == 3
    assert "has no such images, only train" in outcome.errors[0]


def test_class_names_and_their_order_are_saved(fcnet: Run, tmp_path: Path) -> None:
    pixels, labels = pictures(30, 0)
    for i, name in enumerate(["zebra", "10", "9"]):
        folder = tmp_path / "own" / name
        folder.mkdir(parents=True)
        for j, image in enumerate(pixels[labels == i]):
            Image.fromarray(image).save(folder / f"{j}.bmp")
    config = tiny_config(tmp_path)
    config["data"] = {"train": {"images": "own"}, "test": {"images": "own"}, "image_size": [6, 6]}
    write_config(tmp_path / "own.yaml", config)
    outcome = fcnet("train", "-c", "own.yaml", "train.epochs=20")
    assert outcome.code == 0, outcome.err
    assert "30 images are also in train, pixel for pixel" in outcome.err
    assert yaml.safe_load(Path("checkpoints/own/config.yaml").read_text())["data"]["classes"] == ["9", "10", "zebra"]
    found = json.loads(fcnet("predict", "checkpoints/own", "own/zebra/0.bmp", "--json").out)
    assert found["predictions"][0]["predicted"] == "zebra"


BAD_DATA = {
    "no folder": (lambda root: (root / "train").rename(root / "gone"), "tiny/train: there is no such folder"),
    "no labels": (lambda root: (root / "test.txt").unlink(), "tiny/test.txt: there is no such file"),
    "one image less": (lambda root: (root / "train/59.png").unlink(), "59 images, but"),
    "a bad label": (lambda root: relabel(root / "train.txt", 4, "x"), "tiny/train.txt:5: label 'x' is not a class"),
    "an unknown label": (lambda root: relabel(root / "test.txt", 2, "9"), "tiny/test.txt:3: label '9' is not a class"),
    "an empty file": (
        lambda root: (root / "test/7.png").write_bytes(b""),
        "tiny/test/7.png: cannot be read as an image (the file is empty)",
    ),
    "a cut file": (lambda root: cut(root / "train/7.png"), "tiny/train/7.png: cannot be read as an image ("),
    "no image": (
        lambda root: (root / "train/7.png").write_text("hi"),
        "(not a PNG, JPEG, BMP, TIFF, WebP, GIF or PGM image)",
    ),
    "a bomb": (lambda root: bomb(root / "train/7.png"), "tiny/train/7.png: cannot be read as an image ("),
}


def relabel(path: Path, line: int, label: str) -> None:
    lines = path.read_text().splitlines()
    lines[line] = label
    path.write_text("\n".join(lines))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def bomb(path: Path) -> None:
    Image.new("1", (20000, 9000)).save(path)


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data_is_exit_3_before_anything_is_written(fcnet: Run, tiny: Path, kind: str) -> None:
    harm, words = BAD_DATA[kind]
    harm(tiny)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 3
    assert len(outcome.errors) == 1, outcome.errors
    assert words in outcome.errors[0]
    assert not Path("checkpoints").exists()


def test_every_unreadable_file_is_counted(fcnet: Run, tiny: Path) -> None:
    for i in range(15):
        (tiny / f"train/{i}.png").write_bytes(b"x")
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 3
    assert len(outcome.errors) == 11
    assert "15 of 60 images cannot be read" in outcome.errors[-1]


def test_an_image_in_train_and_test_is_warned_of(fcnet: Run, tiny: Path) -> None:
    (tiny / "test/0.png").write_bytes((tiny / "train/3.png").read_bytes())
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 0
    assert "fcnet: warning: test: 1 image is also in train, pixel for pixel (3.png = 0.png)" in outcome.err


def test_other_sizes_are_resized_and_said(fcnet: Run, tiny: Path) -> None:
    write_numbered(tiny / "big", pictures(21, 1)[0].repeat(3, 1).repeat(2, 2), pictures(21, 1)[1])
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.test.images=tiny/big", "data.test.labels=tiny/big.txt")
    assert outcome.code == 0
    assert "test: 21 images 6x6, resized from 18x12, 3 classes" in outcome.out


def test_mapped_images_train_the_same_and_are_told_of(fcnet: Run, tiny: Path) -> None:
    """Few images, which fit into one group: the order and so the weights are those of resident ones."""
    told = {}
    for memory in ("resident", "mapped"):
        told[memory] = fcnet("train", "-c", "tiny/tiny.yaml", f"data.memory={memory}", "--out", memory)
        assert told[memory].code == 0
    assert "read from disk as needed" in told["mapped"].out
    assert "read from" not in told["resident"].out
    assert Path("mapped/model.pth").read_bytes() == Path("resident/model.pth").read_bytes()


def test_mapped_images_need_a_cache_that_can_be_written(fcnet: Run, tiny: Path) -> None:
    Path("cache").write_text("a file")
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.memory=mapped", "data.cache=cache")
    assert outcome.code == 3
    assert "set data.cache" in outcome.errors[0]


def test_another_memory_is_not_gone_on_with(fcnet: Run, tiny: Path) -> None:
    """It would change the order of the images, and with it the result."""
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "a").code == 0
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "a", "--resume", "train.epochs=9", "data.memory=mapped")
    assert outcome.code == 3
    assert "set data.memory=resident" in outcome.errors[0]
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "a", "--resume", "train.epochs=9").code == 0


def test_images_that_a_gpu_has_no_room_for_are_told_of(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the CPU as if it were another device, with a few bytes free."""
    to = dataset.ImageFolder.to

    def moved(self: dataset.ImageFolder, device: torch.device) -> dataset.ImageFolder:
        return replace(to(self, torch.device("meta")), labels=self.labels)

    monkeypatch.setattr(dataset, "free_bytes", lambda _: 100)
    monkeypatch.setattr(dataset.ImageFolder, "to", moved)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml")
    assert outcome.code == 0
    assert outcome.err.count("stay in host memory: meta has 0.0 GB free; training will be slower") == 2
