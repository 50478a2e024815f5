"""Image files as people have them, from the command line: trained on, and given to predict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from helpers.command_line import Run
from helpers.formats import colours_of_16_bits
from helpers.tiny import CLASSES, SIDE, pictures, tiny_config, write_config

PIXELS, LABELS = pictures(60, 0)
TEST, TRUTH = pictures(21, 1)

Save = Callable[[np.ndarray, Path], None]


def folders(root: Path, save: Save, suffix: str) -> Path:
    """Class folders for training and test, and a config of them."""
    for part, images, labels in (("train", PIXELS, LABELS), ("test", TEST, TRUTH)):
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            (root / part / str(label)).mkdir(parents=True, exist_ok=True)
            save(pixels, root / part / str(label) / f"{i}{suffix}")
    values = tiny_config(root)
    values["data"] = {name: {"images": str(root / name)} for name in ("train", "test")} | {"image_size": [SIDE, SIDE]}
    values["train"] |= {"epochs": 12}
    return write_config(root / "own.yaml", values)


def plainly(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path)


def accuracy(fcnet: Run, run: str, *words: str) -> float:
    return float(json.loads(fcnet("eval", run, "--json", *words).out)["accuracy"])


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm", ".BMP", ".jfif"])
def test_other_formats_are_trained_on(fcnet: Run, tmp_path: Path, suffix: str) -> None:
    def save(pixels: np.ndarray, path: Path) -> None:
        kinds = {".ppm": "RGB", ".webp": "RGB"}
        forms: dict[str, tuple[str, dict[str, Any]]] = {
            ".webp": ("WEBP", {"lossless": True}),
            ".jfif": ("JPEG", {"quality": 95}),
        }
        form, more = forms.get(suffix, (None, {}))
        Image.fromarray(pixels).convert(kinds.get(suffix, "L")).save(path, form, **more)

    outcome = fcnet("train", "-c", folders(tmp_path / "own", save, suffix), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "warning" not in outcome.err
    assert accuracy(fcnet, "run") > 0.9
    assert len(fcnet("predict", "run", "own/test/0").out.splitlines()) == 8


def test_turned_photos_are_classified_as_they_are_seen(fcnet: Run, tmp_path: Path) -> None:
    """Of the band at the top, which lies at a side in the file."""
    assert fcnet("train", "-c", folders(tmp_path / "own", plainly, ".png"), "--out", "run").code == 0
    turns = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180, 8: Image.Transpose.ROTATE_270}
    for suffix in ("png", "jpg", "webp", "tif"):
        for orientation, turn in turns.items():
            exif = Image.Exif()
            exif[0x0112] = orientation
            options: dict[str, dict[str, Any]] = {"jpg": {"quality": 100}, "webp": {"lossless": True}}
            more = options.get(suffix, {})
            Image.fromarray(TEST[0]).transpose(turn).save(tmp_path / f"photo.{suffix}", exif=exif, **more)
            (found,) = json.loads(fcnet("predict", "run", f"photo.{suffix}", "--json").out)["predictions"]
            assert found["predicted"] == str(TRUTH[0])


# --- 16 bits ------------------------------------------------------------------------------------------------------


def deep(most: int) -> Save:
    def save(pixels: np.ndarray, path: Path) -> None:
        Image.fromarray((pixels.astype(np.int64) * most // 255).astype(np.uint16)).save(path)

    return save


@pytest.mark.parametrize(("most", "white"), [(255, 255), (1023, 1023), (4095, 4095), (65535, 65535)])
def test_images_of_few_bits_in_sixteen(fcnet: Run, tmp_path: Path, most: int, white: int) -> None:
    """Scaled by the range of the training images, which the run keeps for what it is asked later."""
    outcome = fcnet("train", "-c", folders(tmp_path / "own", deep(most), ".png"), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "warning" not in outcome.err
    assert yaml.safe_load(Path("run/config.yaml").read_text())["data"]["white"] == white
    right = accuracy(fcnet, "run")
    assert right > 0.9
    assert accuracy(fcnet, "run", "--images", "own/test") == right
    dark = (TEST[0].astype(np.int64) * most // 255 // 2).astype(np.uint16)
    Image.fromarray(dark).save(tmp_path / "dark.png")
    Image.fromarray((dark.astype(np.int64) * 256 // (white + 1)).astype(np.uint8)).save(tmp_path / "dark8.png")
    outcome = fcnet("predict", "run", "dark.png", "dark8.png", "--json")
    assert "16-bit" not in outcome.err
    one, other = json.loads(outcome.out)["predictions"]
    assert one["probabilities"] == other["probabilities"]
    assert fcnet("train", "-c", "own/own.yaml", "--out", "run", "--resume").code == 0  # white is not the config's
    if most == 1023:
        Image.fromarray(np.full((SIDE, SIDE), 5000, np.uint16)).save(tmp_path / "own/test/0/bright.png")
        outcome = fcnet("train", "-c", "own/own.yaml", "--out", "again")
        assert outcome.code == 3
        assert "bright.png: cannot be read as an image (has the value 5000, above data.white, 1023" in outcome.errors[0]
        assert fcnet("train", "-c", "own/own.yaml", "--out", "again", "data.white=65535").code == 0


def test_predict_says_what_it_takes_for_white(fcnet: Run, tmp_path: Path) -> None:
    """Where the images that were trained on have 8 bits."""
    assert fcnet("train", "-c", folders(tmp_path / "own", plainly, ".png"), "--out", "run").code == 0
    deep(1023)(TEST[0], tmp_path / "deep.png")
    outcome = fcnet("predict", "run", "deep.png", "--prepare", "off", "--json")
    assert json.loads(outcome.out)["predictions"][0]["predicted"] == str(TRUTH[0])
    assert "deep.png: 16-bit images with values only up to" in outcome.err
    assert "1023 is taken as white" in outcome.err
    (tmp_path / "coloured.png").write_bytes(colours_of_16_bits(np.full((SIDE, SIDE, 3), 200)))
    outcome = fcnet("predict", "run", "coloured.png", "--prepare", "off")
    assert outcome.code == 3
    assert "save them with 8 bits" in outcome.errors[0]
    Image.fromarray(np.ones((SIDE, SIDE), np.float32)).save(tmp_path / "float.tif")
    assert "floating-point" in fcnet("predict", "run", "float.tif").errors[0]


# --- what is said -------------------------------------------------------------------------------------------------


def test_images_of_one_colour_are_named(fcnet: Run, tmp_path: Path) -> None:
    config = folders(tmp_path / "own", plainly, ".png")
    Image.new("RGB", (20, 20), (9, 90, 200)).save(tmp_path / "own/train/1/blank.png")
    Image.new("RGBA", (SIDE, SIDE)).save(tmp_path / "own/train/2/clear.png")
    outcome = fcnet("train", "-c", config, "--out", "run")
    assert "warning: train: 2 images have a single colour (1/blank.png, 2/clear.png)" in outcome.err
    outcome = fcnet("predict", "run", "own/train/1/blank.png", "own/test/0")
    assert (outcome.code, outcome.err) == (0, "")
    assert "nothing written found" in outcome.out.splitlines()[1]
    outcome = fcnet("predict", "run", "own/train/1/blank.png", "own/test/0", "--prepare", "off")
    assert outcome.code == 0
    assert "warning: own/train/1/blank.png: 1 image is of one colour" in outcome.err


def test_only_the_first_of_several_pictures_is_read_and_that_is_said(fcnet: Run, tmp_path: Path) -> None:
    config = folders(tmp_path / "own", plainly, ".png")
    moving = tmp_path / "own/train/1/cat.gif"
    Image.fromarray(PIXELS[1]).save(moving, save_all=True, append_images=[Image.fromarray(PIXELS[2])])
    outcome = fcnet("train", "-c", config, "--out", "run")
    assert "own/train: 1/cat.gif: 2 frames, the first is read" in outcome.err
    outcome = fcnet("predict", "run", moving)
    assert outcome.code == 0
    assert f"{moving}: 2 frames, the first is read" in outcome.err
    assert "1/cat.gif: 2 frames" in fcnet("eval", "run", "--split", "train").err  # from the cache


def test_a_number_of_validation_images_of_class_folders(fcnet: Run, tmp_path: Path) -> None:
    config = folders(tmp_path / "own", plainly, ".png")
    outcome = fcnet("train", "-c", config, "--out", "run", "data.validation=9")
    assert outcome.code == 0
    assert "validation: 9 images 6x6, 3 classes of 3 images" in outcome.out
    assert "(a share of each class, because they are sorted by class)" in outcome.out
    assert "no image of class" not in outcome.err
    assert f"{CLASSES} classes of 17 images" in outcome.out


def test_numbered_images_hold_out_the_last(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.validation=7")
    assert "(the last 7)" in outcome.out


def test_a_cache_without_room_does_not_stop_a_run(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fcnet.data.cache import arrays

    def full(*_: object) -> None:
        with arrays._writing():
            raise OSError(28, "No space left on device")

    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "whole", "data.cache=elsewhere").code == 0
    monkeypatch.setattr(arrays, "write", full)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "run")
    assert outcome.code == 0
    assert outcome.err.count("cannot be written (No space left on device)") == 1
    assert "set data.cache" in outcome.err
    assert Path("run/model.pth").read_bytes() == Path("whole/model.pth").read_bytes()
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "mapped", "data.memory=mapped")
    assert outcome.code == 6
    assert "set data.cache to a folder with enough space" in outcome.errors[0]
