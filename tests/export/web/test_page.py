"""Exported pages in a real browser, opened from the disk: what they read, say and ask for."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import screenshots
from numpy.typing import NDArray
from PIL import Image

from fcnet.cli.main import main
from helpers import browser, digits, skeletons
from helpers.browser import Seen
from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

pytestmark = pytest.mark.long

Pixels = NDArray[np.uint8]
WINDOW = {"width": 1000, "height": 900}


@pytest.fixture(scope="module")
def trained(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of the course's net, and of an autoencoder, on MNIST, and their pages."""
    folder = tmp_path_factory.mktemp("pages")
    data = [f"data.root={mnist}", "device=cpu"]
    auto = ["model.hidden=[128,32]", "train.epochs=2"]
    for name, config, words in (("mnist", "mnist", []), ("auto", "autoencoder/undercomplete", auto)):
        run, page = str(folder / name), str(folder / f"{name}.html")
        assert main(["train", "-c", str(ROOT / f"configs/{config}.yaml"), *data, *words, "--out", run]) == 0
        assert main(["export", run, "--to", "web", "-o", page, "--language", "en"]) == 0
    return folder


@pytest.fixture(scope="module")
def test_images(mnist_files: Path) -> tuple[Pixels, Pixels]:
    """Images (10000, 28, 28) and labels (10000,) of MNIST's test set, from the official files."""
    pixels, labels = (
        np.frombuffer(gzip.decompress((mnist_files / f"t10k-{name}-ubyte.gz").read_bytes()), np.uint8)
        for name in ("images-idx3", "labels-idx1")
    )
    return pixels[16:].reshape(-1, 28, 28), labels[8:]


def told(seen: Seen) -> dict[str, Any]:
    """What the page says of what is drawn."""
    found: dict[str, Any] = seen.page.evaluate("fcnetPage.told()")
    return found


def choose(seen: Seen, path: Path) -> dict[str, Any]:
    """What the page says of a file."""
    seen.page.set_input_files("#file", str(path))
    found: dict[str, Any] = seen.page.evaluate("fcnetPage.settled()")
    return found


def draw(seen: Seen, strokes: Sequence[NDArray[np.float64]], every: int = 1) -> dict[str, Any]:
    """Draw strokes, in pixels of 28, with the mouse, which stops at every so many of their points."""
    page = seen.page
    page.click("#clear")
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        points = stroke * box["width"] / 28 + [box["x"], box["y"]]
        page.mouse.move(*points[0])
        page.mouse.down()
        for x, y in [*points[1::every], points[-1]]:
            page.mouse.move(x, y)
        page.mouse.up()
    return told(seen)


def scribbles() -> list[NDArray[np.float64]]:
    """Lines to and fro, in pixels of 28."""
    random = np.random.default_rng(0)
    waves = [np.stack([np.linspace(3, 25, 60), 14 + 9 * np.sin(np.linspace(0, k, 60))], 1) for k in (18, 22, 26)]
    return [random.uniform(3, 25, (n, 2)) for n in (8, 10, 12, 14, 16, 20, 24, 30, 40) for _ in range(3)] + waves


@pytest.mark.parametrize("name", ["mnist", "auto"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1000])
def test_pages_are_for_everybody(
    trained: Path, test_images: tuple[Pixels, Pixels], name: str, scheme: str, width: int
) -> None:
    """Empty, with an answer and with a doubt, in both languages: nothing asked for, nothing for axe to complain of."""
    size = {"width": width, "height": 800}
    with browser.opened(trained / f"{name}.html", color_scheme=scheme, viewport=size) as seen:
        for _ in range(2):
            for step in ("", test_images[0][3].flatten().tolist(), np.random.default_rng(1).integers(0, 256, 784)):
                if len(step):
                    seen.page.evaluate("(pixels) => fcnetPage.put(pixels)", list(map(int, step)))
                assert browser.complaints(seen) == []
                assert browser.too_wide(seen) == 0
            seen.page.click("#clear")
            seen.page.click("summary")
            seen.page.click("#language")
        assert seen.quiet()


def test_a_blank_page_says_so_in_both_languages(trained: Path) -> None:
    with browser.opened(trained / "mnist.html") as seen:
        assert seen.page.inner_text("#answer") == "Nothing drawn"
        assert (told(seen)["problem"], told(seen)["sure"]) == ("blank", False)
        assert seen.page.get_attribute("html", "lang") == "en"
        seen.page.click("#language")
        assert seen.page.inner_text("#answer") == "还没有写"
        assert seen.page.get_attribute("html", "lang") == "zh-Hans"
        seen.page.evaluate("fcnetPage.put(Array(784).fill(0))")
        assert told(seen)["problem"] == "blank"


