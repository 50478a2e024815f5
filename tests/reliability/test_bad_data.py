"""Images and labels that cannot be read."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.command_line import Run
from helpers.processes import finish, start
from helpers.runs import WORDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")


def spoil(folder: Path) -> None:
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:60])
    (folder / "30.png").write_bytes(b"")
    (folder / "33.png").write_text("not an image")


def test_bad_images_among_many_are_all_named(fcnet: Run, tiny: Path) -> None:
    spoil(tiny / "train")
    outcome = fcnet(*WORDS)
    assert outcome.code == 3
    assert [Path(error.split(": ")[0]).name for error in outcome.errors] == ["3.png", "30.png", "33.png"]
    assert not Path("checkpoints").exists()


def test_bad_images_can_be_left_out_and_are_listed(fcnet: Run, tiny: Path) -> None:
    """The rest is trained on as if they had never been there: no image takes their place."""
    spoil(tiny / "train")
    outcome = fcnet(*WORDS, "data.on_bad=skip", "--out", "skipped")
    assert outcome.code == 0
    assert "3 of 60 images cannot be read and are skipped" in outcome.err
    listed = Path("skipped/skipped.txt").read_text().splitlines()
    assert [re.sub(r"^train: .*/(\d+\.png): .*", r"\1", line) for line in listed] == ["3.png", "30.png", "33.png"]
    assert json.loads(Path("skipped/environment.json").read_text())["data"]["train"]["n"] == 57
    rows = (tiny / "train.txt").read_text().split()
    table = "".join(f"{i}.png,{label}\n" for i, label in enumerate(rows) if i not in (3, 30, 33))
    (tiny / "train.csv").write_text("filepath,label\n" + table)
    assert fcnet(*WORDS, "data.train.labels=tiny/train.csv", "--out", "without").code == 0
    assert Path("skipped/model.pth").read_bytes() == Path("without/model.pth").read_bytes()
    assert fcnet(*WORDS, "--out", "refused").code == 3  # decoded before, and still an error without skip
    outcome = fcnet("eval", "skipped", "--split", "train")
    assert outcome.code == 0
    assert "3 of 60 images cannot be read and are skipped (data.on_bad: skip)" in outcome.err


def test_a_folder_of_bad_images_is_an_error_even_so(fcnet: Run, tiny: Path) -> None:
    for path in (tiny / "test").iterdir():
        path.write_bytes(b"")
    outcome = fcnet(*WORDS, "data.on_bad=skip")
    assert outcome.code == 3
    *named, last = outcome.errors
    assert len(named) == 10
    assert all(f"tiny/test/{i}.png: cannot be read as an image (" in named[i] for i in range(10))
    assert last.endswith("tiny/test: 21 of 21 images cannot be read (the first 10 of 21 are listed above)")
    assert not Path("checkpoints").exists()


def test_a_forged_header_is_refused_in_bounded_memory(tiny: Path) -> None:
    import struct
    import zlib

    data = bytearray((tiny / "train/3.png").read_bytes())
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tiny / "train/3.png").write_bytes(data)
    process = start(tiny.parent, *WORDS)
    code, out = finish(process)
    assert code == 3
    assert "tiny/train/3.png: cannot be read as an image (" in out
    assert "Traceback" not in out
    words = [sys.executable, "-c", PEAK, str(tiny / "train/3.png")]
    peak = int(subprocess.run(words, capture_output=True, timeout=60).stdout)
    assert peak < 20_000_000


PEAK = """
import sys, tracemalloc
from pathlib import Path
from fcnet.data.images import decode
from fcnet.errors import DataError
tracemalloc.start()
try:
    decode.read(Path(sys.argv[1]), (28, 28))
except DataError:
    print(tracemalloc.get_traced_memory()[1])
"""


def test_a_csv_row_that_names_no_file_is_an_error_and_does_not_hang(fcnet: Run, tiny: Path) -> None:
    os.mkfifo(tiny / "train/pipe.png")
    (tiny / "train.csv").write_text("filepath,label\n0.png,0\npipe.png,1\n../train,2\n")
    outcome = fcnet(*WORDS, "data.train.labels=tiny/train.csv")
    assert outcome.code == 3
    assert [error.split(": ")[0] for error in outcome.errors] == ["tiny/train.csv:3", "tiny/train.csv:4"]


@pytest.mark.parametrize("form", ["\r\n", "\ufeff", "\n\n \n"], ids=["CRLF", "BOM", "blank at the end"])
def test_label_files_as_editors_leave_them_are_read(fcnet: Run, tiny: Path, form: str) -> None:
    labels = (tiny / "train.txt").read_text().split()
    text = "\r\n".join(labels) if form == "\r\n" else "\n".join(labels)
    text = form + text if form == "\ufeff" else text + form
    (tiny / "train.txt").write_bytes(text.encode())
    assert fcnet(*WORDS).code == 0


def test_a_blank_line_within_the_labels_is_refused_with_its_line(fcnet: Run, tiny: Path) -> None:
    labels = (tiny / "train.txt").read_text().split()
    (tiny / "train.txt").write_text("\n".join([*labels[:6], "", *labels[6:]]))
    outcome = fcnet(*WORDS)
    assert outcome.code == 3
    assert outcome.errors[0].endswith("tiny/train.txt:7: blank line; write the label of the image")
