"""The benchmark's arithmetic, its page, and those of its programs that need nothing beyond fcnet's own libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import benchmark
import numpy as np
import pytest
from bench import figures, goals, gpu, page, pictures, running
from bench.figures import Spread
from matplotlib.text import Annotation
from PIL import Image

ABOUT = {
    "date": "2026-01-02",
    "command": "python scripts/benchmark.py",
    "hardware": {"cpu": "a processor", "cores": 2, "ram_gb": 8.0, "gpu": None, "system": "Linux"},
    "versions": {"fcnet's": {"python": "3.11.0", "torch": "2.10.0"}, "the peers'": {"jax": "0.1"}},
    "images": 60000,
}


def section(*rounds: dict[str, Any], **left_out: str) -> dict[str, Any]:
    """A section whose programs are given by their seconds, or by all their figures."""
    rows = [{name: f if isinstance(f, dict) else {"seconds": f} for name, f in row.items()} for row in rounds]
    return {"rounds": rows, "left_out": left_out, "about": ABOUT}


def test_ratios_are_taken_within_a_round() -> None:
    rounds = section({"a": 1.0, "b": 2.0}, {"a": 30.0, "b": 10.0}, {"a": 5.0}, {"a": 4.0, "b": 4.0})
    assert figures.ratios(rounds, "a", "b") == [0.5, 3.0, 1.0]
    assert figures.differences(rounds, "a", "b") == [-1.0, 20.0, 0.0]
    # The ratio of the medians would be 4.5 / 4.
    assert Spread.of(figures.ratios(rounds, "a", "b")) == Spread(1.0, 0.5, 3.0)
    assert figures.values(rounds, "b") == [2.0, 10.0, 4.0]
    assert figures.values(rounds, "c") == figures.ratios(rounds, "a", "c") == figures.values(rounds, "a", "mb") == []


def test_programs_take_turns_and_those_that_fail_are_named() -> None:
    ran = []

    def program(name: str) -> running.Program:
        def run(number: int) -> running.Figures | None:
            ran.append((number, name))
            if name == "fails" and number == 1:
                raise running.FailedError("no more")
            return None if name == "once" and number else {"seconds": float(number)}

        return run

    found = running.in_rounds({name: program(name) for name in ("a", "fails", "once")}, 3)
    assert [name for number, name in ran if number == 0] == ["a", "fails", "once"]
    assert [name for number, name in ran if number == 1] == ["once", "fails", "a"]
    assert [name for number, name in ran if number == 2] == ["a", "once"]
    assert [list(row) for row in found["rounds"]] == [["a", "fails", "once"], ["a"], ["a"]]
    assert found["left_out"] == {"fails": "no more (in round 2)"}


@pytest.mark.parametrize(
    ("value", "below", "verdict"),
    [
        (0.9, False, "yes"),
        (1.0, False, "yes"),
        (1.0, True, "missed by 0.0 %"),
        (1.015, False, "missed by 1.5 %"),
        (2.5, True, "missed by 150 %"),
    ],
)
def test_a_goal_is_reached_or_missed_by_so_much(value: float, below: bool, verdict: str) -> None:
    goal = goals.Goal("x", 1.0, " s", lambda _: Spread(value, value, value), below)
    assert goal.row({})[-1] == verdict


def test_numbers_have_three_digits() -> None:
    assert [figures.number(x) for x in (0.0123456, 1, 14.54, 131.26, 1234.5)] == [
        "0.0123",
        "1.00",
        "14.5",
        "131",
        "1234",
    ]


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A file of figures: a goal that is reached, one that is missed, a peer that is missing, sections not run."""
    points = {
        f"{axis} {size}": {"seconds": size / 100, "n": size, "batch": size, "width": 1, "depth": 1, "weights": size}
        for axis in ("n", "batch", "width", "depth")
        for size in (10, 100)
    }
    both = {"fcnet fp32": 1.0, "fcnet bf16": 0.5, "matmuls fp32": 0.5, "course": 16.0}
    runs = {
        "fcnet fp32": {"accuracy": 0.981, "seconds": 10.0, "epochs": 10},
        "fcnet bf16": {"accuracy": 0.9805, "seconds": 6.0, "epochs": 10},
        "mnist-fast": {"accuracy": 0.979, "seconds": 3.0, "epochs": 3},
    }
    sections = {
        "epoch": section(both, both | {"fcnet fp32": 1.2}, jax="No module named 'jax'"),
        "job": section({"fcnet": {"seconds": 8.0, "accuracy": 0.98}, "course": {"seconds": 160.0, "accuracy": 0.98}}),
        "accuracy": section(runs, runs),
        "small": section(
            {
                "help": 0.2,
                "import torch": {"seconds": 1.0, "peak_mb": 200.0},
                "digits": 2.0,
                "two epochs": {"seconds": 4.0, "peak_mb": 500.0},
                "evaluation": 0.05,
                "cold": 5.0,
                "warm": 3.0,
            }
        ),
        "growth": section(points),
    }
    path = tmp_path / "docs/benchmarks.json"
    path.parent.mkdir()
    path.write_text(json.dumps(sections))
    path.with_name("benchmarks-notes.md").write_text("## Why\n\nBecause |so|.\n")
    return path


