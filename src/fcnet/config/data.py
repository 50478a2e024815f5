"""The config's `data` section: where the images come from, and how they are looked at."""

import os
import unicodedata
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import Field, Tag, field_validator, model_validator

from fcnet.config.fields import ClassName, Positive, Section, by_type
from fcnet.config.names import KnownSet
from fcnet.system.paths import PathText


class ImageSplit(Section):
    """One split of a folder of one's own, in one of three layouts."""

    images: PathText = Field(
        description="folder of the images (PNG, JPEG, BMP, TIFF, WebP, GIF, PGM); without `labels` one sub-folder per "
        "class, or, for an autoencoder, images without labels",
    )
    labels: PathText | None = Field(
        None,
        description="text file whose line i labels image i (0.png, 1.png, ...), lines of a file's name and "
        "its label, or a .csv with the columns `filepath` (relative to `images`) and `label`",
    )


def located(images: str, labels: str | None) -> ImageSplit:
    """A split whose paths are expanded already."""
    return ImageSplit.model_construct(images=images, labels=labels)


SOURCE_SPLITS = ("train", "t10k")  # the slides' names of the two splits of a known data set


Validation = Annotated[
    Annotated[Positive, Tag("|count")]
    | Annotated[float, Field(gt=0, lt=1), Tag("|fraction")]
    | Annotated[ImageSplit, Tag("|folder")],
    by_type(
        {"|count": int, "|fraction": float, "|folder": (dict, ImageSplit)},
        "should be a number of images, a fraction such as 0.1, or {images, labels}",
    ),
]


class Data(Section):
    """Where the images come from."""

    source: KnownSet | None = Field(
        None, description="a known data set, written below `root` as an image folder when it is not there yet"
    )
    root: PathText | None = Field(None, description="folder of the known data set; goes with `source`")
    train: ImageSplit | None = Field(None, description="training images of one's own; in place of `source`")
    test: ImageSplit | None = Field(None, description="test images of one's own; goes with `train`")
    validation: Validation | None = Field(
        None,
        description="held out from training to choose the best epoch: the last N images, or N with the classes' shares "
        "where images lie sorted by class (class folders do), or such a fraction, or a folder of its own",
    )
    image_size: Annotated[list[Annotated[int, Field(ge=1, le=10_000)]], Len(2, 2)] = Field(
        [28, 28], description="height and width in pixels; other images are resized (bilinear, antialiased)"
    )
    deskew: bool = Field(
        False,
        description="shear each image so that its main axis stands upright (LeCun et al. 1998), and put its centre of"
        " mass in the middle: digits written aslant look like upright ones; for light digits on black",
    )
    white: Annotated[int, Field(ge=255, le=65535)] | None = Field(
        None,
        description="the value that is white in 16-bit images; without it the largest that the bits of all training"
        " values have, if these are 8 to 12 (255 to 4095), else 65535",
    )
    classes: Annotated[list[ClassName], Len(1)] | None = Field(
        None, description="class names in the order of the outputs; without it they are read from the training labels"
    )
    normal_classes: Annotated[list[ClassName], Len(1)] | None = Field(
        None,
        description="of an autoencoder that finds outliers: the classes it is trained on; in tests all others are "
        "outliers; without it those that are in the training images, where the test images have others too",
    )
    on_bad: Literal["error", "skip"] = Field(
        "error",
        description="images that cannot be read: an error that names them, or leave them out, listed in the run's"
        " skipped.txt",
    )
    memory: Literal["auto", "resident", "mapped"] = Field(
        "auto",
        description="where decoded images stay: in memory, or in their file, of which 32 MiB at a time are looked at "
        "(docs/data.md); auto is resident unless they take more than a quarter of the memory",
    )
    cache: PathText | None = Field(
        None,
        description="folder of the decoded images; without it `.fcnet-cache` beside the image folder",
    )

    def parts(self) -> tuple[ImageSplit, ImageSplit | None]:
        """Where training and test images lie."""
        if self.source is None or self.root is None:
            assert self.train is not None  # one of the two is asked for
            return self.train, self.test
        found = (os.path.join(self.root, name) for name in SOURCE_SPLITS)
        train, test = (located(f"{path}-images", f"{path}-labels.txt") for path in found)
        return train, test

    @field_validator("classes", "normal_classes", mode="before")
    @classmethod
    def _class_names(cls, value: Any) -> Any:
        """``classes: [0, 1]`` means the names "0" and "1"; accents are encoded in one way (NFC), as in all labels."""
        if not isinstance(value, list):
            return value
        names = [str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in value]
        return [unicodedata.normalize("NFC", name) if isinstance(name, str) else name for name in names]

    @field_validator("classes", "normal_classes")
    @classmethod
    def _distinct(cls, value: list[str] | None) -> list[str] | None:
        doubled = sorted({name for name in value or [] if (value or []).count(name) > 1})
        if doubled:
            raise ValueError(f"each class once; doubled: {', '.join(doubled[:10])}")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.source is None) == (self.train is None):
            raise ValueError("give either `source` (with `root`) or `train: {images, labels}`")
        if self.source is not None and self.root is None:
            raise ValueError(f"`root` is missing: the folder for {self.source}; for example root: data/{self.source}")
        if self.source is None and self.root is not None:
            raise ValueError(f"`root` goes with `source`; {self._moved()}")
        if self.source is not None and self.test is not None:
            raise ValueError(f"`test` goes with `train`; source: {self.source} has its own")
        return self

    def _moved(self) -> str:
        """Which keys to set where folders of one's own lie in another place now."""
        splits = {"train": self.train, "test": self.test, "validation": self.validation}
        given = {name: split for name, split in splits.items() if isinstance(split, ImageSplit)}
        keys = [f"data.{name}.images" for name in given]
        keys += [f"data.{name}.labels" for name, split in given.items() if split.labels is not None]
        return f"folders of one's own are named whole; where they have moved, set {', '.join(keys)}"
