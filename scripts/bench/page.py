"""Writes docs/benchmarks.md and its pictures from docs/benchmarks.json, which scripts/benchmark.py measures.

    python scripts/benchmark.py page

What is said by hand is in docs/benchmarks-notes.md, and is put at the end of the page as it stands. scripts/figures.py
writes the figures that other pages take from docs/benchmarks.json.
"""

import json
import statistics
from pathlib import Path

from bench import figures
from bench.figures import Section, cell, programs, ratios, values
from bench.goals import GOALS, LABELS, Sections


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table of the page."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(one.replace('|', '/') for one in line)} |" for line in lines] + [""]


def epoch(section: Section) -> list[str]:
    """Seconds per epoch of all programs."""
    rows = []
    for name in programs(section):
        floor = "matmuls bf16" if name.endswith("bf16") else "matmuls fp32"
        over = [cell(ratios(section, name, other)) for other in ("jax", floor)]
        found = values(section, name)
        rows.append([LABELS.get(name, name), cell(found), *over, str(len(found))])
    head = ["program", "seconds per epoch", "over JAX's", "over the five products, same precision", "rounds"]
    picture = "![seconds per epoch of each program](images/bench-epoch.png)"
    text = "Once a program is under way (the first epoch of a process is left out), without the test."
    return ["## Seconds per epoch", "", text, "", *table(head, rows), *([picture, ""] if rows else [])]


def job(section: Section) -> list[str]:
    """The whole job."""
    rows = []
    for name in programs(section):
        found = values(section, name)
        rows.append([LABELS.get(name, name), cell(found), cell(ratios(section, name, "fcnet")), str(len(found))])
    head = ["program", "seconds", "over fcnet's", "rounds"]
    text = """From the start of the process to its exit, ten epochs with a test after each, compilation included. fcnet
has its images decoded from an earlier run, and also saves the model, a log and two pictures; the course's program
decodes its PNGs and saves the model; the others read one array file and save nothing."""
    return ["## The course's whole job", "", text, "", *table(head, rows)]


def accuracy(section: Section) -> list[str]:
    """Accuracy over seeds."""
    rows = []
    for name in programs(section):
        epochs = f"{values(section, name, 'epochs')[0]:.0f}"
        rows.append([LABELS.get(name, name), epochs, *over_seeds(section, name), cell(values(section, name))])
    head = ["config", "epochs", *OVER_SEEDS, "seconds of training"]
    return ["## Accuracy over seeds", "", *table(head, rows)]


OVER_SEEDS = ["test accuracy (%), mean", "s.d.", "range", "seeds"]


def over_seeds(section: Section, name: str) -> list[str]:
    """Return a program's cells below OVER_SEEDS."""
    right = [100 * one for one in values(section, name, "accuracy")]
    deviation = f"{statistics.stdev(right):.2f}" if len(right) > 1 else "-"
    return [f"{statistics.mean(right):.2f}", deviation, f"{min(right):.2f} to {max(right):.2f}", str(len(right))]


def peers(section: Section) -> list[str]:
    """Accuracy of the other libraries in the rounds of the whole job."""
    names = [name for name in programs(section) if name not in ("fcnet", "course")]
    rows = [[LABELS.get(name, name), *over_seeds(section, name)] for name in names]
    text = "The other libraries, in the rounds of the whole job:"
    return [text, "", *table(["program", *OVER_SEEDS], rows)] if rows else []


def small(section: Section) -> list[str]:
    """What is short."""
    ms = [1000 * one for one in values(section, "evaluation")]
    pairs = {"decoding": ("cold", "warm"), "digits, less `import torch`": ("digits", "import torch")}
    rows = [[f"{name}, s", cell(figures.differences(section, *pair))] for name, pair in pairs.items()]
    named = {
        "`fcnet --help`": "help",
        "`import torch`": "import torch",
        "`configs/digits.yaml`": "digits",
        "an epoch of `configs/mnist.yaml`, nothing decoded before": "cold",
        "the same, decoded before": "warm",
    }
    rows += [[f"{label}, whole process, s", cell(values(section, name))] for label, name in named.items()]
    rows += [["evaluating the test images, ms", cell(ms)]]
    for label, name in {"two epochs of `configs/mnist.yaml`": "two epochs", "`import torch`": "import torch"}.items():
        rows.append([f"{label}, peak memory, MB", cell(values(section, name, "peak_mb"))])
    return ["## Small things", "", *table(["figure", "median (lowest to highest)"], rows)]


def growth(section: Section) -> list[str]:
    """How seconds per epoch grow."""
    if not programs(section):
        return ["## How it grows", ""]
    rows = []
    for name in programs(section):
        settings = [f"{values(section, name, key)[0]:.0f}" for key in ("n", "batch", "width", "depth", "weights")]
        rows.append([*settings, cell(values(section, name))])
    head = ["images", "batch", "width", "hidden layers", "weights", "seconds per epoch"]
    return ["## How it grows", "", "![seconds per epoch](images/bench-growth.png)", "", *table(head, rows)]


