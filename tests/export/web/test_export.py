"""``fcnet export --to web`` through the command line."""

import base64
import html.parser
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fcnet.export.web import exporting, file, measure
from fcnet.rundir import tensor_files
from helpers.command_line import Run
from helpers.tiny import tiny_config, write_config

HOSTILE = "</script><script>alert(1)</script><!--&\u2028'\""


class Parts(html.parser.HTMLParser):
    """Scripts, styles, and the attributes that could ask for something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.policy = ""
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.addresses += [str(values[name]) for name in ("src", "href", "action", "data") if name in values]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(values["content"])

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text()
    found: dict[str, Any] = json.loads(re.findall(r'id="data">(.*?)</script>', text)[0])
    return found


@pytest.fixture
def run(fcnet: Run, tiny: Path) -> Path:
    assert fcnet("train", "-c", tiny / "tiny.yaml", "--out", "run").code == 0
    return Path("run")


def test_a_page_is_one_file_that_asks_for_nothing(fcnet: Run, run: Path) -> None:
    outcome = fcnet("export", run, "--to", "web", "-o", "digit.html")
    assert outcome.code == 0, outcome.err
    assert "page      digit.html" in outcome.out
    assert re.search(r"accuracy  [\d.]+ % in the page, [\d.]+ % as trained, on 21 test images", outcome.out)
    text = Path("digit.html").read_text()
    parts = Parts(text)
    assert parts.addresses == ["data:,"]
    assert parts.policy.startswith("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src")
    assert parts.tags.count("script") == 2
    assert re.findall(r"(?:https?:)?//[a-z]+\.[a-z]", text) == []
    assert "{{" not in text.replace("${", "")
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|eval|import)\(", text)


def test_the_page_has_the_weights_and_what_they_do(fcnet: Run, run: Path) -> None:
    """The stored weights are those of the run within a step of int8; accuracies are those of eval."""
    found = json.loads(fcnet("export", run, "--to", "web", "-o", "digit.html", "--json").out)
    data = data_of(Path("digit.html"))
    assert found["precision"] == data["precision"] == "int8"
    evaluated = json.loads(fcnet("eval", run, "--json").out)
    assert found["run"] == data["measured"]["run"] == pytest.approx(evaluated["accuracy"])
    assert (found["n"], found["split"], found["what"]) == (21, "test", "accuracy")
    assert found["bytes"] == Path("digit.html").stat().st_size
    weights = tensor_files.load(run / "model.pth")
    stored = data["layers"][0]["weight"]
    whole = np.frombuffer(base64.b64decode(stored["int8"]), np.int8).reshape(stored["shape"])
    scale = np.frombuffer(base64.b64decode(stored["scale"]), "<f4")[:, None]
    np.testing.assert_allclose(whole * scale, weights["fc1.weight"].numpy(), atol=float(scale.max()) * 0.51)
    threshold = json.loads((run / "result.json").read_text())["certainty"]["threshold"]
    assert data["limit"] == {"value": threshold, "from": "run"}


def test_precision_is_chosen_or_asked_for(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "weights in fp16\n" in fcnet("export", run, "--to", "web", "-o", "a.html", "--precision", "fp16").out
    monkeypatch.setattr(measure.Measured, "costs", True)
    chosen = fcnet("export", run, "--to", "web", "-o", "b.html").out
    assert re.search(r"weights in fp16: int8 would cost too much \([\d.]+ % in the page", chosen)
    asked = fcnet("export", run, "--to", "web", "-o", "c.html", "--precision", "int8").out
    assert "weights in int8\n" in asked
    assert [data_of(Path(f"{name}.html"))["precision"] for name in "abc"] == ["fp16", "fp16", "int8"]


@pytest.mark.parametrize(
    ("run_is", "page_is", "costs"), [(0.98, 0.979, False), (0.98, 0.9789, True), (0.9, 0.95, False)]
)
def test_a_tenth_of_a_point_is_what_int8_may_cost(run_is: float, page_is: float, costs: bool) -> None:
    assert measure.Measured("test", 10_000, "accuracy", run_is, page_is, 0.5).costs == costs


def test_an_autoencoders_error_may_grow_by_a_hundredth() -> None:
    assert not measure.Measured("test", 10, "squared error", 4.0, 4.03, 9.0).costs
    assert measure.Measured("test", 10, "squared error", 4.0, 4.05, 9.0).costs


def test_autoencoders_have_a_code_and_an_error(fcnet: Run, auto: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", auto(), "--out", "auto").code == 0
    outcome = fcnet("export", "auto", "--to", "web", "-o", "auto.html")
    assert re.search(r"squared error [\d.]+ per image in the page, [\d.]+ as trained, on 21 test images", outcome.out)
    data = data_of(Path("auto.html"))
    evaluated = json.loads(fcnet("eval", "auto", "--json").out)
    assert data["measured"]["run"] == pytest.approx(evaluated["squared_error"], rel=1e-5)
    assert 0 < data["code"] < len(data["layers"])
    assert data["familiar"] is None
    assert data["limit"]["value"] > data["measured"]["page"] / 10


def test_hostile_names_do_nothing(fcnet: Run, tiny: Path) -> None:
    """A class, and a run directory, with the name of a script."""
    values = tiny_config(tiny)
    folders = tiny / "classes"
    for number, name in enumerate(("a&b", HOSTILE.replace("/", "∕"))):
        (folders / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.zeros((8, 8), np.uint8)
            pixels[2:6, 2 + 2 * number] = 200 + i
            Image.fromarray(pixels).save(folders / name / f"{i}.png")
    values["data"] = {"train": {"images": str(folders)}, "image_size": [8, 8]}
    config = write_config(tiny / "hostile.yaml", values)
    out = Path("run-<b>&amp;\"'")
    assert fcnet("train", "-c", config, "--out", out).code == 0
    outcome = fcnet("export", out, "--to", "web", "-o", "x.html")
    assert outcome.code == 0, outcome.err
    assert "not measured: the config has no held-out images" in outcome.out
    text = Path("x.html").read_text()
    parts = Parts(text)
    assert parts.tags.count("script") == 2
    assert "b" not in parts.tags
    assert "alert(1)</" not in text
    assert data_of(Path("x.html"))["name"] == out.name
    assert sorted(data_of(Path("x.html"))["classes"]) == sorted(path.name for path in folders.iterdir())


@pytest.mark.parametrize("value", [HOSTILE, "]]>", "<!--", "{{ script }}"])
def test_names_cannot_leave_the_data(value: str) -> None:
    text = file.safe_json({"name": value})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"name": value}
    page = file.made({"name": value, "language": "en"})
    assert Parts(page).tags.count("script") == 2


def test_without_its_images_nothing_is_measured(fcnet: Run, run: Path, tiny: Path) -> None:
    (tiny / "test").rename(tiny / "elsewhere")
    outcome = fcnet("export", run, "--to", "web", "-o", "digit.html")
    assert outcome.code == 0, outcome.err
    assert re.search(r"accuracy  not measured: .*test", outcome.out)
    data = data_of(Path("digit.html"))
    assert (data["measured"], data["familiar"], data["limit"]["from"]) == (None, None, "run")
    (run / "result.json").unlink()
    fcnet("export", run, "--to", "web", "-o", "digit.html")
    assert data_of(Path("digit.html"))["limit"] == {"value": exporting.STATED, "from": "stated"}


def test_what_a_page_cannot_compute_is_refused(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    values["model"] = {"kind": "elm", "hidden": 8, "weights": {"name": "lrf", "side": 3, "pool": 3, "stride": 3}}
    values.pop("train", None)
    config = write_config(tiny / "lrf.yaml", values)
    trained = fcnet("train", "-c", config, "--out", "lrf")
    assert trained.code == 0, trained.err
    outcome = fcnet("export", "lrf", "--to", "web", "-o", "digit.html")
    assert outcome.code == 2
    assert "is of kind elm, which cannot be exported as a web page: LocalFields is not described" in outcome.errors[0]
    assert "pages are made of nets of kind fcnet, elm (without local receptive fields)" in outcome.errors[0]
    assert not Path("digit.html").exists()


def test_files_of_others_are_never_replaced(fcnet: Run, run: Path) -> None:
    for text in ("<!doctype html>\n<p>mine", "", "<!doctype html>\n<meta charset=utf-8>\n<p>fcnet export"):
        Path("mine.html").write_text(text)
        outcome = fcnet("export", run, "--to", "web", "-o", "mine.html")
        assert outcome.code == 2
        assert "already exists and is not a page of fcnet" in outcome.errors[0]
        assert Path("mine.html").read_text() == text
    own = Path("own.html")
    for words in ("en", "zh"):
        assert fcnet("export", run, "--to", "web", "-o", own, "--language", words).code == 0
        assert data_of(own)["language"] == words
    link = Path("link.html")
    link.symlink_to(own)
    assert "is a link to own.html" in fcnet("export", run, "--to", "web", "-o", link).errors[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-o", "digit.html"], "--to: is missing"),
        (["--to", "web"], "-o: is missing; give the file to write, such as -o digit.html"),
        (["--to", "web", "-o", "digit.png"], "the name should end in .html; write --out digit.html"),
        (["--to", "web", "-o", "run"], "--out run: is a folder; give the name of a file in it, such as run/file.html"),
        (["--to", "web", "-o", ""], "the name is empty"),
        (["--to", "pdf", "-o", "x.html"], "pdf"),
        (["--to", "web", "-o", "x.html", "--weights", "best"], "has no best.pth"),
    ],
)
def test_mistakes_are_named(fcnet: Run, run: Path, words: list[str], problem: str) -> None:
    before = sorted(os.listdir())
    outcome = fcnet("export", run, *words)
    assert outcome.code == 2
    assert problem in outcome.err
    assert sorted(os.listdir()) == before


def test_a_page_is_written_as_a_whole(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up leaves the old page, and nothing beside it."""
    assert fcnet("export", run, "--to", "web", "-o", "digit.html").code == 0
    old = Path("digit.html").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert fcnet("export", run, "--to", "web", "-o", "digit.html").code == 6
    assert Path("digit.html").read_bytes() == old
    assert [name for name in os.listdir() if name.endswith(".tmp")] == []


