"""Data sets: the Dataset, batches, splits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from fcnet.commands.read import require_split
from fcnet.config.data import ImageSplit
from fcnet.data import dataset
from fcnet.data.dataset import ImageFolder
from fcnet.data.folder.layouts import Listing
from fcnet.data.looks import border
from fcnet.data.splits import hold_out, load
from fcnet.errors import ConfigError, DataError
from helpers.tiny import pictures, write_numbered

PIXELS, LABELS = pictures(30, 0)
SIZE = PIXELS.shape[1:]


def layouts(root: Path) -> list[ImageFolder]:
    """The same 30 images in the three layouts."""
    write_numbered(root / "numbered", PIXELS, LABELS)
    rows = ["filepath,label"]
    for i in np.argsort(LABELS, kind="stable"):
        folder = root / "classes" / str(LABELS[i])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[i]).save(folder / f"{i}.png")
    rows += [f"{label}/{i}.png,{label}" for i, label in enumerate(LABELS)]
    (root / "table.csv").write_text("\n".join(rows))
    return [
        ImageFolder.open(root / "numbered", root / "numbered.txt", size=SIZE),
        ImageFolder.open(root / "classes", root / "table.csv", size=SIZE),
        ImageFolder.open(root / "classes", size=SIZE),
    ]


def test_the_three_layouts_give_equal_tensors(tmp_path: Path) -> None:
    numbered, table, classes = layouts(tmp_path)
    np.testing.assert_array_equal(numbered.images.numpy(), PIXELS)
    np.testing.assert_array_equal(numbered.labels.numpy(), LABELS)
    assert torch.equal(numbered.images, table.images)
    assert torch.equal(numbered.labels, table.labels)
    order = torch.from_numpy(np.argsort(LABELS, kind="stable"))  # class folders come class by class
    assert torch.equal(numbered.images[order], classes.images)
    assert torch.equal(numbered.labels[order], classes.labels)
    assert numbered.classes == table.classes == classes.classes == ("0", "1", "2")


def test_a_dataloader_gets_what_the_course_s_dataset_gives(tmp_path: Path) -> None:
    from torchvision import transforms

    folder = layouts(tmp_path)[0]
    course = transforms.Compose([transforms.Resize(SIZE), transforms.ToTensor()])
    for images, labels in DataLoader(folder, batch_size=7):
        assert images.dtype == torch.float32
        assert images.shape[1:] == (1, *SIZE)
        assert labels.dtype == torch.int64
    for i in (0, 29, -1):
        image, label = folder[i]
        with Image.open(tmp_path / "numbered" / f"{i % 30}.png") as picture:
            assert torch.equal(image, course(picture))
        assert label == LABELS[i]
        assert isinstance(label, int)
    with pytest.raises(IndexError):
        folder[30]


def test_batches_are_the_dataset_in_order_with_its_tail(tmp_path: Path) -> None:
    folder = layouts(tmp_path)[0]
    whole = torch.stack([folder[i][0] for i in range(30)]).flatten(1)
    order = torch.randperm(30)
    for chosen, expected in ((None, torch.arange(30)), (order, order), (order[:5], order[:5])):
        batches = folder.batches(7, chosen)
        parts = list(batches)
        assert len(parts) == len(batches) == -(-len(expected) // 7)
        assert torch.equal(torch.cat([pixels for pixels, _ in parts]), whole[expected])
        assert torch.equal(torch.cat([labels for _, labels in parts]), folder.labels[expected])


def test_the_last_n_or_a_stratified_fraction_are_held_out(tmp_path: Path) -> None:
    folder = layouts(tmp_path)[0]
    train, validation = hold_out(folder, 4)
    assert torch.equal(validation.images, folder.images[-4:])
    assert torch.equal(train.images, folder.images[:-4])
    assert list(validation.names) == ["26.png", "27.png", "28.png", "29.png"]
    train, validation = hold_out(folder, 0.3)
    assert validation.labels.bincount().tolist() == [3, 3, 3]
    assert sorted([*train.names, *validation.names]) == sorted(folder.names)
    assert torch.equal(hold_out(folder, 0.3)[1].images, validation.images)
    assert hold_out(replace(folder, notes=("a note",)), 4)[0].notes == ("a note",)


@pytest.mark.parametrize("amount", [30, 1000, 0.01, 0.99])
def test_both_parts_need_images(tmp_path: Path, amount: float) -> None:
    folder = layouts(tmp_path)[0]
    with pytest.raises(ConfigError, match=r"data\.validation"):
        hold_out(folder, amount)


def test_splits_share_the_classes_of_train(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    write_numbered(tmp_path / "b", PIXELS[:3], [2, 2, 1])
    train, test = (ImageSplit(images=str(tmp_path / n), labels=str(tmp_path / f"{n}.txt")) for n in "ab")
    splits = load(train, test, validation=test, size=SIZE)
    assert splits.test is not None
    assert splits.test.labels.tolist() == [2, 2, 1]
    assert [name for name, _ in splits.items()] == ["train", "validation", "test"]
    with pytest.raises(DataError, match="label '2' is not a class; the classes are 0, 1"):
        load(train, test, size=SIZE, classes=["0", "1"])
    with pytest.raises(DataError, match="has no such images, only train"):
        require_split(load(train, None, size=SIZE), "test")


def test_border_is_the_brightness_of_the_frame() -> None:
    images = torch.zeros(2, 5, 5, dtype=torch.uint8)
    images[:, 1:4, 1:4] = 255
    assert border([images]) == 0
    images[0, 0] = images[0, -1] = images[0, :, 0] = images[0, :, -1] = 255
    assert border([images[:1], images[1:]]) == pytest.approx(0.5)


@pytest.fixture
def both(tmp_path: Path) -> tuple[ImageFolder, ImageFolder]:
    """The same images in memory and in their file."""
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    ways: list[dataset.Memory] = ["resident", "mapped"]
    resident, mapped = (ImageFolder.open(tmp_path / "a", tmp_path / "a.txt", size=SIZE, memory=way) for way in ways)
    assert resident.mapped is None
    assert mapped.mapped is not None
    return resident, mapped


def test_mapped_images_are_the_same(both: tuple[ImageFolder, ImageFolder]) -> None:
    resident, mapped = both
    assert torch.equal(resident.images, mapped.images)
    assert resident.fingerprint() == mapped.fingerprint()
    assert border(resident.pieces()) == border(mapped.pieces())
    order = torch.randperm(30)
    for (a, la), (b, lb) in zip(resident.batches(7, order), mapped.batches(7, order), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(la, lb)
    for amount in (4, 0.3):  # parts of a mapped split are mapped too
        for one, other in zip(hold_out(resident, amount), hold_out(mapped, amount), strict=True):
            assert other.mapped is not None
            assert torch.equal(one.images, other.images)


def test_images_stay_in_the_host_s_memory_where_a_gpu_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The "meta" device stands for a GPU: another device, which holds shapes alone."""
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    folder = ImageFolder.open(tmp_path / "a", tmp_path / "a.txt", size=SIZE)
    device = torch.device("meta")
    for free, place in ((None, "meta"), (folder.images.nbytes * 2, "meta"), (folder.images.nbytes, "cpu")):
        monkeypatch.setattr(dataset, "free_bytes", lambda _, free=free: free)
        moved = folder.to(device)
        assert moved.images.device.type == place
        assert moved.labels.device.type == "meta"
        assert bool(moved.notes) == (place == "cpu")
        pixels, labels = next(iter(moved.batches(7, torch.arange(30))))
        assert pixels.device == labels.device == device
        assert pixels.shape == (7, SIZE[0] * SIZE[1])
    assert "stay in host memory" in moved.notes[0]


def test_where_images_stay_is_told_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    from fcnet.system import memory

    listing = folder_of(1000)
    assert not dataset.stay_in_files([listing], (28, 28), "auto")
    monkeypatch.setattr(memory, "memory", lambda: 4 * 784_000 - 1)
    assert dataset.stay_in_files([listing], (28, 28), "auto")
    assert not dataset.stay_in_files([listing], (28, 28), "resident")
    assert dataset.stay_in_files([listing], (1, 1), "mapped")


def folder_of(n: int) -> Listing:
    """The listing of n images that are not there."""
    names = [f"{i}.png" for i in range(n)]
    return Listing(Path("a"), names, ["0"] * n, np.zeros((n, 3), np.int64))
