"""Write docs/benchmarks.md and its figures from docs/benchmarks.json, the results of scripts/benchmark.py.

    python scripts/benchmark.py page

The text of docs/benchmarks-notes.md is appended to the page. scripts/figures.py writes the numbers that other pages
take from docs/benchmarks.json.
"""

import json
import statistics
from pathlib import Path

from bench import figures, gpu_table, pictures
from bench.figures import Section, cell, programs, ratios, table, values
from bench.goals import GOALS, LABELS, Sections


def epoch(section: Section) -> list[str]:
    """Return the section on seconds per epoch of all programs."""
    rows = []
    for name in programs(section):
        floor = "matmuls bf16" if name.endswith("bf16") else "matmuls fp32"
        over = [cell(ratios(section, name, other)) for other in ("jax", floor)]
        found = values(section, name)
        rows.append([LABELS.get(name, name), cell(found), *over, str(len(found))])
    head = ["program", "seconds per epoch", "over JAX's", "over the five products, same precision", "rounds"]
    picture = "![seconds per epoch of each program](images/bench-epoch.png)"
    text = "Without the test, and without the first epoch of each process."
    return ["## Seconds per epoch", "", text, "", *table(head, rows), *([picture, ""] if rows else [])]


def job(section: Section) -> list[str]:
    """Return the section on the whole job."""
    rows = []
    for name in programs(section):
        found = values(section, name)
        rows.append([LABELS.get(name, name), cell(found), cell(ratios(section, name, "fcnet")), str(len(found))])
    head = ["program", "seconds", "over fcnet's", "rounds"]
    text = """From the start of the process to its exit: ten epochs with a test after each, including compilation. fcnet
reads images decoded by an earlier run, and also saves the model, a log and two figures; the course's program decodes
its PNGs and saves the model; the others read one array file and save nothing."""
    return ["## The course's whole job", "", text, "", *table(head, rows)]


def accuracy(section: Section) -> list[str]:
    """Return the section on accuracy over seeds."""
    rows = []
    for name in programs(section):
        epochs = f"{values(section, name, 'epochs')[0]:.0f}"
        rows.append([LABELS.get(name, name), epochs, *over_seeds(section, name), cell(values(section, name))])
    head = ["config", "epochs", *OVER_SEEDS, "seconds of training"]
    return ["## Accuracy over seeds", "", *table(head, rows)]


OVER_SEEDS = ["test accuracy (%), mean", "s.d.", "range", "seeds"]


def over_seeds(section: Section, name: str) -> list[str]:
    """Return a program's cells of the columns OVER_SEEDS."""
    right = [100 * one for one in values(section, name, "accuracy")]
    deviation = f"{statistics.stdev(right):.2f}" if len(right) > 1 else "-"
    return [f"{statistics.mean(right):.2f}", deviation, f"{min(right):.2f} to {max(right):.2f}", str(len(right))]


def peers(section: Section) -> list[str]:
    """Return the lines on the accuracy of the other libraries in the rounds of the whole job."""
    names = [name for name in programs(section) if name not in ("fcnet", "course")]
    rows = [[LABELS.get(name, name), *over_seeds(section, name)] for name in names]
    text = "The other libraries, in the rounds of the whole job:"
    return [text, "", *table(["program", *OVER_SEEDS], rows)] if rows else []


def small(section: Section) -> list[str]:
    """Return the section on short things."""
    ms = [1000 * one for one in values(section, "evaluation")]
    pairs = {"decoding": ("cold", "warm"), "digits, minus `import torch`": ("digits", "import torch")}
    rows = [[f"{name}, s", cell(figures.differences(section, *pair))] for name, pair in pairs.items()]
    named = {
        "`fcnet --help`": "help",
        "`import torch`": "import torch",
        "`configs/digits.yaml`": "digits",
        "an epoch of `configs/mnist.yaml`, without cache": "cold",
        "the same, with cache": "warm",
    }
    rows += [[f"{label}, whole process, s", cell(values(section, name))] for label, name in named.items()]
    rows += [["evaluating the test images, ms", cell(ms)]]
    for label, name in {"two epochs of `configs/mnist.yaml`": "two epochs", "`import torch`": "import torch"}.items():
        rows.append([f"{label}, peak memory, MB", cell(values(section, name, "peak_mb"))])
    return ["## Start-up, decoding, memory", "", *table(["measurement", "median (lowest to highest)"], rows)]