def test_images_on_the_canvas_get_the_class_of_predict(
    trained: Path, test_images: tuple[Pixels, Pixels], fcnet: Run, tmp_path: Path
) -> None:
    count, folder = 1000, tmp_path / "images"
    folder.mkdir()
    for number, pixels in enumerate(test_images[0][:count]):
        Image.fromarray(pixels).save(folder / f"{number:04}.png")
    predicted = json.loads(fcnet("predict", trained / "mnist", folder, "--json").out)["predictions"]
    same, unchanged = 0, 0
    with browser.opened(trained / "mnist.html") as seen:
        for pixels, wanted in zip(test_images[0][:count], predicted, strict=True):
            found = seen.page.evaluate("(pixels) => fcnetPage.put(pixels)", pixels.flatten().tolist())
            same += found["predicted"] == wanted["predicted"]
            unchanged += found["seen"] == pixels.flatten().tolist()
            assert wanted["prepared"] or found["seen"] == pixels.flatten().tolist()
        assert seen.quiet()
    assert same >= 0.999 * count
    assert unchanged >= 0.99 * count


def test_drawn_digits_are_read(trained: Path, test_images: tuple[Pixels, Pixels]) -> None:
    """200 digits, replayed by the mouse: skeletons of test images, of several sizes, anywhere, with jitter."""
    count, random, right = 200, np.random.default_rng(0), 0
    with browser.opened(trained / "mnist.html", viewport=WINDOW) as seen:
        for number in range(count):
            size, shift = random.uniform(0.6, 1.1), random.uniform(-2, 2, 2)
            strokes = [(one - 14) * size + 14 + shift for one in skeletons.strokes(test_images[0][number], number)]
            right += draw(seen, strokes, every=3)["predicted"] == str(test_images[1][number])
        assert seen.quiet()
    assert right >= 0.95 * count


