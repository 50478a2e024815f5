"""The course's job on real MNIST, and files that go both ways between the course's program and fcnet."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import photos_pictures
import pytest
import torch
from course_program import FCNet as CourseFCNet

from fcnet.data.dataset import ImageFolder
from helpers.command_line import ROOT, Run
from helpers.tiny import write_config, write_numbered


def test_the_course_s_job_on_real_mnist(fcnet: Run, mnist: Path) -> None:
    """Three epochs of configs/mnist.yaml; the course's log shows 93.20 % after one and 95.50 % after two."""
    words = ["-c", ROOT / "configs/mnist.yaml", f"data.root={mnist}", "train.epochs=3", "device=cpu"]
    outcome = fcnet("train", *words)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == f"train: 60000 images 28x28, 10 classes of 5421 to 6742 images, {mnist}/train-images"
    assert "warning" not in outcome.err  # no image of the test set is in the training set
    steps = [line for line in lines if line.startswith("Epoch")]
    assert len(steps) == 18
    assert re.fullmatch(r"Epoch \[3/3\], Step \[600/600\], Loss: \d\.\d{4}", steps[-1])
    (told,) = [line for line in lines if line.startswith("Accuracy")][-1:]
    assert re.fullmatch(r"Accuracy of the network on the 10000 test images: 9[67]\.\d\d %", told)
    found = json.loads(fcnet("eval", "--json").out)
    assert found["accuracy"] > 0.965
    assert 100 * found["accuracy"] == pytest.approx(float(told.split()[-2]))

    examples = ROOT / "docs/examples"
    words = ["checkpoints/mnist", examples / "photo.png", examples / "digits/*.png"]
    predicted = [row["predicted"] for row in json.loads(fcnet("predict", *words, "--json").out)["predictions"]]
    assert predicted == ["7", *"0123456789"]
    photos = json.loads(fcnet("predict", "checkpoints/mnist", examples / "photos", "--json").out)["predictions"]
    assert {Path(row["file"]).stem: row["predicted"] for row in photos} == photos_pictures.SHOWN

    course = CourseFCNet(784, 500, 10)
    course.load_state_dict(torch.load("checkpoints/mnist/model.pth", weights_only=True), strict=True)
    test = ImageFolder.open(mnist / "t10k-images", mnist / "t10k-labels.txt")
    with torch.no_grad():
        predicted = course(test.images.reshape(-1, 784) / 255).argmax(1)
    assert float((predicted == test.labels).double().mean()) == found["accuracy"]


def test_what_the_course_s_program_saves_is_evaluated_to_its_own_figure(fcnet: Run, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for name, n in (("train", 200), ("t10k", 60)):
        write_numbered(
            tmp_path / "m" / name, generator.integers(0, 256, (n, 28, 28), dtype=np.uint8), np.arange(n) % 10
        )
        (tmp_path / "m" / name).rename(tmp_path / "m" / f"{name}-images")
        (tmp_path / "m" / f"{name}.txt").rename(tmp_path / "m" / f"{name}-labels.txt")
    program = ROOT / "scripts/course_program.py"
    done = subprocess.run(
        [sys.executable, program, "m", "--epochs", "1"], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    printed = re.search(r"on the 60 test images: ([\d.]+) %", done.stdout)
    assert printed is not None
    write_config(tmp_path / "m.yaml", {"data": {"source": "mnist", "root": "m"}})
    found = json.loads(fcnet("eval", "model.pth", "--config", "m.yaml", "--json").out)
    assert 100 * found["accuracy"] == pytest.approx(float(printed[1]))
    assert found["n"] == 60


@pytest.mark.long
def test_pca_of_real_mnist_is_the_published_figure(mnist: Path, tmp_path: Path) -> None:
    """13.87 with 30 components (Hinton and Salakhutdinov 2006): squared errors here mean what they mean there."""
    file = write_config(tmp_path / "m.yaml", {"data": {"source": "mnist", "root": str(mnist)}})
    done = subprocess.run([sys.executable, ROOT / "scripts/pca.py", file], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    told = re.search(r"squared error ([\d.]+) per image, 10000 test images", done.stdout)
    assert told is not None
    assert float(told[1]) == pytest.approx(13.87, abs=0.3)
