"""docs/export.md: its commands work in their order, its program runs as printed, and its picture is small."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

from fcnet.export.to_onnx import OPSET
from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

TEXT = (ROOT / "docs/export.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
MOST = 200_000  # bytes of a picture


def test_the_commands_of_the_page_work(fcnet: Run) -> None:
    for line in "".join(BLOCKS).splitlines():
        done = fcnet(*[word.replace("configs/", f"{ROOT}/configs/") for word in shlex.split(line)[1:]])
        assert done.code == 0, (line, done.err)
    assert Path("digit.html").read_text().startswith("<!doctype html>")


def test_the_picture_of_the_page_is_small() -> None:
    path = ROOT / "docs/images/page.png"
    assert path.stat().st_size <= MOST
    with Image.open(path) as picture:
        assert picture.width <= 1200


def test_the_program_gives_the_class_of_predict(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    values["data"]["image_size"] = [28, 28]
    assert fcnet("train", "-c", write_config(tiny / "large.yaml", values), "--out", "run").code == 0
    assert fcnet("export", "run", "--to", "onnx", "-o", "model.onnx").code == 0
    Path("docs").symlink_to(ROOT / "docs")
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"0", "1", "2"}


def test_the_opset_is_the_one_that_is_written() -> None:
    assert f"The opset is {OPSET}," in TEXT
    assert f"opset {OPSET}," in TEXT
