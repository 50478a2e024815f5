"""Run a Python program in a process of its own, which can import what the tests can."""

import json
import os
import subprocess
import sys
from typing import Any

LIMIT = 200  # seconds


def run(program: str, *arguments: str, **environment: str) -> str:
    """Run a program with further variables of the environment; return what it printed. It has to succeed."""
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)} | environment
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=variables, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def interpreted(program: str, *arguments: str) -> Any:
    """Run a program whose Triton kernels are interpreted, which is chosen when they are defined; read its last line."""
    return json.loads(run(program, *arguments, TRITON_INTERPRET="1").splitlines()[-1])