def growth(section: Section) -> list[str]:
    """Return the section on how seconds per epoch grow."""
    if not programs(section):
        return ["## Scaling", ""]
    rows = []
    for name in programs(section):
        settings = [f"{values(section, name, key)[0]:.0f}" for key in ("n", "batch", "width", "depth", "weights")]
        rows.append([*settings, cell(values(section, name))])
    head = ["images", "batch", "width", "hidden layers", "weights", "seconds per epoch"]
    return ["## Scaling", "", "![seconds per epoch](images/bench-growth.png)", "", *table(head, rows)]


def large(section: Section) -> list[str]:
    """Return the section on very many images, in memory and memory-mapped."""
    rows = [
        [
            f"`data.memory={name}`",
            *(cell(values(section, name, key)) for key in ("images_per_s", "peak_mb", "decoding")),
        ]
        for name in programs(section)
        if name in ("resident", "mapped")
    ]
    head = ["storage of the images", "images/s", "peak memory, MB", "scanning, decoding and start-up, s"]
    return ["## A million images", "", *table(head, rows)]


RENDERERS = {function.__name__: function for function in (epoch, job, accuracy, small, growth, large)}


def left_out(section: Section) -> list[str]:
    """Return a line for each program that is missing from a section."""
    lines = [f"- Left out: {LABELS.get(name, name)}: {why}" for name, why in section["left_out"].items()]
    return [*lines, ""] if lines else []


def provenance(sections: Sections) -> list[str]:
    """Return each machine with its versions, and when and with which command its sections were measured."""
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
    """Join lines `WHAT: NAME` with the same WHAT into one line with all names."""
    names: dict[str, list[str]] = {}
    for line in lines:
        what, _, name = line.rpartition(": ")
        names.setdefault(what, []).append(name)
    return [f"{what}: {', '.join(found)}" for what, found in names.items()]


HEAD = """# Benchmarks

The task is the course's: a 784-500-10 net with ReLU on MNIST, in batches of 100, with Adam. Each library's program
follows its documentation (`scripts/peers`). Every measurement is a whole process; processes run one at a time, and each
round runs every program once. The tables give medians with the lowest and highest round; ratios and differences are
computed within a round. `scripts/bench/page.py` generates this page from the results of `scripts/benchmark.py`.
"""


def page(sections: Sections, notes: str) -> str:
    """Return the whole page."""
    goals = table(["measurement", "goal", "measured", "reached"], [goal.row(sections) for goal in GOALS])
    lines = [HEAD, *provenance(sections), "## Goals", "", *goals]
    for name, render in RENDERERS.items():
        if name in sections:
            lines += [*render(sections[name]), *left_out(sections[name])]
        if name == "accuracy" and "job" in sections:
            lines += peers(sections["job"])
    if "gpu" in sections:
        lines += gpu_table.lines(sections["gpu"])
    else:
        lines += ["## On a GPU", "", "Not measured: no GPU was available.", ""]
    return "\n".join(lines).rstrip("\n") + "\n" + (f"\n{notes.strip()}\n" if notes.strip() else "")


def read(path: Path) -> Sections:
    """Read the measured sections, by name."""
    found: Sections = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(path: Path) -> None:
    """Write the page and its figures beside the file of results."""
    sections, notes = read(path), path.with_name(f"{path.stem}-notes.md")
    images = path.parent / "images"
    if "epoch" in sections and programs(sections["epoch"]):
        pictures.save(pictures.epoch_picture(sections["epoch"], LABELS), images / "bench-epoch.png")
    if "growth" in sections and programs(sections["growth"]):
        pictures.save(pictures.growth_picture(sections["growth"]), images / "bench-growth.png")
    text = page(sections, notes.read_text(encoding="utf-8") if notes.exists() else "")
    path.with_suffix(".md").write_text(text, encoding="utf-8")
