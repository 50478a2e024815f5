"""Image files named on the command line: distinguish them from runs, find, read and check them."""

import glob
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from fcnet.data import dataset
from fcnet.data.folder import class_folders, entries
from fcnet.data.images import decode, forms
from fcnet.data.images.decode import Picture
from fcnet.data.images.grey import FULL, Depth
from fcnet.data.looks import border, of_one_colour
from fcnet.errors import CheckpointError, ConfigError, DataError
from fcnet.rundir import directory, environment, find
from fcnet.system import files, paths
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few, listed, natural

# Suffixes that users take for images, including formats that fcnet does not read.
_PICTURES = (*decode.SUFFIXES, ".heic", ".svg", ".pdf")


def split(words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Return the run that the first word means (None if it means an image), and the words that mean images."""
    if not words or _means_images(words[0], alone=len(words) == 1):
        return None, list(words)
    return Path(words[0]), list(words[1:])


def split_runs(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Return the runs that the first words mean (none if the first means an image), and the words that mean images.

    Raises:
        ConfigError: a run comes after an image.
    """
    run, rest = split(words)
    runs = [] if run is None else [run]
    while runs and rest and _means_another_run(rest[0]):
        runs.append(Path(rest.pop(0)))
    late = next((word for word in rest if _means_another_run(word)), None)
    if late is not None:
        raise ConfigError(f"{late}: is a run, but {rest[0]} before it is taken for an image; name runs first")
    return runs, rest


def _means_another_run(word: str) -> bool:
    """Return whether a word that is not the first means a run: a pattern does so if all that it matches are runs."""
    if glob.has_magic(word) and files.look(Path(word)) is None:
        found = glob.glob(word, recursive=True)
        return bool(found) and all(_means_another_run(name) for name in found)
    return find.means_run(word) and not _means_images(word, alone=False)


def _means_images(word: str, alone: bool) -> bool:
    """Return whether a word means images rather than a run."""
    if word.lower().endswith(_PICTURES):
        return True
    if find.means_run(word) and not (files.is_folder(word) and entries.read(Path(word)).names):
        return False
    if not files.is_folder(word):
        return any(name.lower().endswith(_PICTURES) for name in glob.glob(word, recursive=True))
    return alone or bool(entries.read(Path(word)).names)


def find_images(wanted: Sequence[str], sinks: Sinks = SILENT) -> list[Path]:
    """Return the files that names, folders and patterns stand for. Raises DataError for words without any file."""
    named: list[Path] = []
    problems: list[str] = []
    for word in wanted:
        try:
            found = _files_of(word, sinks)
        except DataError as error:
            problems += error.problems
            continue
        named += sorted(found, key=lambda file: natural(str(file)))
    if problems:
        raise DataError(*listed(problems, "images not found"))
    return named


def _files_of(word: str, sinks: Sinks) -> list[Path]:
    """Return the file, the images in the folder, or the matches of the pattern. Raises DataError if there are none."""
    path = Path(word)
    found = files.look(path)
    if found is None:
        return _fitting(word)
    if stat.S_ISDIR(found.st_mode):
        return _images_in(path, sinks)
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{word}: is {files.kind(found)}, not a file; give image files")
    form = None if path.suffix.lower() in decode.SUFFIXES else forms.tell(path)
    if form is not None and not form.is_image:
        raise DataError(f"{word}: is {form.what}, not an image; {form.fix}")
    return [path]


def _images_in(folder: Path, sinks: Sinks) -> list[Path]:
    """Return the images in a folder, chosen as in training. Raises DataError if there are none."""
    found = entries.read(folder)
    entries.refuse_broken(found)
    if not found.names:
        raise DataError(class_folders.no_images(folder, found))
    if found.others:
        sinks.notice(f"{folder}: {entries.counted(found.others)} not read ({few(sorted(found.others), 3)})")
    return [folder / name for name in found.names]


def _fitting(word: str) -> list[Path]:
    """Return the files that match a pattern. Raises DataError if there are none, or if links are broken."""
    names = glob.glob(paths.pattern(word), recursive=True)
    broken = [
        problem for name in dict.fromkeys([word, *names]) if (problem := entries.dead_link(Path(name))) is not None
    ]
    if broken:
        raise DataError(*listed(broken, "broken links"))
    found = [Path(name) for name in names if os.path.isfile(name)]
    if not found:
        what = files.absent(word, "there is no such file, folder or pattern")
        _refuse_hidden(Path(word))
        raise DataError(f"{word}: {what} ({', '.join(decode.SUFFIXES)}); looked in {Path.cwd()}")
    return found


def _refuse_hidden(pattern: Path) -> None:
    """Raise PermissionError if the folder of a pattern may not be listed: glob would silently find nothing."""
    folder = next((path for path in pattern.parents if files.is_folder(path)), None)
    if folder is not None and glob.has_magic(str(pattern)):
        os.listdir(folder)


def read_images(files: Sequence[Path], size: dataset.Size, white: int | None, sinks: Sinks = SILENT) -> Tensor:
    """Read image files as pixels uint8 (N, H, W).

    Args:
        files: their names.
        size: height and width to resize them to.
        white: the value of white in 16-bit images; None to take it from the images themselves, with a warning.
        sinks: for warnings.

    Raises:
        DataError: naming those that cannot be read.
    """
    pixels, pictures = _read(files, size, FULL if white is None else white)
    deep = {file: picture.depth for file, picture in zip(files, pictures, strict=True) if picture.depth}
    if white is None and deep:
        held = _together(list(deep.values()))
        if held.coloured and held.white != FULL:
            raise DataError(
                f"{few(deep, 3)}: 16-bit images with values only up to {held.peak}, in colour, of which only the high"
                " bytes are read; save them with 8 bits"
            )
        if held.white != FULL:
            sinks.warn(
                f"{few(deep, 3)}: 16-bit images with values only up to {held.peak}; {held.white} is taken as white,"
                " because the model was not trained on 16-bit images, which would define it"
            )
            pixels, pictures = _read(files, size, held.white)
    warn_of_frames(files, pictures, sinks)
    warn_of_one_colour(files, pixels, sinks)
    return pixels


def _read(files: Sequence[Path], size: dataset.Size, white: int) -> tuple[Tensor, list[Picture]]:
    """Return pixels (N, H, W), and facts about each file. Raises DataError naming those that cannot be read."""
    pixels = torch.empty((len(files), *size), dtype=torch.uint8)
    pictures: list[Picture] = []
    problems: list[str] = []
    for i, file in enumerate(files):
        try:
            pictures.append(decode.read(file, size, white))
            pixels[i] = torch.from_numpy(pictures[-1].pixels.copy())
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*listed(problems, "images that cannot be read"))
    return pixels, pictures