def goal_rows(text: str) -> dict[str, list[str]]:
    """The rows of the table of goals, by their figure."""
    lines = text.partition("## Goals")[2].partition("\n## ")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells[2:]}


def test_the_page_tells_what_was_reached_missed_and_left_out(measured: Path) -> None:
    page.write(measured)
    text = measured.with_suffix(".md").read_text()
    rows = goal_rows(text)
    assert rows["an epoch in fp32, over its five products"] == ["≤ 1.25", "2.20 (2.00 to 2.40)", "missed by 76 %"]
    assert rows["the whole job, over the course's program"] == ["≤ 1/15", "0.0500 (0.0500 to 0.0500)", "yes"]
    why = "not measured: JAX, one compiled scan per epoch: No module named 'jax'"
    assert rows["an epoch in fp32, over JAX's"] == ["≤ 0.95", why, "-"]
    assert rows["seconds of training to 98 % on the test images"][1:] == [
        "2 of 2 seeds do not reach it (lowest: 97.90 %); 3.00 s (3.00 to 3.00)",
        "missed",
    ]
    assert rows["peak memory above `import torch`"] == ["≤ 250 MB", "300 MB (300 to 300)", "missed by 20 %"]
    assert rows["an epoch on a GPU, persistent"][1] == "not measured: no GPU was available"
    accuracy = "accuracy of bf16 against fp32, mean over seeds (range of single seeds)"
    assert rows[accuracy] == ["≤ 0.1 points", "0.0500 points (-0.0500 to -0.0500)", "yes"]
    assert len(rows) == len(goals.GOALS)
    assert "- Left out: JAX, one compiled scan per epoch: No module named 'jax'" in text
    assert "Not measured: no GPU was available." in text
    assert "a processor, 2 cores, 8 GB of memory, GPU: none, Linux" in text
    assert text.endswith("\n## Why\n\nBecause |so|.\n")


def test_the_pictures_are_drawn_and_stay_the_same(measured: Path) -> None:
    page.write(measured)
    files = [measured.parent / f"images/bench-{name}.png" for name in ("epoch", "growth")]
    before = [file.read_bytes() for file in files]
    for file in files:
        with Image.open(file) as image:
            assert min(image.size) > 300
            assert len(image.convert("L").getcolors(256) or range(257)) > 20
    page.write(measured)
    assert [file.read_bytes() for file in files] == before


def test_a_program_of_forty_times_the_time_is_drawn_where_it_belongs() -> None:
    """On a logarithmic axis, nothing is cut; the numbers stand beside the ranges, not on them."""
    rounds = section({"fcnet fp32": 1.0, "course": 40.0}, {"fcnet fp32": 1.2, "course": 44.0})
    axes = pictures.epoch_picture(rounds, {"course": "the course's program"}).axes[0]
    low, high = axes.get_xlim()
    assert axes.get_xscale() == "log"
    assert low < 1.0 < 44.0 < high
    numbers = {text.get_text(): text.xy for text in axes.texts if isinstance(text, Annotation)}
    assert numbers == {"1.10 s": (1.2, 0), "42.0 s": (44.0, 1)}


def test_growth_is_labelled_at_the_sizes_measured_and_says_how_many_rounds() -> None:
    points = {f"n {n}": {"seconds": n / 1e4, "n": n} for n in (7500, 60000)}
    drawn = pictures.growth_picture(section(points, points, points))
    assert "3 rounds" in drawn.get_suptitle()
    axes = drawn.axes[0]
    assert [(tick.get_text(), at) for tick, at in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)] == [
        ("7,500", 7500),
        ("60,000", 60000),
    ]
    assert axes.get_ylabel() == "seconds per epoch"
    assert list(axes.texts) == []


def test_a_page_of_one_section_links_to_nothing_that_is_missing(measured: Path) -> None:
    only = {"epoch": section({}, {}, **{"fcnet fp32": "would not start"})}
    measured.write_text(json.dumps(only))
    page.write(measured)
    text = measured.with_suffix(".md").read_text()
    assert "](images/" not in text
    assert "would not start" in text
    assert "not measured: the section job was not run" in text


