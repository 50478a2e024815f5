"""Labels as people write them: read as they are meant and said, or told as what they are."""

import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.data.folder import layouts
from fcnet.data.folder.listing import Listing
from fcnet.errors import DataError
from helpers.command_line import Run
from helpers.tiny import pictures, write_numbered

N = 40
PIXELS, LABELS = pictures(N, 0)
EXPECTED = [str(label) for label in LABELS]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.png to 39.png, of the classes 0 to 2 in turn."""
    root = tmp_path_factory.mktemp("numbered") / "images"
    write_numbered(root, PIXELS, LABELS)
    return root


def read(images: Path, path: Path, text: str | bytes) -> Listing:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return layouts.scan(images, path)


def lines(row: str, mark: str = ",", one: str = "1", zero: str = "0") -> str:
    """A line per image: {i} is its number, {c} its class, {hot} its one-hot row."""
    found = ((i, int(c), one_hot(int(c), mark, one, zero)) for i, c in enumerate(LABELS))
    return "".join(row.format(i=i, c=c, hot=hot, i1=i + 1) + "\n" for i, c, hot in found)


def changed(text: str, number: int, line: str) -> str:
    """The text with another line of a number, from 1."""
    return "".join(line + "\n" if i == number else old for i, old in enumerate(text.splitlines(True), 1))


def one_hot(label: int, mark: str, one: str = "1", zero: str = "0") -> str:
    return mark.join(one if i == label else zero for i in range(3))


BY_NAME = "labels were matched by file name"
ONE_HOT = "its rows of 3 are one-hot"
NUMBERS = "are read as whole numbers"
HEADING = "is read as a heading"

MEANT = {
    "plain": (lines("{c}"), None),
    "zeros": (lines("0{c}"), None),
    "plus": (lines("+{c}"), None),
    "quoted": (lines('"{c}"'), None),
    "single quotes": (lines("'{c}'"), None),
    "floats": (lines("{c}.0"), NUMBERS),
    "points": (lines("{c}."), NUMBERS),
    "savetxt": (lines("{c:.18e}"), NUMBERS),
    "a comma behind": (lines("{c},"), None),
    "one-hot": (lines("{hot}", " "), ONE_HOT),
    "one-hot, tabs": (lines("{hot}", "\t"), ONE_HOT),
    "one-hot, commas": (lines("{hot}", ","), ONE_HOT),
    "one-hot, floats": (lines("{hot}", " ", "1.0", "0.0"), ONE_HOT),
    "one-hot, savetxt": (lines("{hot}", " ", f"{1:.18e}", f"{0:.18e}"), ONE_HOT),
    "space": (lines("{i}.png {c}"), BY_NAME),
    "spaces": (lines("  {i}.png    {c}  "), BY_NAME),
    "tab": (lines("{i}.png\t{c}"), BY_NAME),
    "comma": (lines("{i}.png,{c}"), BY_NAME),
    "comma and blank": (lines("{i}.png, {c}"), BY_NAME),
    "semicolon": (lines("{i}.png;{c}"), BY_NAME),
    "label first": (lines("{c} {i}.png"), BY_NAME),
    "floats by name": (lines("{i}.png {c}.0"), NUMBERS),
    "index, space": (lines("{i} {c}"), BY_NAME),
    "index, comma": (lines("{i},{c}"), BY_NAME),
    "index, zeros": (lines("{i:05},{c}"), BY_NAME),
    "heading": ("label\n" + lines("{c}"), HEADING),
    "heading of two": ("filename,label\n" + lines("{i}.png,{c}"), "file names are in its column 'filename'"),
    "CRLF": (lines("{i}.png {c}").replace("\n", "\r\n"), BY_NAME),
    "BOM": ("\ufeff" + lines("{i}.png {c}"), BY_NAME),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".txt", ".csv"])
@pytest.mark.parametrize("name", MEANT)
def test_labels_are_read_as_they_are_meant(numbered: Path, tmp_path: Path, name: str, suffix: str) -> None:
    text, told = MEANT[name]
    listing = read(numbered, tmp_path / f"labels{suffix}", text)
    by_name = dict(zip(listing.names, listing.labels, strict=True))
    assert by_name == {f"{i}.png": label for i, label in enumerate(EXPECTED)}
    assert layouts.class_names(listing) == ("0", "1", "2")
    if told is None:
        assert listing.notes == ()
    else:
        (note,) = listing.notes
        assert told in note
        assert note.startswith(str(tmp_path / f"labels{suffix}"))


TABLES = {
    "semicolons": ("filepath;label\n", "{i}.png;{c}", None),
    "tabs": ("filepath\tlabel\n", "{i}.png\t{c}", None),
    "no heading": ("", "{i}.png,{c}", BY_NAME),
    "usual headings": ("Image Name,Class_ID\n", "{i}.png,{c}", "'Image Name', labels in 'Class_ID'"),
    "GTSRB": ("Width;Height;ClassId;Path\n", "28;28;{c};{i}.png", "'Path', labels in 'ClassId'"),
    "pandas": (",label\n", "{i},{c}", "file names are in its column ''"),
    "pandas, with both": (",filepath,label\n", "{i},{i}.png,{c}", None),
    "id": ("id,label\n", "{i},{c}", "file names are in its column 'id'"),
    "one-hot": ("filename,0,1,2\n", "{i}.png,{hot}", "are one-hot"),
    "leading zeros": ("filepath,label\n", "{i}.png,0{c}", None),
    "numbers with a point": ("filepath,label\n", "{i}.png,{c}.0", NUMBERS),
    "another language": ("Datei;Klasse\n", "{i}.png;{c}", "['Datei', 'Klasse'], is read as headings"),
    "quotes": ('"filepath","label"\n', '"{i}.png","{c}"', None),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_programs_write_them(numbered: Path, tmp_path: Path, name: str) -> None:
    heading, row, told = TABLES[name]
    text = heading + lines(row)
    listing = read(numbered, tmp_path / "labels.csv", text)
    assert dict(zip(listing.names, listing.labels, strict=True)) == {f"{i}.png": c for i, c in enumerate(EXPECTED)}
    assert [str(told) in note for note in listing.notes] == ([] if told is None else [True])


AMBIGUOUS: dict[str, tuple[str, str | bytes, str]] = {
    "fractions": (".txt", lines("{c}.5"), "it is a fraction"),
    "one fraction": (".txt", changed(lines("{c}"), 8, "1.5"), ":8: label '1.5' is not a class"),
    "scores": (".txt", lines("0.1 0.7 0.{c}"), "3 numbers on a line, and it is unclear which"),
    "two numbers": (".txt", lines("{c} 1"), "2 numbers on a line"),
    "several ones": (".txt", changed(lines("{hot}", " "), 5, "1 1 0"), ":5: 2 ones in a one-hot row"),
    "no ones": (".csv", changed(lines("{hot}"), 5, "0,0,0"), ":5: no ones in a one-hot row"),
    "one line": (".txt", " ".join(EXPECTED) + "\n", "has one line of 40 values; write each on a line of its own"),
    "names alone": (".txt", lines("{i}.png"), ":1: label '0.png' contains the name of a file"),
    "a bar between": (".txt", lines("{i}.png|{c}"), ":1: label '0.png|0' contains the name of a file"),
    "more columns": (".txt", lines("{i}.png,{c},x,y"), ":1: label '0.png,0,x,y' contains the name of a file"),
    "a label and a score": (".txt", lines("{i}.png {c} 0.5"), ":1: '0 0.5': several numbers"),
    "another suffix": (".txt", lines("{i}.jpg {c}"), ":1: "),
    "numbers from 1": (".txt", lines("{i1} {c}"), "no image has this number: they run from 0 to 39"),
    "numbers alone": (".txt", lines("{i}"), "40 classes for 40 images"),
    "unknown names": (".txt", lines("img{i}.png {c}"), "there is no such file"),
    "a line without a name": (".txt", changed(lines("{i}.png {c}"), 4, "x.y 1"), ":4: "),
    "a line too few": (".txt", "label\n" + lines("{c}")[:-2], ":1: label 'label' is not a class"),
    "index from 1": (".csv", "id,label\n" + lines("{i1},{c}"), ":41: "),
    "two columns of labels": (".csv", "file,class,target\n0.png,0,1\n", "rename the right one to label"),
    "no column of labels": (".csv", "file,writer\n0.png,a\n", "rename the column of the classes to label"),
    "no column of files": (".csv", "writer,label\na,0\n", "rename the column of the file names to filepath"),
    "sample of a submission": (".csv", "ImageId,Label\n" + lines("{i},0"), "Kaggle's sample"),
    "a quote at line 3": (".csv", 'filepath,label\n0.png,0\n"1.png,1\n2.png,2\n3.png,0\n', ":3: not valid CSV (the"),
    "a quote closed later": (".csv", 'filepath,label\n0.png,0\n"1.png,1\n2.png,2\n3.png",0\n', ":3: "),
    "a UTF-16 file": (".txt", "0\n1\n".encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (".txt", "0\n1\n".encode("utf-16-le") * 9, "UTF-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_labels_that_could_be_anything_are_told(numbered: Path, tmp_path: Path, name: str) -> None:
    suffix, text, error = AMBIGUOUS[name]
    with pytest.raises(DataError) as caught:
        layouts.class_names(read(numbered, tmp_path / f"labels{suffix}", text))
    assert error in caught.value.problems[0]
    assert caught.value.problems[0].startswith(str(tmp_path / f"labels{suffix}"))
    assert max(map(len, caught.value.problems)) < 600


def test_names_of_several_words_are_one_label_each(numbered: Path, tmp_path: Path) -> None:
    """Fashion-MNIST has "Ankle boot" and "T-shirt, top"."""
    names = ["Ankle boot", "T-shirt, top", "digit 5"]
    listing = read(numbered, tmp_path / "l.txt", "".join(f"{names[c]}\n" for c in LABELS))
    assert list(listing.labels) == [names[c] for c in LABELS]
    assert listing.notes == ()
    listing = read(numbered, tmp_path / "l.txt", "".join(f"{i}.png {names[c]}\n" for i, c in enumerate(LABELS)))
    assert list(listing.labels) == [names[c] for c in LABELS]


def test_classes_that_differ_in_case_and_doubled_rows_are_said(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS[:4], "0123")
    listing = read(tmp_path / "a", tmp_path / "l.txt", "cat\nCat \ndog\ndog\n")
    assert "'Cat' and 'cat' are different classes" in listing.notes[0]
    text = "filepath,label\n0.png,0\n1.png,1\n0.png,0\n./1.png,1\n"
    listing = read(tmp_path / "a", tmp_path / "l.csv", text)
    assert len(listing.names) == 4
    assert "2 rows repeat an image of a row above (0.png, ./1.png)" in listing.notes[0]
    with pytest.raises(DataError, match=r"\./1\.png: is '0' here and '1' above"):
        read(tmp_path / "a", tmp_path / "l.csv", text.replace("./1.png,1", "./1.png,0"))


def test_images_that_no_line_names_are_said(numbered: Path, tmp_path: Path) -> None:
    listing = read(numbered, tmp_path / "l.txt", "".join(lines("{i}.png {c}").splitlines(True)[:30]))
    assert len(listing.names) == 30
    assert "10 of the 40 images" in listing.notes[0]
    listing = read(numbered, tmp_path / "l.txt", lines("./{i}.png {c}"))
    assert "are not named" not in listing.notes[0]
    with pytest.raises(DataError, match=r"there is 0\.png: correct the path"):
        read(numbered, tmp_path / "l.txt", lines("{i}.jpg {c}"))


def test_paths_with_backslashes_and_of_another_folder(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a" / "x", PIXELS[:3], "012")
    listing = read(tmp_path / "a", tmp_path / "l.csv", "filepath,label\nx\\0.png,0\nx\\1.png,1\n")
    assert list(listing.names) == ["x/0.png", "x/1.png"]
    assert "2 names have \\ instead of /" in listing.notes[0]
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", tmp_path / "l.csv", "filepath,label\na/x/0.png,0\n")
    assert f"paths are relative to `images`: give images: {tmp_path}" in caught.value.problems[0]
    assert list(layouts.scan(tmp_path, tmp_path / "l.csv").names) == ["a/x/0.png"]  # the advice works
    outside = (tmp_path / "a/x/0.png").resolve()
    listing = read(tmp_path / "a", tmp_path / "l.csv", f"filepath,label\n{outside},0\n")
    assert list(listing.names) == [str(outside)]


def test_numbers_of_classes_are_those_of_data_classes(numbered: Path, tmp_path: Path) -> None:
    """The names 00 and 0.5 are classes where the config lists them."""
    listing = read(numbered, tmp_path / "l.txt", lines("0{c}"))
    np.testing.assert_array_equal(layouts.encode(listing, ["00", "01", "02"]), LABELS)
    listing = read(numbered, tmp_path / "l.txt", lines("{c}.5"))
    np.testing.assert_array_equal(layouts.encode(listing, ["0.5", "1.5", "2.5"]), LABELS)


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def foreign(path: Path, name: str) -> Path:
    """A file of some other program."""
    file = path / name
    labels = LABELS.astype(np.uint8)
    match name:
        case "l.npy":
            np.save(file, labels)
        case "l.npz":
            np.savez(file, x=PIXELS, y=labels)
        case "l.pkl":
            file.write_bytes(pickle.dumps(labels.tolist()))
        case "l.pt":
            import torch

            torch.save(torch.from_numpy(labels), file)
        case "l.mat":
            from scipy.io import savemat

            savemat(file, {"labels": labels})
        case "l.png":
            Image.fromarray(PIXELS[0]).save(file)
        case "t10k-labels-idx1-ubyte" | "l.idx":
            file.write_bytes(idx(labels))
        case "t10k-labels-idx1-ubyte.gz":
            file.write_bytes(gzip.compress(idx(labels)))
        case "l.txt.gz":
            file.write_bytes(gzip.compress(lines("{c}").encode()))
        case "l.zip" | "l.xlsx":
            import zipfile

            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("[Content_Types].xml" if name == "l.xlsx" else "labels.txt", "0\n")
        case "l.tar":
            import tarfile

            (path / "x.txt").write_text("0\n")
            with tarfile.open(file, "w") as tar:
                tar.add(path / "x.txt", "x.txt")
        case "l.h5":
            file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
        case "l.parquet":
            file.write_bytes(b"PAR1" + bytes(64) + b"PAR1")
        case "train.csv":
            pixels = ",".join(f"pixel{i}" for i in range(784))
            file.write_text(f"label,{pixels}\n" + ",".join("0" for _ in range(785)) + "\n")
        case "test.csv":
            file.write_text(",".join(f"pixel{i}" for i in range(784)) + "\n" + ",".join("0" for _ in range(784)) + "\n")
        case "mnist_train.csv":
            file.write_text(",".join("5" for _ in range(785)) + "\n")
        case "l.html":
            file.write_text("<!DOCTYPE html><html>Sign in</html>")
        case "lfs.txt":
            file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    return file


FOREIGN = {
    "l.npy": "a NumPy array (.npy)",
    "l.npz": "a file of NumPy arrays (.npz)",
    "l.pkl": "a Python pickle",
    "l.pt": "a PyTorch file",
    "l.mat": "a MATLAB file",
    "l.h5": "an HDF5 file",
    "l.parquet": "a Parquet table",
    "l.idx": "an idx file, like those of MNIST (40)",
    "t10k-labels-idx1-ubyte": "ROOT/MNIST/raw",
    "t10k-labels-idx1-ubyte.gz": "ROOT/MNIST/raw",
    "l.txt.gz": "compressed by gzip; unpack it with gunzip",
    "l.zip": "a zip archive",
    "l.tar": "a tar archive",
    "l.xlsx": "an Excel workbook",
    "train.csv": "a table of pixels (785 columns",
    "test.csv": "a table of pixels (784 columns",
    "mnist_train.csv": "a table of pixels (785 columns",
    "l.html": "a web page",
    "lfs.txt": "git lfs pull",
}


@pytest.mark.parametrize("name", [*FOREIGN, "l.png"])
def test_other_files_are_told_what_they_are(fcnet: Run, tiny: Path, tmp_path: Path, name: str) -> None:
    """Named as labels, as images, as --images and as an image: what it is, and what to do with it."""
    file = foreign(tmp_path, name)
    words = ("train", "-c", "tiny/tiny.yaml", "--out", "run")
    what = FOREIGN.get(name, "an image (PNG)").split(";")[0]
    for key in ("labels", "images"):
        outcome = fcnet(*words, f"data.train.{key}={file}")
        assert outcome.code == 3, outcome.err
        assert what in outcome.errors[0]
        assert "UTF-8" not in outcome.err or "save it as" in outcome.err
        assert not Path("run").exists()


def test_other_files_are_told_by_eval_and_predict_too(fcnet: Run, tiny: Path, tmp_path: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "run").code == 0
    for name in ("l.npy", "train.csv", "l.zip"):
        file = foreign(tmp_path, name)
        for words in (("eval", "run", "--images", file), ("eval", "run", "--images", "tiny/test", "--labels", file),
                      ("predict", "run", file)):  # fmt: skip
            outcome = fcnet(*words)
            assert outcome.code == 3, outcome.err
            assert FOREIGN[name] in outcome.errors[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and devices")
def test_what_never_ends_is_refused_at_once(fcnet: Run, tiny: Path) -> None:
    os.mkfifo("pipe.txt")
    for name in ("pipe.txt", "/dev/zero", "/proc/self/mounts", "/proc/kmsg", "tiny"):
        if os.path.exists(name):
            for key in ("labels", "images"):
                outcome = fcnet("train", "-c", "tiny/tiny.yaml", f"data.train.{key}={name}", "--out", "run")
                assert outcome.code == 3, (name, key, outcome.err)


def test_a_file_of_labels_may_not_have_any_size(fcnet: Run, tiny: Path) -> None:
    with open("huge.txt", "wb") as file:
        file.truncate(40 << 30)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.train.labels=huge.txt", "--out", "run")
    assert outcome.code == 3
    assert "huge.txt: has 42,949,672,960 bytes, more than 1,073,741,824" in outcome.errors[0]


def test_the_note_is_a_warning_of_train_and_eval(fcnet: Run, tiny: Path) -> None:
    for name in ("train", "test"):
        table = (tiny / f"{name}.txt").read_text().splitlines()
        (tiny / f"{name}.txt").write_text("".join(f"{i}.png {c}\n" for i, c in enumerate(table)))
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "run")
    assert outcome.code == 0, outcome.err
    assert f"warning: {tiny}/train.txt: each line is 'file label'; labels were matched by file name" in outcome.err
    outcome = fcnet("eval", "run")
    assert f"warning: {tiny}/test.txt: each line is 'file label'" in outcome.err
