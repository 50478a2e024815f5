"""The config's `data` section: where the images come from, and how they are read."""

import os
import unicodedata
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from fcnet.config.fields import ClassName, Positive, Section, by_type
from fcnet.config.names import KnownSet
from fcnet.system.paths import PathText


class ImageSplit(Section):
    """One split of your own images, in one of three layouts."""

    images: PathText = Field(
        description="image folder (PNG, JPEG, BMP, TIFF, WebP, GIF, PGM); without `labels`, one sub-folder per class"
        " or, for an autoencoder, unlabelled images",
    )
    labels: PathText | None = Field(
        None,
        description="text file whose line i labels image i (0.png, 1.png, ...) or whose lines hold a file name and its"
        " label; or a .csv with the columns `filepath` (relative to `images`) and `label`",
    )


def located(images: str, labels: str | None) -> ImageSplit:
    """Return a split whose paths are expanded already."""
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


def _ascending(value: list[float]) -> list[float]:
    if value[0] > value[1]:
        raise ValueError(f"is {value}; should be [low, high], the lower number first")
    return value


def _number_or_range(words: str) -> Discriminator:
    """Return what tells a number from a range, and refuses everything else."""
    return by_type({"|number": (int, float), "|range": list}, f"should be a number {words}, or a range [low, high]")


_RANGE = (Len(2, 2), AfterValidator(_ascending), Tag("|range"))

Factor = Annotated[
    Annotated[float, Field(ge=1, le=10), Tag("|number")]
    | Annotated[list[Annotated[float, Field(ge=0.1, le=10)]], *_RANGE],
    _number_or_range("f of at least 1 for [1/f, f]"),
]
Reach = Annotated[
    Annotated[float, Field(ge=0, le=10), Tag("|number")]
    | Annotated[list[Annotated[float, Field(ge=-10, le=10)]], *_RANGE],
    _number_or_range("a for [-a, a]"),
]
Ink = Annotated[
    Annotated[float, Field(gt=0, le=1), Tag("|number")]
    | Annotated[list[Annotated[float, Field(ge=0, le=10)]], *_RANGE],
    _number_or_range("f for [f, 1]"),
]


class Elastic(Section):
    """Elastic distortion (Simard, Steinkraus and Platt 2003).

    Numbers uniform in [-1, 1], one for each pixel and axis, are blurred and multiplied; so far is each pixel displaced.
    """

    alpha: float = Field(34.0, gt=0, le=10_000, description="factor of the blurred numbers, in pixels")
    sigma: float = Field(4.0, gt=0, le=100, description="standard deviation of the Gaussian blur, in pixels")


class Augment(Section):
    """How each training image is changed anew in every epoch, at random; evaluation sees the images as they are.

    The entries apply in the order hands, outliers, flip, stroke; rotation, shear, scale, stretch, shift and elastic as
    one resampling; blur, contrast, noise, erasing, mixup.
    """

    flip: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="swap left and right with this probability; for clothes, not for characters"
    )

    rotation: Annotated[float, Field(ge=0, le=180)] | None = Field(
        None, description="turn about the centre by up to so many degrees, either way"
    )
    shear: Annotated[float, Field(ge=0, le=10)] | None = Field(
        None, description="slant: move each row sideways by up to this fraction of its distance from the centre"
    )
    scale: Factor | None = Field(
        None,
        description="enlarge by a factor, uniform in its logarithm: a range such as [0.85, 1.2], or 1.2 for"
        " [1/1.2, 1.2]",
    )
    stretch: Factor | None = Field(
        None,
        description="make wider by a factor and flatter by the same, uniform in its logarithm: a range, or 1.1 for"
        " [1/1.1, 1.1]; with `scale`, width and height vary independently",
    )
    shift: Annotated[float, Field(ge=0, le=1000)] | None = Field(
        None, description="move by up to so many pixels along both axes, independently"
    )
    elastic: Elastic | None = Field(
        None, description="displace pixels by smooth random fields, as in Simard et al. 2003: {alpha: 34, sigma: 4}"
    )
    stroke: Reach | None = Field(
        None,
        description="thicken strokes by so many pixels on each side, or thin them if below 0: a range such as"
        " [-0.3, 0.7], or 0.5 for [-0.5, 0.5]",
    )
    blur: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, description="blur with a Gaussian whose standard deviation is up to so many pixels"
    )
    contrast: Ink | None = Field(
        None,
        description="multiply the difference from the background by a factor: a range such as [0.6, 1], or 0.6 for the"
        " same",
    )
    noise: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="add Gaussian noise to each pixel, whose standard deviation, one for each image, is up to this"
        " fraction of white",
    )
    hands: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        None,
        description="replace this share of the images in each epoch by digits drawn by program, in forms that are rare"
        " in MNIST too (1 with a hook, 7 with a bar, open 4, 9 with a bow); for the classes 0 to 9 on a plain ground",
    )
    outliers: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        None,
        description="replace this share of the images in each epoch by images that show no digit (letters, symbols,"
        " pieces of two images), with labels at random, so that the net is unsure of what it has not learned; for"
        " classifiers of digits on a plain ground",
    )
    erasing: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="cover a rectangle at a random place by the background (Zhong et al. 2020), of up to this share of"
        " the image's area",
    )
    mixup: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None,
        description="mix each image, and its label, with another of the epoch (Zhang et al. 2018), with a weight drawn"
        " from the Beta distribution with this number for both parameters; for classifiers",
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="share of the images that are changed in an epoch; the others are left as they are"
    )

    @property
    def given(self) -> list[str]:
        """Return the names of the entries that are given."""
        return [name for name in type(self).model_fields if name != "share" and getattr(self, name) is not None]

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.given:
            names = ", ".join(f"`{name}`" for name in Augment.model_fields if name != "share")
            raise ValueError(f"changes nothing; give at least one of {names}; for example augment: {{rotation: 15}}")
        return self


