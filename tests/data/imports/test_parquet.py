"""Parquet and Arrow files, as Hugging Face has them."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.command_line import Run
from helpers.imports import IMAGES, LABELS, TEST, TRAIN, check, labels_in, written

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def png(pixels: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def table(images: np.ndarray = IMAGES, labels: Any = LABELS, form: str = "PNG") -> Any:
    """Columns image {bytes, path} and label."""
    files = [{"bytes": png(pixels, form), "path": None} for pixels in images]
    return pyarrow.table({"image": files, "label": list(map(int, labels))})


def test_both_splits(fcnet: Run) -> None:
    for split, (images, labels) in {"train": TRAIN, "test": TEST}.items():
        parquet.write_table(table(images, labels), f"{split}-00000-of-00001.parquet")
    outcome = fcnet("data", "import", *sorted(map(str, Path().glob("*.parquet"))), "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d", "train")
    check("d", "t10k", TEST)
    assert outcome.out.startswith("d: 12 training images 6x6, 3 classes; 9 test images 6x6, 3 classes\n")


@pytest.mark.parametrize("stream", [True, False])
def test_arrow(fcnet: Run, stream: bool) -> None:
    found = table()
    new = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with pyarrow.OSFile("a.arrow", "wb") as file, new(file, found.schema) as writer:
        writer.write_table(found, max_chunksize=5)
    assert fcnet("data", "import", "a.arrow", "--out", "d").code == 0
    check("d")


def test_files_stay_as_they_are(fcnet: Run) -> None:
    found = table(form="JPEG")
    parquet.write_table(found.append_column("class", [["a", "b", "c"] * 4]).drop_columns("label"), "a.parquet")
    assert fcnet("data", "import", "a.parquet", "--out", "d").code == 0
    assert [Path(f"d/images/{i}.jpg").read_bytes() for i in range(12)] == [png(one, "JPEG") for one in IMAGES]
    assert labels_in("d/labels.txt") == ["a", "b", "c"] * 4


def test_plain_bytes_without_labels(fcnet: Run) -> None:
    parquet.write_table(pyarrow.table({"img": [png(one) for one in IMAGES]}), "a.parquet")
    assert fcnet("data", "import", "a.parquet", "--out", "d").code == 0
    np.testing.assert_array_equal(written("d/images"), IMAGES)
    assert not Path("d/labels.txt").exists()


def rows(**columns: Any) -> Any:
    return pyarrow.table({"image": [png(IMAGES[0]), png(IMAGES[1])], "label": [0, 1]} | columns)


BAD = {
    "no images": (lambda: rows().rename_columns(["foo", "label"]), ": has the columns foo, label and none named image"),
    "paths": (lambda: rows(image=["a.png", "b.png"]), ": column image holds string; image files as bytes are expected"),
    "a missing image": (
        lambda: rows(image=[{"bytes": None, "path": "a.png"}, {"bytes": png(IMAGES[0]), "path": None}]),
        ": row 0: the image is missing; remove the row, or give its bytes (only a path is not enough)",
    ),
    "a missing row": (
        lambda: rows(image=[{"bytes": png(IMAGES[0]), "path": "a"}, None]),
        ": row 1: the image is missing; remove the row",
    ),
    "a damaged image": (
        lambda: rows(image=[png(IMAGES[0]), png(IMAGES[1])[:-30]]),
        ": row 1: the image cannot be read (",
    ),
    "another format": (
        lambda: rows(image=[png(IMAGES[0], "GIF"), png(IMAGES[1])]),
        ": row 0: the image is neither PNG nor JPEG; save it as PNG",
    ),
    "a missing label": (lambda: rows(label=[None, 1]), ": column label: label 0: is missing (empty); write the class"),
    "two labels": (
        lambda: rows(target=[0, 1]).rename_columns(["image", "class", "target"]),
        ": the columns class, target could each be the labels; rename the right one to label",
    ),
    "no rows": (lambda: rows().slice(0, 0), ": has no rows; give a file with images"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_named(fcnet: Run, what: str) -> None:
    found, message = BAD[what]
    parquet.write_table(found(), "a.parquet")
    outcome = fcnet("data", "import", "a.parquet", "--out", "d")
    assert outcome.code == 3
    assert outcome.errors[0].startswith(f"a.parquet{message}")
    assert not Path("d").exists()


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_files_that_are_cut_off(fcnet: Run, ending: str) -> None:
    start = {"parquet": b"PAR1", "arrow": b"ARROW1\0\0"}[ending]
    Path("a").write_bytes(start + bytes(100))
    outcome = fcnet("data", "import", "a")
    assert outcome.code == 3
    assert outcome.errors[0].startswith("a: cannot be read (")
    assert outcome.errors[0].endswith("it is cut off or damaged; get it again")


def test_without_pyarrow(fcnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet.write_table(table(), "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    outcome = fcnet("data", "import", "a.parquet")
    assert outcome.code == 2
    assert outcome.errors == ["a.parquet: is read by pyarrow, which is not installed; pip install pyarrow"]
