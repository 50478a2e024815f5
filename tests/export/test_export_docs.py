"""The program in docs/export.md runs as printed, on what the command writes."""

import re
import subprocess
import sys
from pathlib import Path

from fcnet.export.to_onnx import OPSET
from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

TEXT = (ROOT / "docs/export.md").read_text()


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