class Data(Section):
    """Where the images come from."""

    source: KnownSet | None = Field(
        None, description="known data set; written below `root` as an image folder if it does not exist yet"
    )
    root: PathText | None = Field(None, description="folder of the known data set; used with `source`")
    train: ImageSplit | None = Field(None, description="your own training images; instead of `source`")
    test: ImageSplit | None = Field(None, description="your own test images; used with `train`")
    validation: Validation | None = Field(
        None,
        description="images held out from training to choose the best epoch: a number N (the last N images or, if"
        " images are sorted by class as in class folders, N in the proportions of the classes), a fraction of each"
        " class, or a separate folder",
    )
    labelled: Positive | None = Field(
        None,
        description="number of training images whose labels are used, chosen by the seed, equally many of each class as"
        " far as there are; a ladder uses all others without their labels, other classifiers do not use them at all",
    )
    image_size: Annotated[list[Annotated[int, Field(ge=1, le=10_000)]], Len(2, 2)] = Field(
        [28, 28], description="height and width in pixels; other images are resized (bilinear, antialiased)"
    )
    deskew: bool = Field(
        False,
        description="shear each image so that its main axis is vertical (LeCun et al. 1998), and move its centre of"
        " mass to the middle, so that slanted digits look upright; for light digits on black",
    )
    prepare: Literal["mnist"] | None = Field(
        None,
        description="mnist: prepare photos and drawings as MNIST was made (docs/photos.md): paper, shadow and rules"
        " removed, light digits on black in a box of 20 of 28 pixels, centred by mass; images made like that already"
        " pass unchanged",
    )
    white: Annotated[int, Field(ge=255, le=65535)] | None = Field(
        None,
        description="the value of white in 16-bit images; by default the largest value with as many bits as the"
        " training values need, if these are 8 to 12 (255 to 4095), else 65535",
    )
    classes: Annotated[list[ClassName], Len(1)] | None = Field(
        None, description="class names in the order of the outputs; by default read from the training labels"
    )
    normal_classes: Annotated[list[ClassName], Len(1)] | None = Field(
        None,
        description="classes that an autoencoder or a one_class net is trained on; in tests all others are outliers;"
        " by default the classes of the training images, if the test images have others too",
    )
    on_bad: Literal["error", "skip"] = Field(
        "error",
        description="what to do with images that cannot be read: stop with an error that names them, or skip them and"
        " list them in the run's skipped.txt",
    )
    memory: Literal["auto", "resident", "mapped"] = Field(
        "auto",
        description="where decoded images are kept: in memory (resident), or in their file, read 32 MiB at a time"
        " (mapped; docs/data.md); auto is resident unless they take more than a quarter of the memory",
    )
    augment: Augment | None = Field(
        None, description="random changes of the training images in training by gradients, such as {rotation: 15}"
    )
    cache: PathText | None = Field(
        None,
        description="folder for decoded images; by default `.fcnet-cache` next to the image folder",
    )

    def parts(self) -> tuple[ImageSplit, ImageSplit | None]:
        """Return where the training and the test images are."""
        if self.source is None or self.root is None:
            assert self.train is not None  # validated: either it or `source`
            return self.train, self.test
        found = (os.path.join(self.root, name) for name in SOURCE_SPLITS)
        train, test = (located(f"{path}-images", f"{path}-labels.txt") for path in found)
        return train, test

    @field_validator("classes", "normal_classes", mode="before")
    @classmethod
    def _class_names(cls, value: Any) -> Any:
        """Convert ``classes: [0, 1]`` to the names "0" and "1", and accents to one encoding (NFC), as in all labels."""
        if not isinstance(value, list):
            return value
        names = [str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in value]
        return [unicodedata.normalize("NFC", name) if isinstance(name, str) else name for name in names]

    @field_validator("classes", "normal_classes")
    @classmethod
    def _distinct(cls, value: list[str] | None) -> list[str] | None:
        repeated = sorted({name for name in value or [] if (value or []).count(name) > 1})
        if repeated:
            raise ValueError(f"list each class once; repeated: {', '.join(repeated[:10])}")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.source is None) == (self.train is None):
            raise ValueError("give either `source` (with `root`) or `train: {images, labels}`")
        if self.source is not None and self.root is None:
            raise ValueError(f"`root` is missing: the folder for {self.source}; for example root: data/{self.source}")
        if self.source is None and self.root is not None:
            raise ValueError(f"`root` is only used with `source`; {self._moved()}")
        if self.source is not None and self.test is not None:
            raise ValueError(f"`test` is only used with `train`; source: {self.source} has its own test images")
        return self

    @model_validator(mode="after")
    def _augmented_in_memory(self) -> Self:
        if self.augment is not None and self.memory == "mapped":
            raise ValueError("`augment` needs the images in memory; set `memory: resident`, or remove one of the two")
        return self

    def _moved(self) -> str:
        """Return which keys to set if your own folders have moved."""
        splits = {"train": self.train, "test": self.test, "validation": self.validation}
        given = {name: split for name, split in splits.items() if isinstance(split, ImageSplit)}
        keys = [f"data.{name}.images" for name in given]
        keys += [f"data.{name}.labels" for name, split in given.items() if split.labels is not None]
        return f"if your own folders have moved, set {', '.join(keys)}"