def _together(depths: Sequence[Depth]) -> Depth:
    """Return the depth of several images together."""
    return Depth(max(depth.peak for depth in depths), sum(depth.coloured for depth in depths))


def warn_of_frames(files: Sequence[Path], pictures: Sequence[Picture], sinks: Sinks) -> None:
    """Warn of files with several frames."""
    several = [(str(file), one.frames) for file, one in zip(files, pictures, strict=True) if one.frames > 1]
    if several:
        sinks.warn(decode.of_frames(several))


def warn_of_one_colour(files: Sequence[Path], pixels: Tensor, sinks: Sinks) -> None:
    """Warn of images of one colour."""
    plain = [str(file) for file, one in zip(files, of_one_colour(pixels).tolist(), strict=True) if one]
    if plain:
        are = "1 image is" if len(plain) == 1 else f"{len(plain)} images are"
        sinks.warn(f"{few(plain, 10)}: {are} of one colour, and results for an empty image are meaningless")


def warn_of_light(
    files: Sequence[Path], pixels: Tensor, run: Path | None, sinks: Sinks, fix: str = "invert them"
) -> None:
    """Warn of images with a light background if the training images had a dark one, and say how to fix that."""
    if run is None:
        return
    try:
        trained_on = environment.read_json(run / directory.ENVIRONMENT)["data"]["train"]["border"]
    except (CheckpointError, KeyError, TypeError):
        sinks.warn(
            f"{run / directory.ENVIRONMENT}: does not record the background of the training images; it is not compared"
        )
        return
    if trained_on >= decode.LIGHT:
        return
    light = [str(file) for file, image in zip(files, pixels, strict=True) if border([image[None]]) > decode.LIGHT]
    if light:
        shown, have = few(light, 3), "has" if len(light) == 1 else "have"
        sinks.warn(
            f"{shown}: {len(light)} of {len(files)} images {have} a light background, but the training images had a"
            f" dark one; {fix}, or expect wrong results"
        )
