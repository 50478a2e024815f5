"""What commands import: starting is most of a small run's time."""

import os
import subprocess
import sys
from pathlib import Path

from helpers.tiny import tiny_config, write_config

COMMANDS = [
    "train -c tiny/tiny.yaml --out run",
    "eval run",
    "predict run tiny/test/0.png",
    "plot run",
    "train -c tiny/code.yaml --out code",
    "encode code tiny/test --out codes.npz",
    "train -c tiny/tiny.yaml train.optimizer=sgd train.clip_grad_norm=1 train.precision=bf16 --out sgd",
    "train -c tiny/tiny.yaml train.optimizer=adamw train.l2=0.1 model.batch_norm=true model.dropout=0.1 --out norm",
    "train -c tiny/elm.yaml --out elm",
    "config show -c tiny/tiny.yaml",
]

# torch's compiler takes 4 to 6 seconds, and fcnet uses nothing of it. Making torch deterministic, as fcnet does on a
# GPU, imports it if it is done by torch's public function.
PROGRAM = """
import sys
from fcnet.cli.main import main
from fcnet.training import torch_private

def check(what):
    found = [name for name in sys.modules if name.startswith(("torch._dynamo", "torch._inductor", "sympy"))]
    assert not found, (what, found[:5])

torch_private.be_deterministic()
check("be_deterministic")
for command in sys.argv[1:]:
    assert main(command.split()) == 0, command
    check(command)
"""


def test_no_command_imports_torch_s_compiler(tiny: Path) -> None:
    write_config(tiny / "tiny.yaml", tiny_config(Path("tiny")))
    elm = {key: value for key, value in tiny_config(Path("tiny")).items() if key != "train"}
    write_config(tiny / "elm.yaml", elm | {"model": {"kind": "elm", "hidden": 20}})
    code = tiny_config(Path("tiny")) | {"model": {"kind": "autoencoder", "hidden": [4]}}
    write_config(tiny / "code.yaml", code)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)},
        cwd=tiny.parent,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
