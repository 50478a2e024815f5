"""Files that are there: read, or named with what to do; and folders that systems leave behind."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.data.folder import class_folders, entries, layouts
from fcnet.errors import DataError
from helpers.command_line import Run
from helpers.tiny import SIDE, pictures, write_config

PIXELS, LABELS = pictures(12, 0)


def save(path: Path, i: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS[i]).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Class folders 0, 1, 2 of four images."""
    for i, label in enumerate(LABELS):
        save(tmp_path / "root" / str(label) / f"{i}.png", i)
    return tmp_path / "root"


def problem(images: Path, labels: Path | None = None) -> str:
    with pytest.raises(DataError) as caught:
        layouts.class_names(layouts.scan(images, labels))
    return caught.value.problems[0]


LEFT_BEHIND = [
    *(
        "__MACOSX",
        "@eaDir",
        "lost+found",
        ".ipynb_checkpoints",
        "$RECYCLE.BIN",
        "System Volume Information",
        "#recycle",
    ),
    *("Thumbs.db", ".DS_Store", "desktop.ini"),
]


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_systems_leave_behind_is_no_class(root: Path, name: str) -> None:
    for place in (root, root / "0"):
        if "." in name[1:] and name[0] != "$":
            (place / name).write_bytes(b"x")
        else:
            save(place / name / "0" / "1.png")
    listing = layouts.scan(root, None)
    assert layouts.class_names(listing) == ("0", "1", "2")
    assert listing.ignored == ()
    assert listing.notes == ()


def test_links_that_lead_nowhere_are_errors(fcnet: Run, tiny: Path, root: Path) -> None:
    (root / "0/dead.png").symlink_to("/gone/0.png")
    assert problem(root).startswith(f"{root}/0/dead.png: is a link to /gone/0.png, which does not exist")
    (root / "0/dead.png").unlink()
    (root / "3").symlink_to("/gone/3")
    assert "3: is a link to /gone/3, which does not exist" in problem(root)
    (root / "3").unlink()
    (root / "3").symlink_to(root / "3")
    assert "3: is a link that leads back to itself" in problem(root)
    (root / "3").unlink()
    (root / "notes.txt").symlink_to("/gone/notes.txt")  # no class, and no image
    assert len(layouts.scan(root, None).names) == 12
    (root / "all").symlink_to("/gone")
    assert "/all: is a link to /gone" in problem(root / "all")
    assert "/all: is a link to /gone" in problem(root / "0", root / "all")
    (root / "t.csv").write_text("filepath,label\n0/0.png,0\n1/dead.png,1\n")
    (root / "1/dead.png").symlink_to("/gone/1.png")
    assert "1/dead.png: is a link to /gone/1.png" in problem(root, root / "t.csv")
    (tiny / "test/dead.png").symlink_to("/gone.png")
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "data.test=null", "--out", "run").code == 0
    for word in ("tiny/test", "tiny/test/dead.png", "tiny/test/*.png"):
        outcome = fcnet("predict", "run", word)
        assert outcome.code == 3
        assert "tiny/test/dead.png: is a link to /gone.png, which does not exist" in outcome.errors[0]
    Path("empty").mkdir()
    assert "empty: contains no images" in fcnet("predict", "run", "empty").errors[0]


def test_images_one_folder_deeper_are_an_error_that_names_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    root.rename(tmp_path / "outer/images")
    told = problem(tmp_path / "outer")
    assert f"give the folder {tmp_path}/outer/images" in told
    assert layouts.class_names(layouts.scan(tmp_path / "outer/images", None)) == ("0", "1", "2")  # the advice works
    (tmp_path / "labels.txt").write_text("0\n")
    assert f"{tmp_path}/outer/images" in problem(tmp_path / "outer", tmp_path / "labels.txt")
    for c in "012":
        save(tmp_path / "outer/test" / c / "1.png")
    assert f"if 'images' is not a class, give the folder {tmp_path}/outer/images" in problem(tmp_path / "outer")
    save(tmp_path / "outer/images/0/deeper/1.png")
    assert "0/deeper/1.png" in problem(tmp_path / "outer/images")