def test_what_is_no_digit_is_not_sure(trained: Path, tmp_path: Path) -> None:
    paper = np.clip(np.random.default_rng(0).normal(190, 3, (600, 800, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(paper).save(tmp_path / "paper.png")
    with browser.opened(trained / "mnist.html", viewport=WINDOW) as seen:
        found = [draw(seen, [one]) for one in scribbles()]
        # A few lines can be a digit by chance. The net alone is sure of 19 of these 30, the page of 5.
        assert sum(one["sure"] for one in found) <= len(found) / 4, [one["text"] for one in found if one["sure"]]
        assert draw(seen, [np.full((4, 2), 14.0)])["problem"] == "nothing"
        assert seen.page.inner_text("#answer") == "No digit found"
        assert choose(seen, tmp_path / "paper.png")["problem"] == "nothing"
        assert seen.quiet()


def test_photos_are_read_and_others_named(trained: Path, tmp_path: Path) -> None:
    right = 0
    with browser.opened(trained / "mnist.html", viewport=WINDOW) as seen:
        for number in range(10):
            photo = digits.on_paper(digits.drawn(str(number)), seed=number)
            path = tmp_path / f"{number}.png"
            Image.fromarray(photo).save(path)
            right += choose(seen, path)["predicted"] == str(number)
        assert seen.page.is_hidden("#pad")
        (tmp_path / "no<b>.png").write_bytes(b"\x89PNG\r\n\x1a\n, but no picture")
        assert choose(seen, tmp_path / "no<b>.png")["problem"] == "blank"
        assert "no<b>.png: your browser cannot open this file" in seen.page.inner_text("#more")
        assert seen.page.is_visible("#pad")
        assert seen.quiet()
    assert right >= 8


def test_touch_draws(trained: Path, test_images: tuple[Pixels, Pixels]) -> None:
    """By fingers on a phone, of which the page does not scroll away."""
    size = {"width": 360, "height": 740}
    with browser.opened(trained / "mnist.html", has_touch=True, is_mobile=True, viewport=size) as seen:
        box, device = seen.page.locator("#pad").bounding_box(), seen.page.context.new_cdp_session(seen.page)
        for stroke in skeletons.strokes(test_images[0][0], 0):
            points = [{"x": float(x), "y": float(y)} for x, y in stroke * box["width"] / 28 + [box["x"], box["y"]]]
            device.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
            for point in points[1::2]:
                device.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            device.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert told(seen)["predicted"] == str(test_images[1][0])
        assert seen.page.evaluate("scrollY") == 0
        assert seen.quiet()


def test_the_keyboard_reaches_everything(trained: Path, test_images: tuple[Pixels, Pixels]) -> None:
    with browser.opened(trained / "mnist.html", viewport=WINDOW) as seen:
        seen.page.evaluate("(pixels) => fcnetPage.put(pixels)", test_images[0][0].flatten().tolist())
        assert seen.page.inner_text("#live").startswith("7. ")
        reached = []
        for _ in range(14):
            seen.page.keyboard.press("Tab")
            reached.append(seen.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert reached[:3] == ["language", "clear", "choose"]
        assert [one[0] for one in reached[3:13]] == list("0123456789")
        assert reached[13] == "About this page"
        for _ in range(8):
            seen.page.keyboard.press("Shift+Tab")
        seen.page.keyboard.press("Enter")
        assert "What speaks for “2”" in seen.page.inner_text("#figures")
        assert seen.page.evaluate("document.activeElement.textContent")[0] == "2"
        seen.page.focus("#clear")
        seen.page.keyboard.press("Enter")
        assert seen.page.inner_text("#answer") == "Nothing drawn"


def test_int8_costs_at_most_a_tenth_of_a_point(trained: Path, fcnet: Run) -> None:
    words = ["--to", "web", "-o", "int8.html", "--precision", "int8", "--json"]
    found = json.loads(fcnet("export", trained / "mnist", *words).out)
    assert found["n"] == 10_000
    assert found["run"] - found["page"] <= 0.001


def test_an_autoencoder_reconstructs(trained: Path, test_images: tuple[Pixels, Pixels], fcnet: Run) -> None:
    """With the error that predict gives, within what int8 costs."""
    Image.fromarray(test_images[0][1]).save("image.png")
    done = fcnet("predict", trained / "auto", "image.png", "--json")
    (wanted,) = json.loads(done.out)["predictions"]
    with browser.opened(trained / "auto.html") as seen:
        found = seen.page.evaluate("(pixels) => fcnetPage.put(pixels)", test_images[0][1].flatten().tolist())
        assert found["squaredError"] == pytest.approx(wanted["squared_error"], rel=0.05)
        assert seen.page.is_visible("#rebuilt")
        assert seen.page.locator("#figures figure").count() == 3
        assert seen.quiet()


def test_the_pictures_of_the_docs_are_photographed(trained: Path, tmp_path: Path) -> None:
    browser.program()
    screenshots.main(["--run", str(trained / "mnist"), "--out", str(tmp_path)])
    for name in ("report", "report-dark", "page"):
        with Image.open(tmp_path / f"{name}.png") as new, Image.open(ROOT / f"docs/images/{name}.png") as shown:
            assert new.size == shown.size


def test_hostile_names_are_shown_as_they_are(fcnet: Run, tiny: Path) -> None:
    names = ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>".replace("/", "∕")]
    for number, name in enumerate(names):
        (tiny / "classes" / name).mkdir(parents=True)
        for i in range(8):
            pixels = np.zeros((8, 8), np.uint8)
            pixels[1:7, 2 + 3 * number] = 200 + i
            Image.fromarray(pixels).save(tiny / "classes" / name / f"{i}.png")
    values = tiny_config(tiny) | {"data": {"train": {"images": str(tiny / "classes")}, "image_size": [8, 8]}}
    config = write_config(tiny / "hostile.yaml", values)
    assert fcnet("train", "-c", config, "--out", "<b>run").code == 0
    assert fcnet("export", "<b>run", "--to", "web", "-o", "page.html", "--language", "en").code == 0
    with browser.opened(Path("page.html")) as seen:
        seen.page.on("dialog", lambda dialog: seen.said.append(dialog.message))
        pixels = np.zeros((8, 8), int)
        pixels[1:7, 2] = 203
        found = seen.page.evaluate("(pixels) => fcnetPage.put(pixels)", pixels.flatten().tolist())
        assert found["predicted"] in names
        assert names[0] in seen.page.inner_text("#bars")
        assert seen.page.title() == "<b>run: fcnet"
        assert seen.page.locator("img").count() == 0
        assert seen.quiet()
