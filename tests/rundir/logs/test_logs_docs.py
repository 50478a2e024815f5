"""docs/logs.md beside what runs really write: every field is described, and every description is of a field."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fcnet.rundir.logs.table import COLUMNS
from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

TEXT = (ROOT / "docs/logs.md").read_text()
SOLVERS: list[Any] = [
    "pinv",
    {"name": "ridge", "ridge": [0.1, 1.0]},
    {"name": "lasso", "l1": 0.1},
    {"name": "squared-hinge", "ridge": 1.0},
]


def described(kind: str) -> set[str]:
    section = TEXT.partition(f"### kind: {kind}\n")[2].partition("\n##")[0]
    return set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))


def fields(record: dict[str, Any]) -> Iterator[str]:
    """The names of a record's fields; those of metrics as of the training images, whatever the split."""
    for name, value in record.items():
        if name == "kind":
            continue
        yield name
        if isinstance(value, dict):
            above = "train" if name in ("validation", "test") else name
            yield from (f"{above}.{inner}" for inner in value)


def test_every_field_is_described_and_exists(fcnet: Run, tiny: Path, auto: Callable[..., Path]) -> None:
    values = {key: value for key, value in tiny_config(tiny).items() if key != "train"}
    values["model"] = {"kind": "elm", "hidden": 20}
    configs = [write_config(tiny / f"{i}.yaml", values | {"solve": {"solver": one}}) for i, one in enumerate(SOLVERS)]
    configs += [tiny / "tiny.yaml", auto("layers", train={"stages": [1, 1], "epochs": 1})]
    written: dict[str, set[str]] = {}
    for number, config in enumerate(configs):
        assert fcnet("train", "-c", config, "data.validation=0.2", "--out", f"run-{number}").code == 0
        for line in Path(f"run-{number}/metrics.jsonl").read_text().splitlines():
            record = json.loads(line)
            written.setdefault(record["kind"], set()).update(fields(record))
    assert written.keys() == set(re.findall(r"^### kind: (\w+)$", TEXT, re.MULTILINE))
    for kind, names in written.items():
        assert names == described(kind), kind


def test_the_columns_of_the_table_are_described_in_their_order() -> None:
    section = TEXT.partition("## metrics.csv\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(COLUMNS)


def test_the_reader_reads(fcnet: Run, tiny: Path) -> None:
    """As printed, also a log whose last line is not whole."""
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "checkpoints/mnist").code == 0
    with Path("checkpoints/mnist/metrics.jsonl").open("a") as file:
        file.write('{"kind": "epo')
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    epochs = [json.loads(line) for line in Path("checkpoints/mnist/metrics.jsonl").read_text().splitlines()[:-1]]
    best = max((one for one in epochs if one["kind"] == "epoch"), key=lambda one: one["test"]["accuracy"])
    assert done.stdout == f"{best['epoch']}\n"