def test_other_formats_are_named_with_their_count(root: Path, tmp_path: Path) -> None:
    for name in ("a.heic", "b.HEIC", "c.txt"):
        (root / "0" / name).write_bytes(b"x")
    (note,) = layouts.scan(root, None).notes
    assert note == f"{root}: 2 .heic files, 1 .txt file are not read (0/a.heic, 0/b.HEIC, 0/c.txt)"
    (root / "4").mkdir()
    (root / "4/a.heic").write_bytes(b"x")
    notes = layouts.scan(root, None).notes
    assert notes[0].startswith(f"{root}/4: contains no images, but 1 .heic file, which is not read")
    for i in range(3):
        (tmp_path / "heic/0").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"heic/0/{i}.heic").write_bytes(b"x")
    assert "but 3 .heic files, which are not read; convert images to PNG" in problem(tmp_path / "heic")
    assert "but 3 .heic files" in problem(tmp_path / "heic/0")
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data/mnist.npz", x=PIXELS)
    assert "mnist.npz is a file of NumPy arrays (.npz)" in problem(tmp_path / "data")
    assert entries.counted(["a", "b/", "c/", "d.x"]) == "2 folders, 1 file without a suffix, 1 .x file"


def test_a_folder_that_may_not_be_read_is_no_empty_one(fcnet: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: "os.PathLike[str]") -> object:
        if Path(path).name == "1":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    write_config(Path("c.yaml"), {"data": {"train": {"images": str(root)}, "image_size": [SIDE, SIDE]}})
    monkeypatch.setattr(os, "scandir", scandir)
    outcome = fcnet("train", "-c", "c.yaml", "--out", "run")
    assert outcome.code == 6
    assert f"{root}/1: permission denied" in outcome.errors[0]


# --- accents --------------------------------------------------------------------------------------------------------

NFC, NFD = (unicodedata.normalize(form, "\u00e9t\u00e9") for form in ("NFC", "NFD"))


def test_a_name_is_one_class_however_its_accents_are_encoded(fcnet: Run, tmp_path: Path) -> None:
    for i in range(12):
        save(tmp_path / "train" / (NFC if i % 2 else "b") / f"{i}.png", i)
        save(tmp_path / "test" / (NFD if i % 2 else "b") / f"{i}.png", i)
    write_config(
        tmp_path / "c.yaml",
        {
            "data": {"train": {"images": "train"}, "test": {"images": "test"}, "image_size": [SIDE, SIDE]},
            "model": {"hidden": [4]},
            "train": {"epochs": 1},
        },
    )
    for more in ([], [f"data.classes=[b, {NFD}]"]):
        outcome = fcnet("train", "-c", "c.yaml", "--out", "run", "--overwrite", *more)
        assert outcome.code == 0, outcome.err
        assert "2 classes of 6 images, test" in outcome.out
        assert NFC in Path("run/config.yaml").read_text(encoding="utf-8")
    assert fcnet("train", "-c", "run/config.yaml", "--out", "again").code == 0
    listing = layouts.scan(tmp_path / "test", None)
    assert f"{NFD}/1.png" in listing.names  # files are read by their own names
    assert set(listing.labels) == {"b", NFC}
    Path("t.csv").write_text(f"filepath,label\n{NFC}/1.png,{NFD}\nb/0.png,b\n", encoding="utf-8")
    listing = layouts.scan(tmp_path / "test", Path("t.csv"))
    assert listing.names[0] == f"{NFD}/1.png"
    assert listing.labels[0] == NFC
    save(tmp_path / "train" / NFD / "x.png")
    with pytest.raises(DataError, match="are one class"):
        class_folders.scan(tmp_path / "train", entries.read(tmp_path / "train"))