def gpu(section: Section) -> list[str]:
    """fcnet on a GPU."""
    rows = []
    for name in programs(section):
        ms, busy = ([f * x for x in values(section, name, key)] for key, f in (("epoch", 1000), ("busy", 100)))
        rows.append([LABELS.get(name, name), cell(ms), cell(values(section, name, "ten_epochs")), cell(busy)])
    head = ["program", "ms per epoch", "ten epochs with tests, s", "GPU busy (%), tests included"]
    return ["## On a GPU", "", *table(head, rows)]


def large(section: Section) -> list[str]:
    """Very many images, in memory and in their file."""
    rows = [
        [
            f"`data.memory={name}`",
            *(cell(values(section, name, key)) for key in ("images_per_s", "peak_mb", "decoding")),
        ]
        for name in programs(section)
        if name in ("resident", "mapped")
    ]
    head = ["where images stay", "images/s", "peak memory, MB", "scanning, decoding and start-up, s"]
    return ["## A million images", "", *table(head, rows)]


RENDERERS = {function.__name__: function for function in (epoch, job, accuracy, small, growth, large, gpu)}


def left_out(section: Section) -> list[str]:
    """A line for each program that is missing from a section."""
    lines = [f"- Left out: {LABELS.get(name, name)}: {why}" for name, why in section["left_out"].items()]
    return [*lines, ""] if lines else []


def provenance(sections: Sections) -> list[str]:
    """Each machine with its versions, and below it when and by which command its sections were measured."""
    machines: dict[str, list[str]] = {}
    for name, section in sections.items():
        facts = section["about"]
        hardware, versions = facts["hardware"], facts["versions"]
        ram = f", {hardware['ram_gb']:g} GB of memory" if hardware["ram_gb"] else ""
        gpu_name = hardware["gpu"] or "none"
        place = f"- {hardware['cpu']}, {hardware['cores']} cores{ram}, GPU: {gpu_name}, {hardware['system']}"
        libraries = [
            f"  - {whose}: {', '.join(f'{k} {v}' for k, v in each.items())}" for whose, each in versions.items()
        ]
        measured = f"  - {facts['date']}, {facts['images']} training images, `{facts['command']}`"
        machines.setdefault("\n".join([place, *libraries]), []).append(f"{measured}: {name}")
    return [*(line for place, measured in machines.items() for line in (place, *joined(measured))), ""]


def joined(lines: list[str]) -> list[str]:
    """Lines `WHAT: NAME`, those that share WHAT as one with all names."""
    names: dict[str, list[str]] = {}
    for line in lines:
        what, _, name = line.rpartition(": ")
        names.setdefault(what, []).append(name)
    return [f"{what}: {', '.join(found)}" for what, found in names.items()]


HEAD = """# Benchmarks

The course's job, 784-500-10 with ReLU on MNIST in batches of 100 with Adam, by fcnet and by others, each program as its
library's documentation would write it (`scripts/peers`). Whole processes, one at a time, in rounds: each round runs
every program once. Figures are medians with the lowest and the highest round; ratios and differences are taken within
a round. This page is made by `scripts/bench/page.py` from what `scripts/benchmark.py` measured.
"""


def page(sections: Sections, notes: str) -> str:
    """The whole page."""
    goals = table(["figure", "goal", "measured", "reached"], [goal.row(sections) for goal in GOALS])
    lines = [HEAD, *provenance(sections), "## Goals", "", *goals]
    for name, render in RENDERERS.items():
        if name in sections:
            lines += [*render(sections[name]), *left_out(sections[name])]
        if name == "accuracy" and "job" in sections:
            lines += peers(sections["job"])
    if "gpu" not in sections:
        lines += ["## On a GPU", "", "Not measured: no GPU at hand.", ""]
    return "\n".join(lines).rstrip("\n") + "\n" + (f"\n{notes.strip()}\n" if notes.strip() else "")


def read(path: Path) -> Sections:
    """The sections that were measured, by name."""
    found: Sections = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(path: Path) -> None:
    """Write the page and its pictures beside the file of figures."""
    sections, notes = read(path), path.with_name(f"{path.stem}-notes.md")
    images = path.parent / "images"
    if "epoch" in sections and programs(sections["epoch"]):
        figures.save(figures.epoch_picture(sections["epoch"], LABELS), images / "bench-epoch.png")
    if "growth" in sections and programs(sections["growth"]):
        figures.save(figures.growth_picture(sections["growth"]), images / "bench-growth.png")
    text = page(sections, notes.read_text(encoding="utf-8") if notes.exists() else "")
    path.with_suffix(".md").write_text(text, encoding="utf-8")
