"""Random configs and images: every outcome is a result, or one error that names the file. Never a traceback."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fcnet.cli.main import main
from fcnet.data.images import decode, png
from fcnet.errors import DataError
from helpers.command_line import ROOT

CONFIGS = 1000  # examples for each of two ways of making configs
IMAGES = 1700  # examples for each of three ways of making images

KEYS = ["extends", "data", "model", "train", "seed", "device", "source", "root", "images", "labels", "test", "hidden"]
KEYS += ["activation", "name", "lr", "optimizer", "schedule", "epochs", "validation", "classes", "on_bad", "save_every"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
WORDS = st.sampled_from(
    ["mnist", "digits", "sgd", "adamw", "cosine", "relu", "auto", "cpu", "..", "/", "skip", "fuzz.yaml"]
)
TREES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner),
    max_leaves=20,
)
SOURCE = {"data": {"source": "digits", "root": "d"}}
MANY = settings(max_examples=CONFIGS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
MORE = settings(max_examples=IMAGES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def outcome(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line accepts a config, or tells what is wrong with it, in one line for each mistake."""
    code = main(["config", "check", str(path)])
    out, err = capsys.readouterr()
    if code == 0:
        assert out == f"{path}: fine\n"
        return
    assert code == 2
    lines = err.splitlines()
    assert lines
    assert all(line.startswith("fcnet: error: ") for line in lines), err


@given(TREES, st.booleans())
@MANY
@pytest.mark.long
def test_configs_of_random_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], values: object, whole: bool
) -> None:
    path = tmp_path / "fuzz.yaml"
    if whole and isinstance(values, dict):
        values = SOURCE | values
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    outcome(path, capsys)


GOOD = (ROOT / "configs/mnist.yaml").read_bytes()
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(GOOD)), st.integers(0, 12), st.binary(max_size=8) | st.sampled_from([b"!!python/name:x "])
    ),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Bytes with some of them replaced: (where, how many, by what)."""
    for start, length, text in edits:
        data = data[:start] + text + data[start + length :]
    return data


@given(EDITS)
@MANY
@pytest.mark.long
def test_configs_with_random_bytes_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], edits: list[tuple[int, int, bytes]]
) -> None:
    path = tmp_path / "fuzz.yaml"
    path.write_bytes(edited(GOOD, edits))
    outcome(path, capsys)


def saved(image_format: str, mode: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    pixels = np.arange(28 * 28 * len(mode.replace("P", "L")), dtype=np.uint8).reshape(28, 28, -1).squeeze()
    image = Image.fromarray(pixels).convert(mode)
    image.save(buffer, image_format, **more)
    return buffer.getvalue()


PICTURES = [
    png.encode_png(np.arange(784, dtype=np.uint8).reshape(28, 28)),
    saved("PNG", "L"),
    saved("PNG", "RGB", optimize=True),
    saved("PNG", "P"),
    saved("PNG", "1"),
    saved("JPEG", "RGB"),
    saved("JPEG", "L", progressive=True),
    saved("BMP", "RGB"),
    saved("PNG", "LA"),
    saved("PNG", "P", transparency=bytes([0, 90, 255])),
    saved("TIFF", "L"),
    saved("TIFF", "RGBA", compression="tiff_lzw"),
    saved("TIFF", "I;16"),
    saved("WEBP", "RGBA"),
    saved("GIF", "P", save_all=True, append_images=[Image.new("P", (28, 28), 3)]),
    saved("PPM", "L"),
]


def read(path: Path, data: bytes) -> None:
    """Images are decoded to the size that is wanted, or refused with the name of the file."""
    path.write_bytes(data)
    try:
        picture = decode.read(path, (6, 7))
    except DataError as error:
        assert len(error.problems) == 1
        assert error.problems[0].startswith(f"{path}: cannot be read as an image (")
    else:
        assert picture.pixels.shape == (6, 7)
        assert picture.pixels.dtype == np.uint8
        assert picture.size[0] * picture.size[1] <= decode.MAX_PIXELS


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: b"\x89PNG\r\n\x1a\n" + data))
@MORE
@pytest.mark.long
def test_random_bytes_as_images(tmp_path: Path, data: bytes) -> None:
    read(tmp_path / "x.png", data)


@given(
    st.sampled_from(PICTURES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=9)), max_size=5),
)
@MORE
@pytest.mark.long
def test_mutated_images(tmp_path: Path, data: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    read(tmp_path / "x.png", edited(data, [(int(place * len(data)), n, text) for place, n, text in edits]))


CHUNKS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"eXIf", b"zTXt", b"iCCP", b"iTXt", b"acTL", b"fdAT", b"IEND", b"abcd"]
        ),
        st.binary(max_size=40) | st.just(b"\0\0\0\x1c\0\0\0\x1c\x08\0\0\0\0"),
    ),
    max_size=6,
)


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.sampled_from(range(17)), st.sampled_from(range(7)), CHUNKS
)
@MORE
@pytest.mark.long
def test_pngs_of_random_chunks(
    tmp_path: Path, width: int, height: int, depth: int, colour: int, chunks: list[tuple[bytes, bytes]]
) -> None:
    """Sound checksums, so that what is inside is looked at; forged sizes among them."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png.chunk(kind, body) for kind, body in [(b"IHDR", header), *chunks])
    read(tmp_path / "x.png", data)


BOMBS = """
import struct, sys, zlib
from pathlib import Path
from PIL import Image
from fcnet.data.images import decode
from fcnet.errors import DataError
from fcnet.data.images.png import chunk
import numpy as np

folder = Path(sys.argv[1])
signature = bytes([0x89]) + b"PNG" + bytes([13, 10, 26, 10])
def png(width, height, colour, *chunks):
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return signature + b"".join(chunk(*one) for one in ((b"IHDR", header), *chunks, (b"IEND", b"")))
zeros = zlib.compress(bytes(300_000_000), 9)
bombs = {
    "forged": png(100_000, 100_000, 0, (b"IDAT", zlib.compress(bytes(1000)))),
    "small, but inflates": png(28, 28, 0, (b"IDAT", zeros)),
    "colours, inflates": png(28, 28, 2, (b"IDAT", zeros)),
    "text": png(28, 28, 0, (b"zTXt", b"k" + bytes(2) + zeros), (b"IDAT", zlib.compress(bytes(28 * 29)))),
    "profile": png(28, 28, 2, (b"iCCP", b"k" + bytes(2) + zeros), (b"IDAT", zlib.compress(bytes(28 * 85)))),
    "many chunks": png(28, 28, 0, *[(b"IDAT", b"x")] * 200_000),
    "bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 100_000, 100_000, 1, 24, 0, 0, 0, 0, 0, 0),
}
import json, resource
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
outcomes = {}
for name, data in bombs.items():
    path = folder / "x.png"
    path.write_bytes(data)
    try:
        outcomes[name] = list(decode.read(path, (28, 28)).pixels.shape)
    except DataError as error:
        outcomes[name] = str(error).replace(str(folder), "")
print(json.dumps({"grown_mb": peak() - before, "outcomes": outcomes}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_bombs_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    """Each would take 300 MB or more; decoded digits take none. Also in bounded time: a minute stands for a hang."""
    done = subprocess.run([sys.executable, "-c", BOMBS, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["grown_mb"] < 100, found
    assert all(isinstance(one, str) or one == [28, 28] for one in found["outcomes"].values())
    for name in ("forged", "many chunks", "bmp"):
        assert "/x.png: cannot be read as an image (" in found["outcomes"][name]
