"""The page's section on GPUs, from the results of scripts/gpu_check.py."""

from typing import Any

from bench.figures import cell, differences, table, values

LABELS = {
    "persistent": "one persistent kernel",
    "graph": "CUDA graph",
    "graph, bf16": "CUDA graph, bf16",
    "eager": "step by step",
    "jax": "JAX, jit and scan",
}


def lines(section: dict[str, Any]) -> list[str]:
    """Return the lines of the section."""
    found = section["about"]
    text = f"""On one {found["hardware"]["gpu"]}, torch {found["versions"]["fcnet's"]["torch"]}; {found["date"]},
`python scripts/gpu_check.py`. Tests that need a GPU: {section["tests"]["said"].strip("= ")}."""
    whole = differences(section, "command", "import torch")
    command = [
        f"`fcnet train -c configs/mnist.yaml`, whole process without `import torch`: {cell(whole)} s.",
        "",
    ]
    many = joint(section["together"]) if "together" in section else []
    return ["## On a GPU", "", text, "", *epochs(section), *(command if whole else []), *many, *ways(section["ways"])]


def epochs(section: dict[str, Any]) -> list[str]:
    """Return the table of epochs of the course's net."""
    rows = []
    for name, label in LABELS.items():
        found = values(section, name, "epoch")
        if not found:
            rows.append([label, section["left_out"].get(name, "not run"), "", ""])
            continue
        ten, busy = (values(section, name, key) for key in ("ten_epochs", "busy"))
        row = [label, cell([1000 * one for one in found])]
        rows.append([*row, cell(ten) if ten else "", cell([100 * one for one in busy]) if busy else ""])
    return table(["784-500-10", "ms per epoch", "ten epochs with tests, s", "GPU busy, %"], rows)


def ways(found: list[dict[str, Any]]) -> list[str]:
    """Return the table of the ways to take steps."""
    eager = {row["case"]: row["us"] for row in found if row["way"] == "eager"}
    rows = []
    for row in found:
        if "not" in row:
            continue
        if "failed" in row:
            rows.append([row["case"], row["way"], row["failed"], "", ""])
            continue
        times = f"{eager[row['case']] / row['us']:.1f}"
        rows.append([row["case"], row["name"], row.get("difference", ""), f"{row['us']:.0f}", times])
    head = ["net", "step", "difference from the eager step, after 4 steps", "µs per step", "times as fast"]
    return ["Every way to take steps:", "", *table(head, rows)]


def joint(found: list[dict[str, Any]]) -> list[str]:
    """Return the table of nets trained together, beside one after another."""
    rows = []
    for row in found:
        if "failed" in row:
            rows.append([f"{row['nets']}", row["failed"], "", "", ""])
            continue
        numbers = [f"{1000 * row['epoch']:.1f}", f"{row['net_epochs_per_second']:.0f}"]
        rows.append([f"{row['nets']}", row["way"], WHAT[row["what"]], *numbers])
    head = ["nets 784-500-10", "step", "timed", "ms per epoch of all", "net-epochs per second"]
    return ["Nets trained together, beside one after another:", "", *table(head, rows), ""]


WHAT = {"steps": "kernels alone", "whole": "training without evaluation"}


def joint_words(row: dict[str, Any]) -> str:
    """Return a row of results in a line."""
    if "failed" in row:
        return f"{row['nets']} nets: {row['failed']}"
    return f"{row['nets']} nets, {row['way']}, {WHAT[row['what']]}: {row['net_epochs_per_second']:.0f} net-epochs/s"
