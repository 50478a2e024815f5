"""The scripts of exported pages, run by node without a browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fcnet.export.web import file

LIMIT = 120  # seconds
SCRIPTS = [name for name in file.SCRIPTS if not name.startswith("view/")]


def run(folder: Path, expression: str, values: Any) -> Any:
    """The value of a JavaScript expression, in which ``input`` is what ``values`` are in JSON."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on the PATH")
    read = "const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
    write = (
        f"process.stdout.write(JSON.stringify(({expression}), (k, v) => ArrayBuffer.isView(v) ? Array.from(v) : v));"
    )
    script = folder / "script.js"
    script.write_text("\n".join(["'use strict';", *map(file.part, SCRIPTS), read, write]), encoding="utf-8")
    done = subprocess.run([node, script], input=json.dumps(values), capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
