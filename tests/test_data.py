"""Data sets: the Dataset, batches, splits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import pictures, write_numbered
from PIL import Image
from torch.utils.data import DataLoader

from fcnet import data
from fcnet.data import Batches, ImageFolder
from fcnet.errors import ConfigError, DataError
from fcnet.schema import ImageSplit

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
        batches = Batches(folder, 7, chosen)
        parts = list(batches)
        assert len(parts) == len(batches) == -(-len(expected) // 7)
        assert torch.equal(torch.cat([pixels for pixels, _ in parts]), whole[expected])
        assert torch.equal(torch.cat([labels for _, labels in parts]), folder.labels[expected])


def test_the_last_n_or_a_stratified_fraction_are_held_out(tmp_path: Path) -> None:
    folder = layouts(tmp_path)[0]
    train, validation = data.hold_out(folder, 4)
    assert torch.equal(validation.images, folder.images[-4:])
    assert torch.equal(train.images, folder.images[:-4])
    assert list(validation.names) == ["26.png", "27.png", "28.png", "29.png"]
    train, validation = data.hold_out(folder, 0.3)
    assert validation.labels.bincount().tolist() == [3, 3, 3]
    assert sorted([*train.names, *validation.names]) == sorted(folder.names)
    assert torch.equal(data.hold_out(folder, 0.3)[1].images, validation.images)
    assert data.hold_out(replace(folder, notes=("a note",)), 4)[0].notes == ("a note",)


@pytest.mark.parametrize("amount", [30, 1000, 0.01, 0.99])
def test_both_parts_need_images(tmp_path: Path, amount: float) -> None:
    folder = layouts(tmp_path)[0]
    with pytest.raises(ConfigError, match=r"data\.validation"):
        data.hold_out(folder, amount)


def test_splits_share_the_classes_of_train(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a", PIXELS, LABELS)
    write_numbered(tmp_path / "b", PIXELS[:3], [2, 2, 1])
    train, test = (ImageSplit(images=str(tmp_path / n), labels=str(tmp_path / f"{n}.txt")) for n in "ab")
    splits = data.load(train, test, validation=test, size=SIZE)
    assert splits.test is not None
    assert splits.test.labels.tolist() == [2, 2, 1]
    assert [name for name, _ in splits.items()] == ["train", "validation", "test"]
    with pytest.raises(DataError, match="label '2' is no class; the classes are 0, 1"):
        data.load(train, test, size=SIZE, classes=["0", "1"])
    with pytest.raises(DataError, match="has no such images, only train"):
        data.require_split(data.load(train, None, size=SIZE), "test")


def test_border_is_the_brightness_of_the_frame() -> None:
    images = torch.zeros(2, 5, 5, dtype=torch.uint8)
    images[:, 1:4, 1:4] = 255
    assert data.border(images) == 0
    images[0, 0] = images[0, -1] = images[0, :, 0] = images[0, :, -1] = 255
    assert data.border(images) == pytest.approx(0.5)