def test_sections_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "new/benchmarks.json"
    benchmark.merge(path, "epoch", {"rounds": [1]})
    benchmark.merge(path, "job", {"rounds": []})
    benchmark.merge(path, "epoch", {"rounds": [2]})
    assert page.read(path) == {"epoch": {"rounds": [2]}, "job": {"rounds": []}}


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 training and 50 test images of noise, whose labels are in their first rows."""
    generator = np.random.default_rng(0)
    made: dict[str, Any] = {}
    for split, n in (("train", 200), ("test", 50)):
        labels = np.arange(n) % 10
        images = generator.integers(0, 60, (n, 28, 28), dtype=np.uint8)
        images[np.arange(n), labels] = 255
        made |= {f"{split}_images": images, f"{split}_labels": labels}
    path = tmp_path_factory.mktemp("arrays") / "arrays.npz"
    np.savez(path, **made)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [("pytorch_eager", ["--bf16"]), ("sklearn_mlp", []), ("matmuls", ["--bf16"])],
    ids=lambda words: words if isinstance(words, str) else "".join(words),
)
def test_a_peer_tells_of_each_epoch(arrays: Path, name: str, options: list[str]) -> None:
    done = running.launch(
        sys.executable, running.PEERS / f"{name}.py", arrays, "--epochs", 1, "--seed", 1, "--threads", 1, *options
    )
    (found,) = done.objects()
    assert set(found) == {"epoch", "seconds", "test_seconds", "test_accuracy"}
    assert found["epoch"] == 1
    assert 0 < found["seconds"] < done.seconds
    assert done.peak_mb is None or 50 < done.peak_mb < 5000
    if name == "matmuls":
        assert found["test_accuracy"] is found["test_seconds"] is None
    else:
        assert 0 < found["test_seconds"] < done.seconds
        assert 0.15 < found["test_accuracy"] <= 1  # two steps are better than chance


def test_an_interpreter_that_is_missing_is_reported(arrays: Path) -> None:
    bench = running.Bench("no-such-folder/bin/python", "data/none", 2, 1, arrays.parent)
    found = running.in_rounds({"jax": lambda number: {"seconds": bench.peer("jax_scan", 2, number)[1].seconds}}, 2)
    assert found["rounds"] == [{}, {}]
    assert found["left_out"] == {"jax": "no-such-folder/bin/python: No such file or directory"}


def test_a_program_that_fails_is_told_of_by_its_last_line() -> None:
    with pytest.raises(running.FailedError, match=r"^ZeroDivisionError: "):
        running.launch(sys.executable, "-c", "1 / 0")
    with pytest.raises(running.FailedError, match=r"^exit code 3$"):
        running.launch(sys.executable, "-c", "raise SystemExit(3)")
    text = running.shown(f"{running.ROOT}/scripts/x.py and {Path.home()}/y")
    assert text == "scripts/x.py and y"


def test_the_course_s_epoch_is_timed_by_its_lines() -> None:
    lines = [(3.0, "Epoch [1/1], Step [100/600], Loss: 0.5"), (13.0, "Epoch [1/1], Step [600/600], Loss: 0.1")]
    tested = (20.0, "Accuracy of the network on the 10000 test images: 93.2 %")
    assert benchmark.course_epoch(running.Done(21.0, [*lines, tested], None)) == {"seconds": 12.0}
    with pytest.raises(running.FailedError, match="too few"):
        benchmark.course_epoch(running.Done(21.0, [lines[1], tested], None))


def test_kernels_at_once_make_a_gpu_busy_once() -> None:
    assert gpu.covered([(5.0, 6.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.7)]) == 4.0
    assert gpu.covered([]) == 0.0


def test_a_section_that_is_not_there_is_refused() -> None:
    script = running.ROOT / "scripts/benchmark.py"
    done = subprocess.run([sys.executable, script, "epochs"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "no such section: epochs; the sections are epoch, job" in done.stderr


WAYS = [
    {"case": "plain", "way": "eager", "name": "by hand", "us": 600.0},
    {"case": "plain", "way": "graph", "name": "CUDA graph", "difference": "equal bits", "us": 40.0},
    {"case": "plain", "way": "persistent", "not": "too old"},
    {"case": "deep", "way": "eager", "name": "by hand", "us": 900.0},
    {"case": "deep", "way": "graph", "failed": "an illegal instruction"},
]


def test_the_page_s_section_on_gpus() -> None:
    versions = {"fcnet's": {"torch": "2.11.0"}, "the peers'": {"jax": "0.1"}}
    about = ABOUT | {"hardware": {"cpu": "a", "cores": 2, "ram_gb": 8.0, "gpu": "a GPU", "system": "Linux"}}
    about |= {"versions": versions}
    rounds = [
        {
            "persistent": {"epoch": 0.007, "ten_epochs": 0.1, "busy": 0.9},
            "jax": {"epoch": 0.02},
            "command": {"seconds": 5.0},
            "import torch": {"seconds": 3.0},
        }
    ]
    tests = {"passed": True, "said": "=== 3 passed in 1 s ==="}
    section = {"about": about, "tests": tests, "rounds": rounds, "left_out": {"graph": "no Triton"}, "ways": WAYS}
    text = page.page({"gpu": section}, "")
    assert "| one persistent kernel | 7.00 (7.00 to 7.00) | 0.100 (0.100 to 0.100) | 90.0 (90.0 to 90.0) |" in text
    assert "| CUDA graph | no Triton |  |  |" in text
    assert "| plain | CUDA graph | equal bits | 40 | 15.0 |" in text
    assert "| deep | graph | an illegal instruction |  |  |" in text
    assert "too old" not in text
    assert "whole process without `import torch`: 2.00 (2.00 to 2.00) s." in text
    assert "| the whole command on a GPU, minus `import torch` | ≤ 2.5 s | 2.00 s (2.00 to 2.00) | yes |" in text


def test_the_gpu_check_without_a_gpu_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/gpu_check.py"],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        cwd=running.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "torch cannot use a GPU here: not measured\n"
