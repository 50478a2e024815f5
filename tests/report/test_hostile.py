"""Names of classes, files and runs are text, whatever is in them."""

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.report.drawn import images
from fcnet.report.svg.element import chart, readable, tag
from helpers.command_line import Run
from helpers.html_page import Page
from helpers.tiny import pictures, tiny_config, write_config

NAMES = ["</style><script>alert(1)</script>", "\"' onload='alert(1)' x=\"", "{{ 7 * 7 }}&amp;<b>"]
FILES = ["<img src=x onerror=alert(1)>", "\u202egnp", "'\"&", "\x07bell", "\ufffe", "$(reboot)"]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A config whose classes and files have names that try to be something else."""
    for split, n in (("train", 30), ("test", 18)):
        (tmp_path / "data" / split).mkdir(parents=True)
        pixels, labels = pictures(n, len(split))
        rows = ["file,label"]
        for i, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            name = f"{FILES[i % len(FILES)]}-{i}.png"
            Image.fromarray(image).save(tmp_path / "data" / split / name)
            rows.append(",".join('"' + text.replace('"', '""') + '"' for text in (name, NAMES[label])))
        (tmp_path / f"data/{split}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    values = tiny_config(tmp_path / "data")
    for split in ("train", "test"):
        values["data"][split]["labels"] = str(tmp_path / f"data/{split}.csv")
    values["model"], values["train"]["optimizer"]["lr"] = {"hidden": [2]}, 0.001
    return write_config(tmp_path / "hostile.yaml", values)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_do_nothing(fcnet: Run, hostile: Path, language: str) -> None:
    out = Path("<b onclick=alert(1)>'&")
    trained = fcnet("train", "-c", hostile, "train.epochs=2", "--out", out)
    assert trained.code == 0, trained.err
    done = fcnet("report", out, "-o", "r.html", "--language", language)
    assert done.code == 0, done.err
    page = Page(Path("r.html"))
    assert not {"script", "b", "iframe"} & {name for name, attributes in page.elements if name != "b" or attributes}
    assert [one for _, one in page.elements if any(name.startswith("on") for name in one)] == []
    assert all(one["src"].startswith("data:image/png;base64,") for one in page.of("img"))
    assert page.source.count("</style>") == 1
    assert "{{ 7 * 7 }}&amp;<b>" in page.text
    assert NAMES[0] in page.text
    assert "49" not in [row[0] for row in page.table("class" if language == "en" else "类别")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", page.source)
    assert page.charts()


@pytest.mark.skipif(sys.platform != "linux", reason="names of other systems are text")
def test_names_that_are_no_text(fcnet: Run, copied: Path) -> None:
    run = Path(os.fsdecode(b"caf\xe9"))
    (copied / "plain").rename(run)
    done = fcnet("report", run, "-o", "r.html")
    assert done.code == 0, done.err
    assert "caf\\udce9" in Page(Path("r.html")).text
    several = fcnet("report", run, copied / "held", "-o", "s.html")
    assert several.code == 0, several.err
    assert "caf\\udce9" in Page(Path("s.html")).text


def test_elements_escape_text_and_attributes() -> None:
    assert tag("text", "<&>\"'", x=1.5, class_='a"b') == '<text x="1.5" class="a&#34;b">&lt;&amp;&gt;&#34;&#39;</text>'
    assert (
        tag("g", tag("path", d="M0 0"), fill_opacity=0.5, stroke=None) == '<g fill-opacity="0.5"><path d="M0 0"/></g>'
    )
    assert readable("a\u202eb\x00\ud800\u200f") == "a\\u202eb\\x00\\ud800\\u200f"
    assert "<title>&lt;b&gt;</title>" in chart(10, 10, "<b>", "", [])


def test_pictures_are_pngs_of_their_pixels() -> None:
    import base64
    import io

    def opened(address: str) -> np.ndarray:
        data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    assert (opened(images.grey(grey)) == grey[:, :, None]).all()
    signed = opened(images.signed(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]]), 1.0))[0]
    assert signed.tolist() == [[33, 102, 172], [33, 102, 172], [255, 255, 255], [178, 24, 43], [178, 24, 43]]
    assert (opened(images.signed(np.zeros((2, 2)), 0.0)) == 255).all()
    sheet = opened(images.sheet(np.full((5, 2, 3), 7, np.uint8), 3))
    assert sheet.shape[:2] == (2 * 2 + 1, 3 * 3 + 2)