def test_both_languages_have_the_same_words_and_places() -> None:
    text = file.part("view/words.js")
    blocks = re.findall(r"^  (en|zh): \{(.*?)^  \},", text, re.DOTALL | re.MULTILINE)
    words = {
        name: {key: set(re.findall(r"%\w+%", value)) for key, value in re.findall(r"(\w+): '((?:[^'\\]|\\.)*)'", block)}
        for name, block in blocks
    }
    assert len(words["en"]) > 50
    assert words["en"] == words["zh"]
    used = set(re.findall(r"word\('(\w+)'", file.script())) | set(
        re.findall(r'data-word="(\w+)"', file.part("page.html"))
    )
    assert used <= words["en"].keys()


def test_every_script_is_in_the_page() -> None:
    folder = Path(file.__file__).parent / "page"
    assert sorted(file.SCRIPTS) == sorted(str(path.relative_to(folder)) for path in folder.rglob("*.js"))
    assert all(len(path.read_text().splitlines()) <= 320 for path in folder.rglob("*.*"))


def test_weights_of_the_best_epoch_can_be_asked_for(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    values["data"]["validation"] = 10
    assert fcnet("train", "-c", write_config(tiny / "best.yaml", values), "--out", "best").code == 0
    for which in ("best", "last"):
        outcome = fcnet("export", "best", "--to", "web", "-o", f"{which}.html", "--weights", which)
        assert outcome.code == 0, outcome.err
        wanted = tensor_files.load(Path("best") / {"best": "best.pth", "last": "model.pth"}[which])["fc1.bias"]
        name = data_of(Path(f"{which}.html"))["layers"][0]["bias"]["fp32"]
        assert torch.equal(torch.frombuffer(bytearray(base64.b64decode(name)), dtype=torch.float32), wanted)
        assert f"weights   {which}" in outcome.out
